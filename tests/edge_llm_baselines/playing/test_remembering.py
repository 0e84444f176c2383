"""What is tuned for a scenario, once in a process."""

from __future__ import annotations

from edge_llm_baselines.playing.remembering import KEPT, once_a_scenario
from edge_llm_env import Scenario, load_scenario


def test_a_scenario_of_the_same_content_is_not_tuned_anew():
    asked: list[tuple[str, float, int]] = []

    @once_a_scenario
    def tuned(scenario: Scenario, seed: int = 0) -> int:
        asked.append((scenario.name, scenario.workload.arrivals.rate_per_s, seed))
        return len(asked)

    first, other = (load_scenario("carry-over", **{"workload.arrivals.rate_per_s": rate}) for rate in (5.0, 6.0))
    again = load_scenario("carry-over", **{"workload.arrivals.rate_per_s": 5.0})
    assert [tuned(first), tuned(again), tuned(other), tuned(first, 1), tuned(again, 1)] == [1, 1, 2, 3, 3]
    assert tuned(first, seed=1) == 4  # told apart from the argument by position: tuned once more, and kept
    assert tuned(again, seed=1) == 4


def test_the_answers_asked_for_last_are_kept():
    asked: list[int] = []

    @once_a_scenario
    def tuned(scenario: Scenario, seed: int) -> int:
        asked.append(seed)
        return seed

    scenario = load_scenario("carry-over")
    for seed in range(KEPT + 1):
        tuned(scenario, seed)
        tuned(scenario, 0)  # asked for last, so it stays
    tuned(scenario, 1)
    assert asked == [*range(KEPT + 1), 1]
