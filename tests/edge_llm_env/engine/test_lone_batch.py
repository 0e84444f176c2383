"""Iterations add up: a batch that has the engine to itself takes the time and energy of the epoch model."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env import load_scenario
from edge_llm_env.engine.actions import act
from edge_llm_env.engine.beginning import begin_episode
from edge_llm_env.engine.simulation import EngineSimulation
from edge_llm_env.inference.catalog import table
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.scenarios import Scenario, ScenarioError
from edge_llm_env.support.calling import direct
from tests.support.helpers import ROOFLINE, workload_at

DECODERS = {
    "paper": ("bloom-3b", "opt-13b"),
    "roofline": ("llama-3.1-8b", "mixtral-8x7b", "gemma-2-9b", "qwen3-30b-a3b"),
}


def test_every_cost_model_is_tested():
    assert DECODERS.keys() == COST_MODELS.keys()


def lone(model: str, decoder: str, **overrides: object) -> Scenario:
    """A node whose engine has room for eight of any decoder's sequences."""
    return load_scenario(
        "carry-over",
        **ROOFLINE
        | {
            "workload.prompt_tokens": [1, 700],
            "workload.output_tokens": [1, 300],
            "node.cost_model": model,
            "node.decoder": decoder,
            "node.precision": "w16a16",
            "epoch.visible_slots": 8,
            "iterations.running_slots": 8,
        }
        | overrides,
    )


@pytest.mark.parametrize("model", COST_MODELS)
def test_passes_of_every_decoder_of_the_catalogue_add_up(model: str):
    rng, added_up = np.random.default_rng(0), set()
    for decoder in table("perplexity_increases"):  # those that can be played
        try:
            scenario = lone(model, decoder, **{"node.memory_bytes_per_module": 1e13})
        except ScenarioError as error:
            if "node.cost_model = 'paper': counts plain multi-head attention" not in str(error):
                raise
            continue
        costs = scenario.iteration_costs
        prompts, outputs = rng.integers(1, 701, 8), rng.integers(1, 301, 8)
        for passes, batch in (
            (costs.compute_s, scenario.batch_cost.compute_s),
            (costs.energy_j, scenario.batch_cost.energy_j),
        ):
            total = passes.of_pass(chunks=[(int(prompt), 0, True) for prompt in prompts])
            for step in range(1, outputs.max()):
                total += passes.of_pass(contexts=(prompts + step)[outputs > step].tolist())
            of_each = sum(map(batch.marginal, prompts.astype(float), outputs.astype(float)))
            assert total == pytest.approx(batch.base(float(prompts.max()), float(outputs.max())) + of_each, rel=1e-11)
        added_up.add(decoder)
    assert added_up >= set(DECODERS[model])
    assert model == "paper" or added_up == table("perplexity_increases").keys()


@pytest.mark.parametrize("decoder", [name for names in DECODERS.values() for name in names])
def test_lone_batch_takes_the_time_of_the_epoch_model(decoder: str):
    model = next(name for name, names in DECODERS.items() if decoder in names)
    scenario = lone(
        model,
        decoder,
        **{
            "node.memory_bytes_per_module": 200e9,
            "epoch.episode_epochs": 1000,
            "iterations.prefill_budgets": [8 * 700],
        },
    )
    simulation = EngineSimulation(scenario, rows=1)
    params = simulation.params
    rng = np.random.default_rng(0)
    for _ in range(5):
        requests = int(rng.integers(1, 9))
        prompts, outputs = rng.integers(1, 701, requests), rng.integers(1, 301, requests)
        simulation.load(0, workload_at([0.0] * requests, prompt_tokens=prompts, output_tokens=outputs))
        state = simulation.state
        direct(begin_episode)(params, state, 0)
        wait, prefill = len(state.action_mask[0]) - 2, len(state.action_mask[0]) - 1
        while simulation.counters(0)["waiting"] < requests:
            direct(act)(params, state, 0, wait)
        began_s = float(state.now_s[0])
        for _ in range(requests):
            direct(act)(params, state, 0, 0)
        direct(act)(params, state, 0, prefill)
        while simulation.counters(0)["running"]:
            direct(act)(params, state, 0, wait)
        for found, cost in (
            (state.now_s[0] - began_s, scenario.batch_cost.compute_s),
            (state.energy_j[0], scenario.batch_cost.energy_j),
        ):
            longest = float(prompts.max()), float(outputs.max())
            expected = cost.base(*longest) + sum(map(cost.marginal, prompts.astype(float), outputs.astype(float)))
            assert found == pytest.approx(expected, rel=1e-11)
