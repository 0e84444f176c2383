"""The checks of allocations: that they would notice an oracle which is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines.allocation.bandwidth import MinimumShares
from edge_llm_baselines.registry.registered import baselines_of
from edge_llm_env.dynamics.simulation import Simulation
from experiments.allocation import checks as allocation_checks
from experiments.allocation.checks import Claim, claim_of_minimum_shares, contest, replay, separation_of, states
from experiments.allocation.separation import separation
from experiments.allocation.tried_actions import (
    local_search,
    mechanism_of,
    nearby_actions,
    random_actions,
    served_by_actions,
)
from tests.support.allocation import banded, started
from tests.support.helpers import assert_same, small_scenario, workload_at

ENV = "EdgeLLM/Bandwidth-v0"
SCENARIO = small_scenario("embedding-uplink")


def claim_less(simulation: Simulation, row: int) -> Claim:
    """An oracle that says one less than it serves."""
    claim = claim_of_minimum_shares(simulation, row)
    return claim._replace(served=claim.served - 1, upper_bound=claim.upper_bound - 1)


def test_an_oracle_that_says_too_little_is_noticed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allocation_checks, "CLAIMS", {MinimumShares: claim_less})
    assert replay(ENV, SCENARIO, 20)["wrong"] == 20
    report = contest(ENV, SCENARIO, 5, actions=10, rounds=1)
    assert (report["above_bound"], report["above_served"]) == (5, 5)


def test_equal_seeds_equal_reports_and_other_seeds_other_states():
    one, other = (contest(ENV, SCENARIO, 6, actions=50, rounds=2, seed=1) for _ in range(2))
    assert one == other

    def slacks_s(seed: int) -> list[list[float]]:
        return [made.state.slot_slack_s[row].tolist() for made, row in states(ENV, SCENARIO, 40, seed)]

    assert slacks_s(1) == slacks_s(1) != slacks_s(2)


@pytest.mark.parametrize("form", ["values", "shares"])
def test_many_actions_of_a_row_are_those_of_the_environment_one_by_one_and_leave_it_as_it_is(form: str):
    requests = workload_at(np.linspace(0, 1, 6), prompt_tokens=[32, 64, 16, 16, 32, 64], output_tokens=32)
    env = started(ENV, banded(), requests, action=form)
    before = [array.copy() for array in env.simulation.state]
    actions = random_actions(np.random.default_rng(0), 40, env.action_space.shape[0])
    served = served_by_actions(mechanism_of(ENV, form), env.simulation, 0, actions)
    assert_same(list(env.simulation.state), before)
    assert len(set(served.tolist())) > 2
    for action, expected in zip(actions, served, strict=True):
        env.reset(options={"workload": requests})
        assert env.step(action)[-1]["served"] == expected


def test_tried_actions_are_valid():
    rng = np.random.default_rng(0)
    for actions in (random_actions(rng, 1000, 14), nearby_actions(rng, np.r_[-np.ones(7), np.ones(7)], 1000)):
        assert actions.shape == (1000, 14)
        assert actions.min() >= -1.0
        assert actions.max() <= 1.0


def test_a_local_search_finds_more_where_there_is_more():
    env = started(ENV, banded(), workload_at([0.0, 0.1, 0.2]), action="shares")
    start = np.full(12, -1.0)
    start[[0, 6]] = 0.0
    options = {"rounds": 60, "per_round": 64}
    found = local_search(mechanism_of(ENV, "shares"), env.simulation, 0, start, np.random.default_rng(0), **options)
    assert 1 < found <= 3


def test_differences_are_paired():
    """Differences 1, 2 and 3: mean 2, standard error 1/√3, t(0.975, 2) = 4.303: 2 ± 2.484."""
    report = separation({"oracle": np.array([10, 20, 30]), "other": np.array([11, 22, 33])}, "oracle")
    assert report["oracle"] == {"episodes": 3, "served": 20.0}
    assert report["other"]["difference"] == pytest.approx([2.0, -0.484, 4.484], abs=1e-3)


@pytest.mark.parametrize(
    ("env_id", "preset", "worse", "better"),
    [
        (ENV, "embedding-uplink", "equal-finishing-time", "equal-values"),  # whom shares serve, and whom values do
        ("EdgeLLM/Compute-v0", "accuracy-tiers", "random", "proportional"),
    ],
)
def test_rules_are_clearly_apart(env_id: str, preset: str, worse: str, better: str):
    """The intervals of the paired differences to the oracle do not overlap."""
    scenario = small_scenario(preset, epoch__episode_epochs=12, epoch__visible_slots=32)
    report = separation_of(env_id, scenario, 12)
    assert report.keys() == {
        "scenario",
        *(key for key, rule in baselines_of(env_id).rules.items() if rule.plays(scenario)),
    }
    _, lowest, worse_high = report[worse]["difference"]
    _, better_low, _ = report[better]["difference"]
    assert lowest < worse_high < better_low


def test_an_interval_needs_two_workloads():
    with pytest.raises(ValueError, match="episodes = 1: must be at least 2"):
        separation_of(ENV, SCENARIO, 1)
