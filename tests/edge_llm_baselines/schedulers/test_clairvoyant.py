"""No schedule that was found serves more than the bound, and none less than the rule that it starts from."""

from __future__ import annotations

import pytest

from edge_llm_baselines.schedulers.clairvoyant.bound import upper_bound
from edge_llm_baselines.schedulers.clairvoyant.search import schedule_in_hindsight
from edge_llm_env import draw_workloads, load_scenario
from tests.support.helpers import workload_at

NUMBERS = (4.0, 0.5, 3.0)


@pytest.mark.parametrize("rate_per_s", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("name", ["chat-4090", "chat-orin", "long-context"])
def test_the_rule_the_schedule_and_the_bound_stand_in_order(name: str, rate_per_s: float) -> None:
    scenario = load_scenario(name, **{"epoch.episode_epochs": 2, "workload.arrivals.rate_per_s": rate_per_s})
    for workload in draw_workloads(scenario, 3):
        if workload.requests:
            rule = schedule_in_hindsight(scenario, workload, NUMBERS, moves=0)
            found = schedule_in_hindsight(scenario, workload, NUMBERS, moves=40)
            assert rule <= found <= upper_bound(scenario, workload) <= workload.requests
            assert schedule_in_hindsight(scenario, workload, NUMBERS, moves=40) == found


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ({"prompt_tokens": 64, "output_tokens": 16}, 3),
        ({"prompt_tokens": 64, "output_tokens": 16, "uplink_gain": [0.0, 1e-9, 1e-9]}, 2),  # never uploaded
        ({"prompt_tokens": 32768, "output_tokens": 16, "latency_requirement_s": 10.0}, 0),  # no prompt comes in time
        # Each takes 0.23 s for its tokens and 0.07 s for their pairs, all due within the same half second: one fits.
        ({"prompt_tokens": 2500, "output_tokens": 1, "latency_requirement_s": 10.0}, 1),
    ],
)
def test_the_bound_of_a_few_requests(asked: dict[str, object], most: int) -> None:
    scenario = load_scenario("chat-4090", **{"epoch.episode_epochs": 2})
    requests = 7 if asked["prompt_tokens"] == 2500 else 3
    assert upper_bound(scenario, workload_at([1.0] * requests, **asked)) == most  # type: ignore[arg-type]
