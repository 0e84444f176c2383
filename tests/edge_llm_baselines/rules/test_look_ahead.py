"""`LookAhead`, and tuning its discount."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem
from edge_llm_baselines.playing.roll_out import served_by
from edge_llm_baselines.rules.look_ahead import LookAhead, on_grid
from edge_llm_baselines.rules.tuning import DISCOUNTS, served_with, tune_discount, tuned_look_ahead
from edge_llm_env import load_scenario
from tests.edge_llm_baselines.hindsight.schedules import MODES, scenario_of, workload_of

EPOCH_S = 2.0


def problem(compute_s: list[float], slack_s: list[float]) -> BatchProblem:
    free = np.zeros(len(slack_s))
    return BatchProblem.additive(compute_s, free, free, free, slack_s, window_s=1.5, memory_limit_bytes=1.0)


def test_the_chance_to_wait_grows_with_the_margin() -> None:
    # margins: 1 - 2 - 0.5 < 0, 2.5 - 2 - 0.5 = 0, 3.5 - 2 - 0.5 = 1 s = half an epoch, 4.5 - 2 - 0.5 = one, and two
    chances = LookAhead(0.5, EPOCH_S).chances_to_wait(problem([0.5] * 5, [1.0, 2.5, 3.5, 4.5, 6.5]))
    assert chances.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_it_serves_first_who_cannot_wait() -> None:
    # Either of them fills the window. The second takes less but could be served in the next epoch, and the one after.
    either = problem([1.5, 1.4], [1.5, 6.0])
    assert LookAhead(0.5, EPOCH_S).solve(either).selected.tolist() == [True, False]


def test_a_small_discount_settles_ties_only() -> None:
    # One that cannot wait, or two that can: the two while they are worth more, 2·(1 - δ) > 1.
    crowded = problem([1.5, 0.7, 0.7], [1.5, 6.0, 6.0])
    assert LookAhead(0.1, EPOCH_S).solve(crowded).selected.tolist() == [False, True, True]
    assert LookAhead(0.9, EPOCH_S).solve(crowded).selected.tolist() == [True, False, False]


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_values_of_any_size_are_discounted(scale: float) -> None:
    # Either fills the window; the second could wait, and is worth more only while δ < 1/3: 1·(1 - δ) > 2/3.
    either = replace(problem([1.5, 1.4], [1.5, 6.0]), values=scale * np.array([2 / 3, 1.0]))
    assert LookAhead(0.2, EPOCH_S).solve(either).selected.tolist() == [False, True]
    assert LookAhead(0.5, EPOCH_S).solve(either).selected.tolist() == [True, False]


def test_values_are_multiples_of_a_part_of_the_largest() -> None:
    assert on_grid(np.array([0.3, 1.0])).tolist() == [308 / 1024, 1.0]  # 0.3·1024 = 307.2
    assert on_grid(np.array([3e-7, 1e-6]), 1e-6) == pytest.approx([308 / 1024 * 1e-6, 1e-6], rel=1e-12)


def test_with_room_for_all_everybody_is_served_even_at_a_high_discount() -> None:
    solution = LookAhead(0.9, EPOCH_S).solve(problem([0.2, 0.2, 0.2], [1.5, 3.0, 9.0]))
    assert solution.selected.all()
    assert solution.optimal


def test_without_a_discount_it_serves_as_many_as_dftsp() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        size = int(rng.integers(0, 12))
        drawn = problem(rng.uniform(0.1, 0.8, size).tolist(), rng.uniform(0.1, 5.0, size).tolist())
        assert LookAhead(0.0, EPOCH_S).solve(drawn).value == DFTSP().solve(drawn).value


@pytest.mark.parametrize("mode", MODES)
def test_every_batch_is_feasible(mode: str) -> None:
    scenario = scenario_of(mode, epochs=6)
    workloads = [workload_of(scenario, seed) for seed in range(3)]
    checked = Checked(LookAhead(0.7, scenario.epoch.epoch_s))
    served = served_by(checked, scenario, workloads)
    # What it selects is what the environment serves.
    assert served.sum() == checked.selected > 0


class Checked:
    """A solver whose batches are checked and counted."""

    def __init__(self, solver: LookAhead) -> None:
        self.solver, self.selected = solver, 0

    def solve(self, epoch: BatchProblem):
        solution = self.solver.solve(epoch)
        assert epoch.is_feasible(solution.selected)
        self.selected += int(solution.selected.sum())
        return solution


def test_it_beats_dftsp_where_requests_can_wait() -> None:
    scenario = load_scenario("carry-over")
    rule = tuned_look_ahead(scenario, episodes=4)
    workloads = [workload_of(scenario, 100 + seed) for seed in range(8)]
    assert served_by(rule, scenario, workloads).sum() > 1.02 * served_by(DFTSP(), scenario, workloads).sum()


def test_tuning_is_a_matter_of_the_seed() -> None:
    scenario = scenario_of("carry-over", epochs=10)
    assert tune_discount(scenario, seed=1, episodes=3) == tune_discount(scenario, seed=1, episodes=3)
    assert tuned_look_ahead(scenario, seed=1, episodes=3).discount == tune_discount(scenario, seed=1, episodes=3)


@pytest.mark.parametrize("preset", ["carry-over", "embedding-uplink", "paper-bloom-3b"])
def test_all_rows_at_once_serve_what_the_rule_serves(preset: str) -> None:
    scenario = load_scenario(preset, **{"epoch.episode_epochs": 8})
    workloads = [workload_of(scenario, seed) for seed in range(4)]
    for discount in (0.0, 0.3, 0.95):
        served = served_by(LookAhead(discount, scenario.epoch.epoch_s), scenario, workloads)
        np.testing.assert_array_equal(served_with(discount, scenario, workloads), served)


def test_where_nothing_is_scarce_the_smallest_discount_is_chosen() -> None:
    assert tune_discount(scenario_of("carry-over", epochs=3, rate_per_s=0.2), episodes=2) == DISCOUNTS[0]


def test_errors() -> None:
    for discount in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match=f"discount = {discount}: must be at least 0 and less than 1"):
            LookAhead(discount, EPOCH_S)
    for epoch_s in (0.0, float("inf"), float("nan")):
        with pytest.raises(ValueError, match=f"epoch_s = {epoch_s}: must be greater than 0"):
            LookAhead(0.5, epoch_s)
    with pytest.raises(ValueError, match="episodes = 0: must be at least 1"):
        tune_discount(scenario_of("carry-over", epochs=2), episodes=0)
    with pytest.raises(ValueError, match="workloads: must have at least one workload"):
        served_by(DFTSP(), scenario_of("carry-over", epochs=2), [])
