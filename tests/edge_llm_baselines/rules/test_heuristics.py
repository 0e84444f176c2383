"""The heuristics on problems small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_baselines import DFTSP, BatchProblem
from edge_llm_baselines.rules.heuristics import (
    EarliestDeadlineFirst,
    FirstComeFirstServed,
    NoBatching,
    RandomOrder,
    ShortestJobFirst,
    StaticBatching,
)
from edge_llm_env import load_scenario
from tests.edge_llm_baselines.solvers.instances import FAMILIES, problems, scenario_rule
from tests.references import plain_rule

HEURISTICS = {
    "fcfs": FirstComeFirstServed,
    "edf": EarliestDeadlineFirst,
    "sjf": ShortestJobFirst,
    "nob": NoBatching,
    "stb": lambda: StaticBatching(3),
    "random": RandomOrder,
}


def batch(heuristic, problem: BatchProblem) -> list[int]:
    return np.flatnonzero(heuristic.solve(problem).selected).tolist()


def problem_of(compute_s, slack_s, uplink_share=None, window_s=4.0) -> BatchProblem:
    """Requests with these compute times, and plenty of memory and downlink."""
    nothing = np.zeros(len(compute_s))
    uplink_share = nothing if uplink_share is None else uplink_share
    return BatchProblem.additive(
        compute_s, uplink_share, nothing, nothing, slack_s, window_s=window_s, memory_limit_bytes=1.0
    )


def test_fcfs_serves_in_order_of_arrival_and_passes_over_what_does_not_fit():
    """2 + 1 s leave 1 s of the window for no request of 3 s, but for the last of 1 s."""
    problem = problem_of(compute_s=[2.0, 1.0, 3.0, 1.0, 0.5], slack_s=[9.0] * 5)
    assert batch(FirstComeFirstServed(), problem) == [0, 1, 3]


def test_fcfs_passes_over_a_request_that_the_batch_would_make_late():
    """The second has 2.5 s, and with the first the batch takes 3; the third waits long enough for 2 + 2 s."""
    problem = problem_of(compute_s=[2.0, 1.0, 2.0], slack_s=[9.0, 2.5, 4.0])
    assert batch(FirstComeFirstServed(), problem) == [0, 2]


def test_fcfs_passes_over_a_request_that_would_make_the_batch_late():
    """The first needs 2 s of its own 2.5 s, so nobody can join it."""
    problem = problem_of(compute_s=[2.0, 1.0, 1.0], slack_s=[2.5, 9.0, 9.0])
    assert batch(FirstComeFirstServed(), problem) == [0]


def test_fcfs_fills_the_uplink():
    problem = problem_of([0.1] * 4, [9.0] * 4, uplink_share=[0.5, 0.6, 0.4, 0.1])
    assert batch(FirstComeFirstServed(), problem) == [0, 2, 3]


def test_edf_serves_the_least_slack_first():
    """By slack 2, 0, 3, 1: the first two fill the 2 s of request 2, so that nobody can join them."""
    problem = problem_of(compute_s=[1.0, 1.0, 1.0, 2.0], slack_s=[2.5, 9.0, 2.0, 3.0])
    assert batch(EarliestDeadlineFirst(), problem) == [0, 2]


def test_edf_can_do_worse_than_fcfs():
    """The urgent request allows no other in its batch."""
    problem = problem_of(compute_s=[1.0, 1.0, 1.0], slack_s=[9.0, 9.0, 1.5])
    assert batch(EarliestDeadlineFirst(), problem) == [2]
    assert batch(FirstComeFirstServed(), problem) == [0, 1]


def test_edf_serves_equal_slacks_in_order_of_arrival():
    problem = problem_of(compute_s=[1.0, 2.0, 2.0, 2.0], slack_s=[9.0, 5.0, 5.0, 5.0])
    assert batch(EarliestDeadlineFirst(), problem) == [1, 2]


def test_sjf_serves_the_least_compute_time_first():
    """In order of compute time 3, 1, 4: 0.5 + 1 + 1.5 s; the next of 2 s is beyond the window of 4 s."""
    problem = problem_of(compute_s=[3.0, 1.0, 2.0, 0.5, 1.5], slack_s=[9.0] * 5)
    assert batch(ShortestJobFirst(), problem) == [1, 3, 4]


def test_sjf_serves_equal_compute_times_in_order_of_arrival():
    assert batch(ShortestJobFirst(), problem_of([2.0, 2.0, 2.0], [9.0] * 3)) == [0, 1]


def test_sjf_counts_what_the_rule_makes_of_the_lengths():
    """Prefill lets every pair of prompt tokens attend: 512 + 128 tokens are a longer job than 128 + 512."""
    shortest_first = [1, 2, 0]
    lengths = np.array([[512.0, 128.0], [128.0, 128.0], [128.0, 512.0]])
    nothing = np.zeros(3)
    candidates = problem_of(nothing, np.full(3, 9.0)).candidates._replace(
        prompt_tokens=lengths[:, 0].copy(), output_tokens=lengths[:, 1].copy()
    )
    problem = BatchProblem(scenario_rule("none", "per_request"), candidates, np.ones(3))
    alone_s = [plain_rule.compute_s(problem, [i]) for i in range(3)]
    assert np.argsort(alone_s).tolist() == shortest_first
    assert ShortestJobFirst().order(problem).tolist() == shortest_first


def test_nob_serves_the_first_that_can_be_served_and_no_other():
    problem = problem_of(compute_s=[5.0, 1.0, 1.0], slack_s=[9.0] * 3)
    assert batch(NoBatching(), problem) == [1]


def test_stb_serves_at_most_its_batch_size_first_come_first_served():
    problem = problem_of(compute_s=[5.0, 1.0, 1.0, 0.5, 0.5], slack_s=[9.0] * 5)
    assert batch(StaticBatching(3), problem) == [1, 2, 3]
    assert batch(StaticBatching(9), problem) == [1, 2, 3, 4]


@pytest.mark.parametrize("batch_size", [0, -1])
def test_stb_refuses_a_batch_size_below_one(batch_size):
    with pytest.raises(ValueError, match=f"^batch_size = {batch_size}: must be at least 1"):
        StaticBatching(batch_size)


def test_stb_takes_as_many_of_the_longest_requests_as_the_window_holds():
    """BLOOM-3B, L = 30, d = 2560, f = 4d, at s = n = 512, on 20 modules of 1.33 TFLOP/s, β = 1:

    a token costs 30·(8·2560² + 4·2560·10240) = 4,718,592,000 FLOPs without attention;
    prefill 512 · 4,718,592,000 + 30·4·512²·2560 = 2,496,449,740,800;
    decode 511 · (4,718,592,000 + 30·4·(512 + 256)·2560) = 2,531,760,537,600;
    together 5.02821e12 / 26.6e12 = 0.18903 s, of which 7 fit into 1.5 s: 7 take 1.3232 s, 8 take 1.5122 s.
    """
    assert StaticBatching.for_scenario(load_scenario("carry-over")).most_requests == 7


def test_stb_takes_as_many_of_the_longest_requests_as_the_memory_holds():
    """Weights 2·30·(4·2560² + 2·2560·10240) = 4,718,592,000 bytes, and per request 4·30·2560·1024 = 314,572,800.

    20 modules of 283.2e6 bytes are 5.664e9: 945,408,000 beside the weights, for 3 requests (943,718,400).
    """
    scenario = load_scenario("carry-over", **{"node.memory_bytes_per_module": 283.2e6})
    assert StaticBatching.for_scenario(scenario).most_requests == 3


def test_stb_assumes_prompts_of_the_fixed_length():
    """At 2048 + 512 tokens a request takes 0.51598 s, of which 2 fit into 1.5 s:

    prefill 2048 · 4,718,592,000 + 30·4·2048²·2560 = 10,952,166,604,800 FLOPs,
    decode 511 · (4,718,592,000 + 30·4·(2048 + 256)·2560) = 2,772,880,588,800.
    """
    scenario = load_scenario("carry-over", **{"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": 2048})
    assert StaticBatching.for_scenario(scenario).most_requests == 2


def test_stb_serves_one_at_a_time_where_not_even_one_longest_request_fits():
    """On one module the longest request takes 20 · 0.18903 = 3.78 s of 1.5 s."""
    scenario = load_scenario("carry-over", **{"node.modules": 1})
    assert StaticBatching.for_scenario(scenario).most_requests == 1


def test_random_serves_as_many_of_equal_requests_as_fit():
    problem = problem_of([1.0] * 8, [9.0] * 8)
    assert len(batch(RandomOrder(0), problem)) == 4


def test_random_decides_alike_with_the_same_seed_only():
    problem = problem_of([1.0] * 8, [9.0] * 8)

    def decisions(seed):
        heuristic = RandomOrder(seed)
        return [batch(heuristic, problem) for _ in range(5)]

    assert decisions(3) == decisions(3)
    assert decisions(3) != decisions(4)


def test_random_draws_anew_at_every_decision():
    problem, heuristic = problem_of([1.0] * 8, [9.0] * 8), RandomOrder(0)
    assert len({tuple(batch(heuristic, problem)) for _ in range(10)}) > 5


def test_random_serves_every_request_at_times():
    problem, heuristic = problem_of([1.0] * 8, [9.0] * 8), RandomOrder(0)
    served = np.mean([heuristic.solve(problem).selected for _ in range(400)], axis=0)
    assert (abs(served - 0.5) < 0.125).all()  # five standard deviations of 400 fair draws


@pytest.mark.parametrize("name", HEURISTICS)
def test_no_request_makes_an_empty_batch(name):
    solution = HEURISTICS[name]().solve(problem_of([], []))
    assert solution.selected.shape == (0,)
    assert solution.value == 0.0


@pytest.mark.parametrize("name", HEURISTICS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_heuristic_s_batch_is_feasible_and_no_larger_than_dftsp_s(family, name):
    heuristic = HEURISTICS[name]()
    for problem in problems(family, count=40, sizes=(1, 14)):
        solution = heuristic.solve(problem)
        assert plain_rule.is_feasible(problem, solution.selected), problem
        assert solution.value == solution.selected.sum() <= DFTSP().solve(problem).value, problem


@pytest.mark.parametrize("name", ["fcfs", "edf", "sjf", "random"])
def test_a_heuristic_without_a_size_limit_leaves_out_nobody_who_would_fit(name):
    heuristic = HEURISTICS[name]()
    for problem in problems("all_bound", count=60, sizes=(4, 10)):
        selected = heuristic.solve(problem).selected
        for left_out in np.flatnonzero(~selected):
            grown = selected.copy()
            grown[left_out] = True
            assert not plain_rule.is_feasible(problem, grown), problem


@pytest.mark.parametrize(("window_s", "everyone_fits"), [(4.0, True), (3.9, False)])
def test_a_heuristic_claims_the_optimum_only_when_it_serves_everyone(window_s, everyone_fits):
    solution = FirstComeFirstServed().solve(problem_of([2.0, 2.0], [9.0, 9.0], window_s=window_s))
    assert solution.optimal is everyone_fits
    assert solution.value == 1.0 + everyone_fits
    assert solution.upper_bound == 2.0
