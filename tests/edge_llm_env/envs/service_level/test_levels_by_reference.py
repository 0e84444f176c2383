"""`EdgeLLM/ServiceLevel-v0`, step by step, beside the plain-Python reference."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import draw_workload, load_scenario
from tests.references.plain_levels import ServedAtLevels
from tests.support.allocation import started, tiers
from tests.support.helpers import ALL_WEIGHTS

ENV = "EdgeLLM/ServiceLevel-v0"
DOTTED = {name.replace(".", "__"): value for name, value in ALL_WEIGHTS.items()}
BUSY = {"workload__arrivals__rate_per_s": 1.4, "radio__uplink_bits_per_token": 8000.0}
LEVELS = [
    {"ratio": 2.0, "s_per_token": 5e-4, "retained": 0.95, "memory_bytes": 3e8},
    {"ratio": 3.0, "at": "user", "retained": 0.8},
]

SCENARIOS = {
    "whole prompts": lambda: tiers(**BUSY, **DOTTED),
    "compressed": lambda: tiers(node__compression_levels=LEVELS, **BUSY, **DOTTED),
    "accuracy, loads over epochs": lambda: tiers(
        node__compression_levels=LEVELS,
        node__storage_bandwidth_bytes_per_s=0.9e9,
        workload__value="accuracy",
        node__output_length="batch_max",
        **BUSY,
    ),
    "service-levels": lambda: load_scenario("service-levels", **{"epoch.visible_slots": 8}),
    "specialists": lambda: load_scenario("specialists", **{"epoch.visible_slots": 8, "node.engine_start_s": 1.0}),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_episode_is_that_of_the_reference(name: str):
    scenario = SCENARIOS[name]()
    scenario = scenario.model_copy(update={"epoch": scenario.epoch.model_copy(update={"episode_epochs": 10})})
    slots, modules, kinds = scenario.epoch.visible_slots, scenario.node.modules, len(scenario.node.compression_levels)
    served = refused = 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        workload = draw_workload(scenario, rng)
        env, reference = started(ENV, scenario, workload), ServedAtLevels(scenario, workload)
        for _ in range(10):
            levels, entries = [], []
            for _ in range(slots):
                level = (
                    int(rng.integers(len(scenario.variants))),
                    bool(rng.random() < 0.3),
                    int(rng.integers(1 + kinds)),
                )
                levels.append(level if rng.random() < 0.9 else None)
                named = 1 + (2 * level[0] + level[1]) * (1 + kinds) + level[2]
                entries.append(named if levels[-1] is not None else 0)
            targets = [
                int(rng.integers(len(scenario.variants))) if rng.random() < 0.2 else None for _ in range(modules)
            ]
            action = np.array([*entries, *(0 if target is None else 1 + target for target in targets)])
            _, reward, *_, info = env.step(action)
            assert reward == pytest.approx(reference.step_levels(levels, targets), rel=1e-9, abs=1e-9)
            counters = reference.counters()
            assert {one: info[one] for one in counters} == counters
            assert info["utilisation"] == pytest.approx(reference.utilisation, rel=1e-9, abs=1e-12)
            refused += info["not_admitted"]
        served += info["served"]
    assert served > 10
    assert refused > 10
