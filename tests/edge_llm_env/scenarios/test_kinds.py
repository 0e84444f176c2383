"""Every kind of every table loads by its name, draws or costs what it should, and refuses what it does not know.

Made from the tables, so that a kind that is added is tested.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_llm_baselines import BatchProblem
from edge_llm_env import Scenario, ScenarioError, load_scenario
from edge_llm_env.arrivals.process import ArrivalProcess
from edge_llm_env.arrivals.table import ARRIVALS
from edge_llm_env.beliefs.length_belief import LengthBelief
from edge_llm_env.beliefs.table import LENGTH_BELIEFS
from edge_llm_env.feasibility.rule import Rule
from edge_llm_env.inference.cost_models.table import COST_MODELS
from edge_llm_env.radio.draws import Draws
from edge_llm_env.radio.fading.fading import Fading
from edge_llm_env.radio.fading.table import FADINGS
from edge_llm_env.radio.path_losses.path_loss import PathLoss
from edge_llm_env.radio.path_losses.table import PATH_LOSSES
from edge_llm_env.radio.rate import rate_bits_per_s
from edge_llm_env.radio.rate_models.rate_model import RateModel
from edge_llm_env.radio.rate_models.table import RATE_MODELS
from edge_llm_env.scenarios.sections.reward_settings import ALL_TERMS, REWARD_TERMS, TASK_TERMS, RewardWeights
from edge_llm_env.selections.earliest_deadline_first import select_earliest_deadline_first
from edge_llm_env.selections.first_come_first_served import select_first_come_first_served
from edge_llm_env.selections.names import BATCH_SELECTIONS, number_of
from edge_llm_env.selections.selection import by_number, select_batch
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating
from edge_llm_env.support.section import Section
from edge_llm_env.workload.generator import draw_workload
from tests.support.helpers import AZURE_TRACE
from tests.support.tasks import small_tasks

SECTIONS = {
    "workload.arrivals": ARRIVALS,
    "radio.path_loss": PATH_LOSSES,
    "radio.fading": FADINGS,
    "radio.rate_model": RATE_MODELS,
    "beliefs.output_tokens": LENGTH_BELIEFS,
}
KINDS = [(field, kind) for field, kinds in SECTIONS.items() for kind in kinds]


def name_of(kind: type[Section]) -> str:
    return kind.model_fields["kind"].annotation.__args__[0]  # type: ignore[union-attr]


def smallest(kind: type[Section], folder: Path) -> dict[str, Any]:
    """Settings of a kind: whatever has no default is 1, or (1, 2) where there are several; a file is a trace.

    A path loss is 100 dB at 1 km, since one of 1 dB would be a gain near the base station.
    """
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        annotation = str(field.annotation)
        if name == "path":
            values[name] = str(folder / "trace.csv")
            Path(values[name]).write_text(AZURE_TRACE, encoding="utf-8")
        elif name == "kind":
            values[name] = name_of(kind)
        elif field.is_required():
            if "Literal" in annotation:
                values[name] = field.annotation.__args__[0]  # type: ignore[union-attr]
            else:
                one = 100.0 if name == "intercept_db" else 1.0
                values[name] = [one, 2.0 * one] if annotation.startswith("tuple") else one
    return values


def loaded(field: str, kind: type[Section], folder: Path, **more: Any) -> Scenario:
    return load_scenario("carry-over", **{field: smallest(kind, folder) | more})


@pytest.mark.parametrize(("field", "kind"), KINDS, ids=[name_of(kind) for _, kind in KINDS])
def test_a_scenario_names_a_kind_and_draws_valid_workloads_with_it(field: str, kind: type[Section], tmp_path: Path):
    scenario = loaded(field, kind, tmp_path)
    section, name = field.split(".")
    assert type(getattr(getattr(scenario, section), name)) is kind
    workload = draw_workload(scenario, np.random.default_rng(0))
    workload.validate()
    again = draw_workload(scenario, np.random.default_rng(0))
    np.testing.assert_array_equal(workload.uplink_gain, again.uplink_gain)
    np.testing.assert_array_equal(workload.arrival_s, again.arrival_s)


@pytest.mark.parametrize(("field", "kind"), KINDS, ids=[name_of(kind) for _, kind in KINDS])
def test_a_kind_refuses_a_setting_that_it_does_not_have(field: str, kind: type[Section], tmp_path: Path):
    with pytest.raises(ScenarioError, match="no_such_setting"):
        loaded(field, kind, tmp_path, no_such_setting=1.0)


@pytest.mark.parametrize("field", SECTIONS)
def test_a_kind_that_is_in_no_table_is_refused_and_those_that_are_get_named(field: str):
    with pytest.raises(ScenarioError) as refused:
        load_scenario("carry-over", **{field: {"kind": "no_such_kind"}})
    for kind in SECTIONS[field]:
        assert name_of(kind) in str(refused.value)


@pytest.mark.parametrize("kind", ARRIVALS, ids=name_of)
def test_arrivals_come_in_order_within_the_horizon_at_their_mean_rate(kind: type[ArrivalProcess], tmp_path: Path):
    arrivals = kind(**smallest(kind, tmp_path))
    rng = np.random.default_rng(1)
    horizon_s, episodes = 20.0, 400
    drawn = [arrivals.draw(rng, horizon_s) for _ in range(episodes)]
    for one in drawn:
        assert (np.diff(one.arrival_s) >= 0).all()
        assert ((one.arrival_s >= 0) & (one.arrival_s < horizon_s)).all()
        assert (one.prompt_tokens is not None) == (arrivals.replayed is not None)
    # A count has a mean of 20 and, of none of these, a variance above 40: three standard errors are 0.95.
    assert np.mean([len(one.arrival_s) for one in drawn]) == pytest.approx(
        horizon_s * arrivals.mean_rate_per_s, abs=1.0
    )


@pytest.mark.parametrize("kind", PATH_LOSSES, ids=name_of)
def test_a_path_loss_weakens_and_more_so_far_away(kind: type[PathLoss], tmp_path: Path):
    path_loss = kind(**smallest(kind, tmp_path))
    draws = Draws([np.random.default_rng(2)], [2000])
    near, far = (path_loss.draw(draws, np.full(2000, distance_m), 2e9) for distance_m in (50.0, 500.0))
    for drawn in (near, far):
        assert drawn.gain.shape == drawn.line_of_sight.shape == (2000,)
        assert (drawn.gain > 0).all()
    assert np.median(near.gain) > np.median(far.gain)


@pytest.mark.parametrize("speed", [None, 3.0], ids=["independent", "moving"])
@pytest.mark.parametrize("kind", FADINGS, ids=name_of)
def test_fading_has_a_mean_power_of_one(kind: type[Fading], speed: float | None, tmp_path: Path):
    fading = kind(**smallest(kind, tmp_path), user_speed_m_per_s=speed)
    users = 20_000
    gains = fading.draw(Draws([np.random.default_rng(3)], [users]), np.arange(users) % 2 == 0, 2, 2.0, 2e9)
    assert gains.shape == (users, 2)
    assert (gains >= 0).all()
    # Of Rayleigh's exponential power, which varies most, the mean of 20,000 has a standard error of 0.007.
    assert gains.mean(axis=0) == pytest.approx([1.0, 1.0], abs=0.03)


@pytest.mark.parametrize("kind", RATE_MODELS, ids=name_of)
def test_a_rate_model_carries_more_at_a_higher_snr_and_less_than_shannon(kind: type[RateModel], tmp_path: Path):
    steps = kind(**smallest(kind, tmp_path)).steps()
    efficiency = [rate_bits_per_s(1.0, snr, np.inf, *steps) for snr in 10.0 ** np.linspace(-3.0, 4.0, 200)]
    assert (np.diff(efficiency) >= 0.0).all()
    assert efficiency[0] < efficiency[100] < efficiency[-1]
    assert (efficiency <= np.log2(1.0 + 10.0 ** np.linspace(-3.0, 4.0, 200)) + 1e-12).all()


@pytest.mark.parametrize("kind", LENGTH_BELIEFS, ids=name_of)
def test_a_length_belief_is_a_length_that_the_node_can_reserve(kind: type[LengthBelief], tmp_path: Path):
    lengths = np.random.default_rng(5).integers(1, 401, size=500)
    believed = kind(**smallest(kind, tmp_path)).draw(Draws([np.random.default_rng(6)], [500]), lengths, 400)
    if believed is not None:
        assert believed.shape == lengths.shape
        assert believed.dtype.kind == "i"
        assert (believed >= 1).all()
        assert (believed <= 400).all()


W8A16 = {"node.precision": "w8a16"}


@pytest.mark.parametrize("name", COST_MODELS)
def test_a_cost_model_grows_with_requests_and_lengths_and_is_affine(name: str):
    scenario = load_scenario("orin-llama-8b", **{"node.cost_model": name, "node.decoder": "bloom-3b"} | W8A16)
    cost = scenario.batch_cost
    for part in (cost.compute_s, cost.memory_bytes, cost.energy_j):
        assert 0 < part.of_equals(1, 128, 128) < part.of_equals(2, 128, 128)
        assert part.of_equals(1, 128, 128) <= part.of_equals(1, 256, 128)
        assert part.of_equals(1, 128, 128) < part.of_equals(1, 128, 256)
        one, two, three = (part.of_equals(count, 128, 128) for count in (1, 2, 3))
        assert three - two == pytest.approx(two - one, rel=1e-9)
    assert COST_MODELS[name].weight_bytes(scenario.decoder, scenario.quantization) > 0


@pytest.mark.parametrize("name", BATCH_SELECTIONS)
def test_a_batch_selection_chooses_a_feasible_batch_of_wanted_requests(name: str):
    rng = np.random.default_rng(4)
    for _ in range(20):
        problem = BatchProblem.additive(
            compute_s=rng.uniform(0.1, 0.6, 12),
            uplink_share=rng.uniform(0.05, 0.3, 12),
            downlink_share=rng.uniform(0.01, 0.1, 12),
            memory_bytes=rng.uniform(0.5e9, 2e9, 12),
            slack_s=rng.uniform(0.5, 3.0, 12),
            window_s=1.5,
            memory_limit_bytes=8e9,
        )
        values = rng.integers(2, size=12).astype(np.float64)
        selected = select_batch(problem.rule, problem.candidates, values, number_of(name))
        assert problem.is_feasible(selected)
        assert 0 < selected.sum() <= selected[values > 0].sum()


@compiled_allocating
def select_nobody(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    return wanted & False


select_one_of_three = by_number([select_first_come_first_served, select_earliest_deadline_first, select_nobody])


@compiled_allocating
def select_by_three(
    rule: Rule, candidates: Candidates, values: NDArray[np.float64], wanted: NDArray[np.bool_], number: int
) -> NDArray[np.bool_]:
    return select_one_of_three(rule, candidates, values, wanted, number)


def test_a_batch_selection_that_is_added_behind_the_others_is_selected_by_its_number():
    problem = BatchProblem.additive(
        compute_s=np.full(2, 1.0),
        uplink_share=np.full(2, 0.1),
        downlink_share=np.full(2, 0.1),
        memory_bytes=np.full(2, 1.0),
        slack_s=np.array([3.0, 2.0]),
        window_s=1.5,
        memory_limit_bytes=8.0,
    )
    given = problem.rule, problem.candidates, np.ones(2), np.ones(2, dtype=np.bool_)
    selected = [select_by_three(*given, number).tolist() for number in range(3)]
    assert selected == [[True, False], [False, True], [False, False]]


@pytest.mark.parametrize("name", RewardWeights.model_fields)
def test_a_reward_term_alone_is_the_reward_and_is_paid_in_an_episode(name: str):
    weights = {f"reward.{term}": float(term == name) for term in RewardWeights.model_fields}
    if name in TASK_TERMS:
        scenario, terms = small_tasks(**weights, workload__arrivals__rate_per_s=4.0), ALL_TERMS
    else:
        scenario, terms = load_scenario("carry-over", **weights), REWARD_TERMS
    env = gym.make("EdgeLLM/BatchSelection-v0", scenario=scenario)
    env.reset(seed=0)
    everybody = np.ones(env.action_space.shape, dtype=np.int8)
    paid, truncated = 0.0, False
    while not truncated:
        _, reward, _, truncated, info = env.step(everybody)
        assert info["reward_terms"] == {term: reward if term == name else 0.0 for term in terms}
        paid += float(reward)
    assert paid > 0
