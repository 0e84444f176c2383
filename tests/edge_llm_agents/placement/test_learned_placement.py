"""Learned placement: what it is fitted to, what it foretells, and its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_llm_agents.placement.fitting import PlacementSettings, examples, fit_placement
from edge_llm_agents.placement.policy import AHEAD, LearnedPlacement
from edge_llm_agents.pretrained.saved_policies import Card, load_policy, save_policy
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import roll_out, vector_of
from edge_llm_env import Scenario, ScenarioError, draw_workloads, load_scenario
from edge_llm_env.envs.suite import MULTI_NODE

QUICK = PlacementSettings(episodes=2, steps=30, batch_size=32, width=16, tuning_episodes=1)


def placed(epochs: int = 24) -> Scenario:
    """The preset, shorter."""
    return load_scenario("placement", **{"epoch.episode_epochs": epochs})


@pytest.fixture(scope="module")
def learned() -> LearnedPlacement:
    return fit_placement(placed(), QUICK, seed=0)


def test_examples_are_what_observations_show_and_what_arrives_then():
    scenario = placed()
    workload = draw_workloads(scenario, 1)[0]
    seen, ahead = examples(scenario, [workload])
    size = 16 * 4 * 6
    env = vector_of(MULTI_NODE, scenario, [workload])
    shown = [step.observation[0, -size:].copy() for step in play(env, Still(env), workloads=[workload])]
    for moment in range(1, 24 - AHEAD):
        by_cell = shown[moment - 1].reshape(16, 4, 6).transpose(1, 0, 2)
        np.testing.assert_allclose(seen[moment - 1], by_cell.reshape(4, -1), atol=1e-6)
        began_s, ended_s = 4.0 * (moment - 1), 4.0 * moment
        for cell in range(4):
            here = (workload.cell == cell) & (workload.arrival_s >= began_s) & (workload.arrival_s < ended_s)
            counted = np.bincount(workload.request_class[here], minlength=6)
            assert (ahead[moment - 1][cell].reshape(AHEAD, 6)[0] == counted).all()
    assert ahead[:-1, :, 6:].shape == ahead[1:, :, :-6].shape
    assert (ahead[:-1, :, 6:12] == ahead[1:, :, :6]).all()
    env.close()


class Still:
    """Leaves everything as it is."""

    def __init__(self, env: object) -> None:
        self._shape = env.action_space.shape  # type: ignore[attr-defined]

    def predict(self, observation: np.ndarray, state: object = None, **_: object) -> tuple[np.ndarray, object]:
        return np.zeros(self._shape), state


def test_fits_follow_the_seed_and_foretell_what_goes_on():
    scenario = placed(60)
    settings = PlacementSettings(episodes=8, steps=150, batch_size=64, width=32, tuning_episodes=1)
    learned = fit_placement(scenario, settings, seed=1)
    again = fit_placement(scenario, settings, seed=1)
    assert all(
        (one == other).all() for one, other in zip(learned.arrays().values(), again.arrays().values(), strict=True)
    )
    arrivals = np.zeros((16, 4, 6), dtype=np.float32)
    arrivals[:3, 0, 2] = 0.5  # a phase that has just begun
    shares = learned.shares(arrivals)
    assert shares.shape == (4, AHEAD, 6)
    assert shares.sum(axis=2) == pytest.approx(1.0)
    assert (shares[0, :2].argmax(axis=1) == 2).all()


def test_it_acts_alike_alone_and_together_and_comes_back_from_its_files(learned: LearnedPlacement, tmp_path: Path):
    scenario = placed()
    workloads = draw_workloads(scenario, 2)
    together = roll_out(learned.acting, MULTI_NODE, scenario, workloads).served
    alone = [int(roll_out(learned.acting, MULTI_NODE, scenario, [one]).served[0]) for one in workloads]
    assert together.tolist() == alone
    card = Card("placement", {"epoch.episode_epochs": 24}, "supervised regression", {}, 0, 0, {}, {})
    save_policy(learned, card, tmp_path / "mine")
    back, _ = load_policy(tmp_path / "mine")
    assert isinstance(back, LearnedPlacement)
    assert back.description() == learned.description()
    assert roll_out(back.acting, MULTI_NODE, scenario, workloads).served.tolist() == alone
    assert (
        roll_out(back.for_scenario(placed(12)).acting, MULTI_NODE, placed(12), draw_workloads(placed(12), 1)).served > 0
    )


def test_what_does_not_fit_is_refused(learned: LearnedPlacement):
    scenario, arrays = placed(), learned.arrays()
    with pytest.raises(ValueError, match=r"horizon_epochs = 13: must be in 1\.\.12"):
        LearnedPlacement(arrays, 13, 1.0, scenario)
    with pytest.raises(ValueError, match="its weight0 is of shape"):
        LearnedPlacement(arrays | {"weight0": arrays["weight1"]}, 8, 1.0, scenario)
    with pytest.raises(ValueError, match="its arrays are"):
        LearnedPlacement({"weight0": arrays["weight0"]}, 8, 1.0, scenario)
    with pytest.raises(ScenarioError, match=r"network\.placement must be true"):
        fit_placement(load_scenario("two-cells"), QUICK)
    with pytest.raises(ValueError, match="width = 0: must be at least 1"):
        PlacementSettings(width=0)


def test_episodes_too_short_to_foretell_arrivals_in_are_refused_with_the_field() -> None:
    with pytest.raises(ScenarioError, match=rf"epoch\.episode_epochs = {AHEAD + 1}: must be at least {AHEAD + 2}"):
        fit_placement(placed(AHEAD + 1), QUICK, seed=0)
    shortest = placed(AHEAD + 2)
    assert len(examples(shortest, draw_workloads(shortest, 1))[0]) == 1
