"""The baselines of the suite's environments."""

from __future__ import annotations

from dataclasses import replace

from edge_llm_baselines.registry.bands import OF_BANDS
from edge_llm_baselines.registry.batches import OF_BATCHES
from edge_llm_baselines.registry.iterations import OF_ITERATIONS
from edge_llm_baselines.registry.levels import OF_LEVELS
from edge_llm_baselines.registry.modules import OF_EVERYTHING, OF_MODULES
from edge_llm_baselines.registry.networks import OF_NETWORKS
from edge_llm_baselines.registry.racks import OF_RACKS
from edge_llm_env.envs.suite import (
    BANDWIDTH,
    BATCH_SELECTION,
    BATCHING,
    COMPUTE,
    CONTINUOUS_BATCHING,
    JOINT,
    MULTI_NODE,
    SCALING,
    SERVICE_LEVEL,
)

SUITE = {
    BATCHING: replace(OF_BATCHES, solved_in=BATCH_SELECTION),
    BATCH_SELECTION: OF_BATCHES,
    BANDWIDTH: OF_BANDS,
    COMPUTE: OF_MODULES,
    JOINT: OF_EVERYTHING,
    CONTINUOUS_BATCHING: OF_ITERATIONS,
    MULTI_NODE: OF_NETWORKS,
    SCALING: OF_RACKS,
    SERVICE_LEVEL: OF_LEVELS,
}
"""By the id of the environment."""
