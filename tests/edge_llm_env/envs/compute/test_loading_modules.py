"""`EdgeLLM/Compute-v0`, step by step, beside the plain-Python reference for loading modules and classes of requests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_env import Scenario, draw_workload, load_scenario
from edge_llm_env.envs.observation.features import split_further
from tests.references.plain_modules import LoadingModules
from tests.support.allocation import logits, started, tiers
from tests.support.helpers import ALL_WEIGHTS, workload_at

ENV = "EdgeLLM/Compute-v0"
IN_ORDER = {"node__batch_selection": "first_come_first_served"}
DOTTED = {name.replace(".", "__"): value for name, value in ALL_WEIGHTS.items()}
SCARCE = {"workload__arrivals__rate_per_s": 1.4, "radio__uplink_bits_per_token": 8000.0}


def specialists(**overrides: Any) -> Scenario:
    """`specialists-compute` with few requests."""
    dotted = {
        name.replace("__", "."): value for name, value in ({"workload__arrivals__rate_per_s": 1.5} | overrides).items()
    }
    return load_scenario("specialists-compute", **({"epoch.visible_slots": 12, "epoch.episode_epochs": 12} | dotted))


SCENARIOS = {
    "loads within an epoch": lambda: tiers(**(IN_ORDER | SCARCE | DOTTED)),
    "loads over epochs": lambda: tiers(node__storage_bandwidth_bytes_per_s=0.9e9, **(IN_ORDER | SCARCE)),
    "loads during the uplink": lambda: tiers(node__storage_bandwidth_bytes_per_s=26e9, **(IN_ORDER | SCARCE)),
    "starts slowly": lambda: tiers(node__engine_start_s=7.0, **(IN_ORDER | SCARCE)),
    "classes": lambda: specialists(**(IN_ORDER | DOTTED)),
    "classes, loads within two epochs": lambda: specialists(node__engine_start_s=1.0, **IN_ORDER),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_episode_is_that_of_the_reference(name: str):
    scenario = SCENARIOS[name]()
    scenario = scenario.model_copy(update={"epoch": scenario.epoch.model_copy(update={"episode_epochs": 12})})
    variants, modules = len(scenario.variants), scenario.node.modules
    served, late, extent = 0, 0, None
    for seed in range(4):
        rng = np.random.default_rng(seed)
        requests = draw_workload(scenario, rng)
        env, reference = started(ENV, scenario, requests), LoadingModules(scenario, requests)
        extent = env.mechanism.extent(scenario)
        counts = rng.multinomial(modules, np.full(variants, 1 / variants))
        for _ in range(12):
            if rng.random() < 0.4:
                counts = rng.multinomial(modules, np.full(variants, 1 / variants))
            observation, reward, *_, info = env.step(logits(*counts))
            assert reward == pytest.approx(reference.step_modules(counts.tolist()), rel=1e-9, abs=1e-9)
            counters = reference.counters()
            assert {one: info[one] for one in counters} == counters
            assert info["utilisation"] == pytest.approx(reference.utilisation, rel=1e-9, abs=1e-12)
            whole = split_further(observation, extent)[1]
            of_variants, of_modules = reference.seen_of_variants(), reference.seen_of_modules()
            assert whole[: len(of_variants)] == pytest.approx(of_variants, abs=1e-6)
            shown = whole[len(of_variants) :][: 2 * modules].reshape(modules, 2)
            assert np.array(sorted(map(tuple, shown.tolist()))) == pytest.approx(np.array(of_modules), abs=1e-6)
            assert whole[len(of_variants) + 2 * modules :] == pytest.approx(reference.seen_of_classes(), abs=1e-6)
            late += sum(ready_s > 0.0 for _, _, ready_s in reference.groups())
        served += info["served"]
    assert served > 30
    assert (late > 0) == (name not in ("loads within an epoch", "loads during the uplink"))


def test_a_variant_serves_its_own_classes_only():
    """The first five variants are specialists, of whom three have a module; the generalist is the last and has none."""
    scenario = specialists()
    names = scenario.workload.class_names
    requests = workload_at(np.zeros(5), request_class=np.arange(5), prompt_tokens=1024, output_tokens=16)
    env = started(ENV, scenario, requests)
    env.step(np.zeros(6))
    hosted = [scenario.variants[variant].name for variant in env.simulation.state.module_variant[0]]
    served = [name for name, status in zip(names, env.simulation.state.status[0], strict=False) if status == 2]
    assert sorted(served) == sorted(hosted)
    assert len(served) == 3


def test_a_class_is_rejected_that_no_variant_serves_so_accurately():
    variants = [{"decoder": "bloom-3b", "precision": "w8a16", "accuracies": {"code": 0.7}}]
    classes = {"names": ["chat", "code"], "mixes": [[1, 1]], "mean_lengths_s": [60.0]}
    scenario = tiers(node__variants=variants, workload__classes=classes)
    requests = workload_at([0.0, 0.1, 0.2], request_class=[0, 1, 1], accuracy_requirement=[0.0, 0.7, 0.71])
    assert started(ENV, scenario, requests).simulation.counters(0)["rejected"] == 2


def test_a_workload_of_more_classes_than_the_scenario_has_is_an_error():
    for env_id in (ENV, "EdgeLLM/Batching-v0"):
        with pytest.raises(ValueError, match="request_class = 1: must be less than the scenario's 1 classes"):
            started(env_id, tiers(), workload_at([0.0], request_class=1))
