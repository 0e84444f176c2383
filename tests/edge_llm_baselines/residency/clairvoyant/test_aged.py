"""States with ages against the modules of the environment."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.partitions import logits_of, partitions
from edge_llm_baselines.residency.clairvoyant.aged import Aged
from edge_llm_env import draw_workloads
from edge_llm_env.dynamics.modules import groups_after_moving
from tests.support.allocation import started, tiers


@pytest.mark.parametrize("ages", [(1, 1, 1), (3, 1, 2)])
@pytest.mark.parametrize("bandwidth", [3e9, 0.9e9, 0.4e9])
def test_crews_are_those_of_the_environment(ages: tuple[int, ...], bandwidth: float):
    scenario = tiers(node__modules=3, node__storage_bandwidth_bytes_per_s=bandwidth, epoch__episode_epochs=40)
    (workload,) = draw_workloads(scenario, 1, 0)
    env = started("EdgeLLM/Compute-v0", scenario, workload)
    params, state = env.simulation.params, env.simulation.state
    ways = Aged.of(params, state.module_variant[0], np.array(ages))
    choices, rng, now = partitions(3, 3), np.random.default_rng(0), ways.begins
    for _ in range(40):
        held = [int((state.module_variant[0] == variant).sum()) for variant in range(3)]
        stays = choices.tolist().index(held)
        choice = int(rng.integers(len(choices))) if rng.random() < 0.5 else stays
        sizes, ready_s = np.zeros(6, dtype=np.int64), np.zeros(6)
        groups_after_moving(params, state, 0, choices[choice], sizes, ready_s)
        groups = ways.groups[ways.crews[ways.crew[now, choice]]]
        assert groups[:, 1:].sum(axis=1).tolist() == sizes[::2].tolist()
        assert groups[:, 0].tolist() == sizes[1::2].tolist()
        oldest = [max((age for age in range(groups.shape[1] - 1) if one[1 + age]), default=-1) for one in groups]
        assert (np.array(oldest) < np.array(ages)).all()
        now = ways.later[now, choice]
        env.step(logits_of(choices[choice]))
