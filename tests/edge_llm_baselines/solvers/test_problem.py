"""`BatchProblem`: what it accepts, and that its compiled rule is that of `docs/model.md`."""

from __future__ import annotations

from math import log2

import gymnasium as gym
import numpy as np
import pytest

from edge_llm_baselines import BatchProblem, BranchAndBound, BruteForce
from edge_llm_env import draw_workload, load_scenario
from edge_llm_env.feasibility.rule import compute_time_s, memory_bytes
from edge_llm_env.inference.batch_cost import Polynomial
from edge_llm_env.solver.candidates import Candidates, batch_of
from tests.edge_llm_baselines.solvers.instances import (
    FAMILIES,
    FIXED_PROMPT,
    LENGTHS,
    PADDINGS,
    padded_scenario,
    problems,
    scenario_rule,
)
from tests.references import plain_rule

COSTS = ("compute_s", "uplink_share", "downlink_share", "memory_bytes", "slack_s")


def additive(**changes):
    """Two requests of which both fit."""
    arguments = {name: [0.5, 0.5] for name in COSTS} | {"slack_s": [1.0, 1.0]}
    return BatchProblem.additive(**(arguments | {"window_s": 1.0, "memory_limit_bytes": 1.0} | changes))


def test_a_batch_that_fills_every_capacity_is_feasible():
    assert additive().is_feasible(np.array([True, True]))


@pytest.mark.parametrize(
    "change",
    [
        {"compute_s": [0.5, 0.51]},
        {"uplink_share": [0.5, 0.51]},
        {"downlink_share": [0.5, 0.51]},
        {"memory_bytes": [0.5, 0.51]},
        {"slack_s": [1.0, 0.99]},
        {"window_s": 0.99},
        {"memory_limit_bytes": 0.99},
        {"uplink_share": [0.5, np.inf]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_batch_beyond_one_capacity_is_infeasible(change):
    assert not additive(**change).is_feasible(np.array([True, True]))


def test_serving_nobody_is_feasible_and_worth_nothing():
    problem = additive(slack_s=[-1.0, -1.0])
    assert problem.is_feasible(np.zeros(2, dtype=bool))
    assert problem.value(np.zeros(2, dtype=bool)) == 0.0


@pytest.mark.parametrize("own_share", [0.1, 0.125, 0.2, 0.25])
def test_equal_shares_that_sum_to_the_band_fit_and_one_more_does_not(own_share):
    size = round(1 / own_share) + 1
    everyone = np.ones(size, dtype=bool)
    problem = BatchProblem.additive(
        *np.zeros((1, size)), np.full(size, own_share), *np.zeros((2, size)), np.ones(size),
        window_s=1.0, memory_limit_bytes=1.0,
    )  # fmt: skip
    all_but_one = np.arange(size) > 0
    assert problem.is_feasible(all_but_one)
    assert not problem.is_feasible(everyone)


def test_value_sums_the_values_of_the_batch():
    problem = additive(values=[2.0, 3.5])
    assert problem.value(np.array([True, True])) == 5.5
    assert problem.value(np.array([False, True])) == 3.5


def test_every_request_is_worth_one_unless_told():
    assert additive().values.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(("values", "counts"), [([2.0, 2.0], True), ([0.0, 0.0], True), ([1.0, 2.0], False)])
def test_counts_requests_when_all_values_are_equal(values, counts):
    assert additive(values=values).counts_requests is counts


@pytest.mark.parametrize("name", [*COSTS, "values"])
@pytest.mark.parametrize("wrong", [[np.nan, 0.5], [0.5, -np.inf]], ids=["nan", "minus infinity"])
def test_a_value_that_is_no_finite_number_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=f"^{name}: every entry must be"):
        additive(**{name: wrong})


@pytest.mark.parametrize("name", ["window_s", "memory_limit_bytes"])
@pytest.mark.parametrize("limit", [10**400, -(10**400), np.inf, np.nan, -1.0])
def test_a_limit_that_is_no_finite_capacity_is_refused_by_name(name, limit):
    with pytest.raises(ValueError, match=f"^{name} = .*: must be finite and at least 0$"):
        additive(**{name: limit})


@pytest.mark.parametrize("name", ["compute_s", "memory_bytes", "slack_s", "values"])
def test_infinity_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name}: every entry must be finite"):
        additive(**{name: [0.5, np.inf]})


@pytest.mark.parametrize("name", ["compute_s", "uplink_share", "downlink_share", "memory_bytes", "values"])
def test_a_negative_value_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"^{name}: every entry must be at least 0, the least is -0.25"):
        additive(**{name: [-0.25, 0.5]})


def test_a_negative_slack_is_accepted():
    assert not additive(slack_s=[-0.25, 1.0]).is_feasible(np.array([True, False]))


@pytest.mark.parametrize("name", ["compute_s", "uplink_share", "downlink_share", "memory_bytes", "values"])
@pytest.mark.parametrize("wrong", [[0.5], [0.5, 0.5, 0.5], [[0.5, 0.5]]], ids=["short", "long", "nested"])
def test_an_array_of_another_length_than_the_slacks_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} has shape .*: must be \(2,\)"):
        additive(**{name: wrong})


@pytest.mark.parametrize("name", ["window_s", "memory_limit_bytes"])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_a_limit_that_is_no_finite_number_from_zero_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=f"^{name} = "):
        additive(**{name: wrong})


@pytest.mark.parametrize("name", ["prompt_tokens", "output_tokens"])
def test_lengths_are_checked_when_candidates_are_given(name):
    one = np.ones(2)
    candidates = Candidates(one, one, one, one, one, one, one)._replace(**{name: np.array([1.0, np.inf])})
    with pytest.raises(ValueError, match=f"^{name}: every entry must be finite"):
        BatchProblem(scenario_rule("none", "per_request"), candidates, one)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_plain_rule_and_the_compiled_rule_agree_on_random_batches(family):
    rng = np.random.default_rng(0)
    for problem in problems(family, count=60, sizes=(1, 10)):
        for share_of_all in (0.2, 0.4, 0.6):
            selected = rng.random(len(problem)) < share_of_all
            assert problem.is_feasible(selected) == plain_rule.is_feasible(problem, selected), (problem, selected)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_plain_costs_are_those_of_the_compiled_rule(family):
    rng = np.random.default_rng(0)
    for problem in problems(family, count=20, sizes=(1, 10)):
        selected = rng.random(len(problem)) < 0.6
        batch, sums = np.flatnonzero(selected), batch_of(problem.candidates, selected)
        assert compute_time_s(problem.rule, sums) == pytest.approx(plain_rule.compute_s(problem, batch), rel=1e-12)
        assert memory_bytes(problem.rule, sums) == pytest.approx(plain_rule.memory_bytes(problem, batch), rel=1e-12)


@pytest.mark.parametrize(("prompts", "outputs"), PADDINGS)
def test_the_rule_of_a_scenario_costs_a_batch_as_the_paper_does_token_by_token(prompts, outputs):
    rng = np.random.default_rng(1)
    scenario, rule = padded_scenario(prompts, outputs), scenario_rule(prompts, outputs)
    for size in (1, 2, 5, 9):
        s, n = rng.choice(np.array(LENGTHS, dtype=int), (2, size))
        computed_s = np.full(size, FIXED_PROMPT) if prompts == "fixed" else s
        nothing = np.zeros(size)
        candidates = Candidates(computed_s.astype(float), n.astype(float), *[nothing] * 5)
        batch = batch_of(candidates, np.ones(size, dtype=bool))
        in_time, in_memory = compute_time_s(rule, batch), memory_bytes(rule, batch)
        lengths = s.tolist(), n.tolist()
        assert in_time == pytest.approx(plain_rule.paper_compute_s(scenario, *lengths), rel=1e-12)
        assert in_memory == pytest.approx(plain_rule.paper_memory_bytes(scenario, *lengths), rel=1e-12)


@pytest.mark.parametrize("fixed_prompt_tokens", [None, 1024])
def test_the_problem_of_a_row_states_the_visible_requests_as_the_design_does(fixed_prompt_tokens):
    overrides = {"radio.reciprocal_fading": False, "radio.downlink_bits_per_token": 40960.0}
    if fixed_prompt_tokens is not None:
        overrides |= {"node.prompt_padding": "fixed", "node.fixed_prompt_tokens": fixed_prompt_tokens}
    scenario = load_scenario("carry-over", **overrides)
    workload = draw_workload(scenario, np.random.default_rng(5))
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    env.reset(seed=0, options={"workload": workload})
    problem = BatchProblem.of_row(env.unwrapped.simulation)

    start_s = scenario.epoch.epoch_s
    snr = {"uplink": 10 ** ((20 + 174) / 10) / 20e6, "downlink": 10 ** ((43 + 174) / 10) / 20e6}
    stated = []
    for i in np.flatnonzero(workload.arrival_s < start_s):
        uplink_rate = 20e6 * log2(1 + snr["uplink"] * workload.uplink_gain[i, 0])
        downlink_rate = 20e6 * log2(1 + snr["downlink"] * workload.downlink_gain[i, 0])
        stated.append(
            [
                fixed_prompt_tokens or workload.prompt_tokens[i],
                workload.output_tokens[i],
                workload.arrival_s[i] + workload.latency_requirement_s[i] - start_s - 0.25 - 0.25,
                workload.prompt_tokens[i] * 32 / (0.25 * uplink_rate),
                workload.output_tokens[i] * 40960 / (0.25 * downlink_rate),
                0.0,
                0.0,
            ]
        )
    servable = [row for row in stated if row[2] >= plain_rule.paper_compute_s(scenario, [int(row[0])], [row[1]])]
    assert len(servable) > 3
    np.testing.assert_allclose(np.transpose(problem.candidates), servable, rtol=1e-9)
    assert problem.values.tolist() == [1.0] * len(servable)


def test_the_problem_of_a_row_keeps_its_numbers_when_the_row_moves_on():
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario="carry-over")
    env.reset(seed=0)
    problem = BatchProblem.of_row(env.unwrapped.simulation)
    before = problem.candidates.slack_s.copy()
    env.step(np.zeros(env.action_space.n, dtype=np.int8))
    np.testing.assert_array_equal(problem.candidates.slack_s, before)


@pytest.mark.parametrize("resource", ["compute_s", "memory_bytes"])
@pytest.mark.parametrize(
    ("part", "falling"),
    [
        ("base", Polynomial(constant=9.0, s=-1e-3)),
        ("base", Polynomial(n_squared=-1.0)),
        ("marginal", Polynomial(constant=9.0, s_times_n=-1e-6)),
        ("marginal", Polynomial(s=1.0, s_squared=-1e-2)),
        ("marginal", Polynomial(n=float("nan"))),
    ],
)
def test_a_cost_that_falls_with_a_length_is_refused_by_its_name(resource, part, falling):
    problem = next(problems("batch_max-batch_max", count=1, sizes=(6, 6)))
    cost = getattr(problem.rule, resource)._replace(**{part: falling})
    with pytest.raises(ValueError, match=rf"^rule\.{resource}\.{part} changes by .* must not fall"):
        BatchProblem(problem.rule._replace(**{resource: cost}), problem.candidates, problem.values)


@pytest.mark.parametrize("resource", ["compute_s", "memory_bytes"])
def test_a_request_that_makes_a_batch_cheaper_is_refused(resource):
    problem = next(problems("none-per_request", count=1, sizes=(6, 6)))
    cost = getattr(problem.rule, resource)._replace(marginal=Polynomial(constant=-1.0))
    with pytest.raises(ValueError, match=rf"^rule\.{resource}\.marginal is -1 for the shortest request"):
        BatchProblem(problem.rule._replace(**{resource: cost}), problem.candidates, problem.values)


@pytest.mark.parametrize("limit", ["window_s", "memory_limit_bytes"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_a_capacity_of_a_rule_that_makes_no_sense_is_refused(limit, value):
    problem = next(problems("none-per_request", count=1, sizes=(3, 3)))
    with pytest.raises(ValueError, match=f"^{limit} = {value}"):
        BatchProblem(problem.rule._replace(**{limit: value}), problem.candidates, problem.values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.7e308] * 3, r"^values add up to inf, the largest is 1\.7e\+308: their sum must be finite$"),
        ([1.0, 0.0, 2e15], r"^values range from 1 to 2e\+15: the largest must be at most 1e\+15 times the smallest"),
        ([1e-300, 1.0, 1.0], r"^values range from 1e-300 to 1: "),
    ],
)
def test_values_that_sums_cannot_hold_or_tell_apart_are_refused(values, message):
    problem = next(problems("none-per_request", count=1, sizes=(3, 3)))
    with pytest.raises(ValueError, match=message):
        BatchProblem(problem.rule, problem.candidates, np.array(values))


@pytest.mark.parametrize("values", [[1.0, 0.0, 1e15], [1e-300] * 3, [5e307] * 3, [0.0] * 3])
def test_values_at_the_ends_of_what_sums_can_hold_are_taken(values):
    problem = next(problems("none-per_request", count=1, sizes=(3, 3)))
    best = BruteForce().solve(BatchProblem(problem.rule, problem.candidates, np.array(values)))
    solution = BranchAndBound().solve(BatchProblem(problem.rule, problem.candidates, np.array(values)))
    assert (solution.value, solution.optimal) == (best.value, True)


@pytest.mark.parametrize("field", [*Candidates._fields, "values"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_every_field_is_checked_by_its_name(field, value):
    problem = next(problems("none-per_request", count=1, sizes=(3, 3)))
    column = np.array([value, 1.0, 1.0])
    columns = problem.candidates._asdict() | {"values": problem.values} | {field: column}
    values = columns.pop("values")
    allowed = (field == "slack_s" and value == -1.0) or (field.endswith("_share") and value == np.inf)
    if allowed:
        BatchProblem(problem.rule, Candidates(**columns), values)
        return
    with pytest.raises(ValueError, match=f"^{field}"):
        BatchProblem(problem.rule, Candidates(**columns), values)
