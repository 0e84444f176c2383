"""What a policy of several nodes did on a workload: whom its servers served, and what they held."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.episode import NEVER
from edge_llm_baselines.playing.play import MakePolicy, play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_env.envs.suite import MULTI_NODE
from edge_llm_env.nodes.decoding import NOBODY
from edge_llm_env.nodes.simulation import NetworkSimulation
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


class Replayed(NamedTuple):
    """An episode as it was played."""

    schedule: NDArray[np.int64]
    """(requests,) the batch of `NetworkBatches` that serves each request, or NEVER."""
    held: NDArray[np.int64]
    """(epochs, S, M) the variant that each module of each server held or loaded; M = 0 where nothing is placed."""
    ready_s: NDArray[np.float64]
    """(epochs, S, M) how long after the start of the epoch it had loaded it (s), 0 if it had before."""

    @property
    def served(self) -> int:
        """Requests that the schedule serves."""
        return int((self.schedule != NEVER).sum())


def replayed(make: MakePolicy, scenario: Scenario, workload: Workload) -> Replayed:
    """The episode that a policy plays."""
    env = vector_of(MULTI_NODE, scenario, [workload])
    schedule = np.full(workload.requests, NEVER, dtype=np.int64)
    held, ready_s = [], []
    try:
        simulation: NetworkSimulation = env.unwrapped.simulation
        policy = make(env)
        states: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
        playing = play(env, policy, workloads=[workload], begun=lambda: states.append(_modules(simulation)))
        for epoch, _ in enumerate(playing):
            served_by = simulation.state.served_by[0, : workload.requests].astype(np.int64)
            new = (served_by != NOBODY) & (schedule == NEVER)
            schedule[new] = epoch * simulation.servers + served_by[new]
            states.append(_modules(simulation))
            held.append(states[-1][0])
            ready_s.append(_ready_s(simulation, held[-1], *states[-2]))
        return Replayed(schedule, np.array(held), np.array(ready_s))
    finally:
        env.close()


def _ready_s(
    simulation: NetworkSimulation, now: NDArray[np.int64], before: NDArray[np.int64], left_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How long modules loaded in an epoch, of what they held in the one before and how long that was still to load."""
    loads_s = np.array([simulation.node_params(at).variant_load_s for at in range(simulation.servers)])
    return np.where(now == before, left_s, np.take_along_axis(loads_s, now, axis=1)) if now.size else left_s


def _modules(simulation: NetworkSimulation) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """What the modules of each server hold or load now, and how long they still load (s), both (S, M)."""
    nodes, servers = simulation.state.nodes, simulation.servers
    return nodes.module_variant.reshape(servers, -1).copy(), nodes.module_ready_s.reshape(servers, -1).copy()
