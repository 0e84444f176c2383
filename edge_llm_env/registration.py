"""The registry: one row per environment, from which Gymnasium's ids, tests and documentation are made."""

from __future__ import annotations

from typing import NamedTuple

import gymnasium as gym


class Registered(NamedTuple):
    """One environment of the suite."""

    id: str
    entry_point: str
    vector_entry_point: str
    summary: str


ENVIRONMENTS = (
    Registered(
        "EdgeLLM/Batching-v0",
        "edge_llm_env.envs.batching.environment:BatchingEnv",
        "edge_llm_env.envs.batching.environment:BatchingVectorEnv",
        "admit one request, or dispatch the epoch; Discrete(Q+1), masked",
    ),
    Registered(
        "EdgeLLM/BatchSelection-v0",
        "edge_llm_env.envs.batch_selection.environment:BatchSelectionEnv",
        "edge_llm_env.envs.batch_selection.environment:BatchSelectionVectorEnv",
        "name the epoch's whole batch; MultiBinary(Q)",
    ),
    Registered(
        "EdgeLLM/Bandwidth-v0",
        "edge_llm_env.envs.bandwidth.environment:BandwidthEnv",
        "edge_llm_env.envs.bandwidth.environment:BandwidthVectorEnv",
        "divide the bands among requests and the epoch into its parts; Box(2Q) or Box(2Q+2)",
    ),
    Registered(
        "EdgeLLM/Compute-v0",
        "edge_llm_env.envs.compute.environment:ComputeEnv",
        "edge_llm_env.envs.compute.environment:ComputeVectorEnv",
        "divide the node's modules among G model and precision variants; Box(G)",
    ),
    Registered(
        "EdgeLLM/Joint-v0",
        "edge_llm_env.envs.joint.environment:JointEnv",
        "edge_llm_env.envs.joint.environment:JointVectorEnv",
        "values, bands, split and modules at once; Box(3Q+G) or Box(3Q+2+G)",
    ),
)


def register_environments() -> None:
    """Make the environments known to `gymnasium.make` and `gymnasium.make_vec`; a second call changes nothing."""
    for environment in ENVIRONMENTS:
        if environment.id not in gym.registry:
            gym.register(
                environment.id,
                entry_point=environment.entry_point,
                vector_entry_point=environment.vector_entry_point,
            )
