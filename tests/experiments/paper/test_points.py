"""The points of the paper's figures cover what they claim to, and change only that."""

from __future__ import annotations

import math

import pytest

from edge_llm_env import load_scenario
from edge_llm_env.inference.catalog import table
from edge_llm_env.scenarios.loading import preset_content
from experiments.paper.measurements import Effort, measure
from experiments.paper.points import FIGURES, LATENCY, RATE, SOLVERS, Point, all_points, enough_slots
from experiments.paper.switches import BASE, is_assumed, switches, value_in_preset
from experiments.speed.exact.solvers import PAPER_SCENARIOS

FEW = Effort(episodes=2, epochs=6)


def test_every_point_has_a_name_of_its_own_and_a_valid_scenario():
    points = all_points()
    assert len({point.key for point in points}) == len(points)
    assert {point.figure for point in points} == set(FIGURES)
    assert {point.preset for point in points} == set(PAPER_SCENARIOS)
    assert {policy for point in points for policy in point.policies} <= set(SOLVERS)
    for point in all_points(PAPER_SCENARIOS[:1]):
        point.scenario()


@pytest.mark.parametrize(("names", "message"), [(("bloom",), "presets: 'bloom'"), ((), "figures: 'rate'")])
def test_unknown_names_are_refused(names: tuple[str, ...], message: str):
    with pytest.raises(ValueError, match=message):
        all_points(names, ("rate",))


@pytest.mark.parametrize("preset", PAPER_SCENARIOS)
def test_every_assumed_value_of_a_preset_has_an_alternative(preset: str):
    assumed = {field for field, said in preset_content(preset)["provenance"].items() if said["assumed"]}
    fields = {switch.field for switch in switches(preset)}
    assert assumed <= fields
    assert {field for field in fields if "." in field and is_assumed(preset, field)} == assumed


@pytest.mark.parametrize("preset", PAPER_SCENARIOS)
def test_what_the_catalogue_assumes_of_the_presets_precision_has_an_alternative(preset: str):
    node = preset_content(preset)["node"]
    fields = {switch.field for switch in switches(preset)}
    assumed = {name for name, entry in table("precisions")[node["precision"]].items() if entry.assumed}
    assert assumed == {"compute_factor"}
    assert table("perplexity_increases")[node["decoder"]][node["precision"]].assumed
    assert {"β of the precision", "ΔPPL of the precision", "f(ΔPPL)"} <= fields


def test_every_case_is_held_against_one_that_there_is_and_differs_from_the_preset():
    cases = list(switches("paper-bloom-3b"))
    named = {(one.field, one.alternative) for one in cases}
    base = Point("sensitivity", "paper-bloom-3b", "", "", "", {}).scenario().fingerprint()
    for one in cases:
        assert one.against in named
        changed = Point("sensitivity", "paper-bloom-3b", "", "", "", one.overrides).scenario().fingerprint() != base
        assert changed == (one.alternative != BASE and not one.field.startswith("StB")), one


def test_values_in_the_preset_in_words():
    said = {field: value_in_preset("paper-bloom-3b", field) for field in ("β of the precision", "node.modules")}
    assert said == {"β of the precision": "0.8", "node.modules": "20"}
    assert value_in_preset("paper-opt-13b", "StB's batch size").startswith("1,")


def test_a_compute_factor_of_1_is_that_of_16_bits_without_a_loss_of_accuracy():
    # β is brought about by another number of modules; at 16 bits it is 1, and ΔPPL is 0 at 8 bits too.
    (factor,) = [
        one for one in switches("paper-bloom-3b") if (one.field, one.alternative) == ("β of the precision", "1")
    ]
    assert factor.overrides == {"node.modules": 16, "node.memory_bytes_per_module": 40e9}
    served = []
    for overrides in (factor.overrides, {"node.precision": "w16a16"}):
        point = Point("sensitivity", "paper-bloom-3b", "", "", "", overrides)
        served.append(measure(point, point.scenario(FEW.epochs), FEW)["served"])
    assert served[0] == served[1]


def test_another_f_is_brought_about_by_another_perplexity_increase():
    (other,) = [one for one in switches("paper-bloom-3b") if one.field == "f(ΔPPL)"]
    increase = table("perplexity_increases")["bloom-3b"]["w4a16-gptq"].value
    assert load_scenario("paper-bloom-3b", **other.overrides).quantization.accuracy == pytest.approx(
        math.exp(-increase)
    )


def test_all_pending_requests_are_visible_where_few_slots_would_hide_some():
    hidden = {}
    for slots in (None, 64):
        overrides = {RATE: 250.0} | ({} if slots is None else {"epoch.visible_slots": slots})
        point = Point("arrival_rate", "paper-opt-13b", "", "", 250.0, overrides, ("NoB",))
        hidden[slots] = measure(point, point.scenario(FEW.epochs), FEW)["beyond_visible"]
    assert hidden[None] == 0 < hidden[64]


def test_enough_slots_by_hand():
    # 100 requests/s within 4 s: mean 400, deviation 20, so 400 + 120 + 8.
    scenario = load_scenario("paper-bloom-3b", **{RATE: 100.0, LATENCY: {"low": 0.5, "high": 4.0}})
    assert enough_slots(scenario) == 528
    with pytest.raises(ValueError, match="must be 'poisson'"):
        enough_slots(load_scenario("bursty"))
