"""What random legal scenarios never have, files and measurements, holds in every environment too."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from edge_llm_env import Scenario, ScenarioError, load_scenario
from edge_llm_env.registration import ENVIRONMENTS
from experiments.faults.case import FaultError
from experiments.faults.holding import check_scenario, environment_class
from tests.edge_llm_env.inference.hf_config.small import GPT
from tests.support.helpers import load_preset

STEPS = 4
SHORT = {"epoch.episode_epochs": 3}
ROOFLINE = SHORT | {"node.cost_model": "roofline", "node.precision": "w16a16"}


def traced(folder: Path) -> Scenario:
    return load_preset("azure-conversation", folder, **SHORT)


def traced_with_lengths(folder: Path) -> Scenario:
    lengths = {"workload.prompt_tokens": "trace", "workload.output_tokens": "trace"}
    return load_preset("azure-continuous", folder, **SHORT, **lengths)


def of_a_config(folder: Path) -> Scenario:
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2", **GPT}), encoding="utf-8")
    return load_scenario("carry-over", **ROOFLINE, **{"node.decoder": str(folder)})


def measured(folder: Path) -> Scenario:
    return load_scenario("carry-over", **ROOFLINE, **{"node.measured": ["decode 38 tokens/s at batch 1"]})


@pytest.mark.parametrize("make", [traced, traced_with_lengths, of_a_config, measured])
def test_what_every_environment_returns_is_finite_and_in_its_space(
    make: Callable[[Path], Scenario], tmp_path: Path
) -> None:
    scenario = make(tmp_path)
    environment_class(ENVIRONMENTS["EdgeLLM/BatchSelection-v0"])(scenario)  # it is not refused everywhere
    with suppress(ScenarioError):  # by environments of several nodes, or of other workloads
        check_scenario(scenario, np.random.default_rng(0), STEPS)


def test_what_is_not_finite_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = environment_class(ENVIRONMENTS["EdgeLLM/BatchSelection-v0"])
    step = made.step

    def spoilt(self: object, action: object) -> tuple[object, ...]:
        observation, _, *others = step(self, action)
        return observation, float("nan"), *others

    monkeypatch.setattr(made, "step", spoilt)
    with pytest.raises(FaultError, match="reward = nan"):
        check_scenario(traced(tmp_path), np.random.default_rng(0), STEPS)
