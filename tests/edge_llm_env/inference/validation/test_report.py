"""A small validation, of rows of three engines, in few folds."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from edge_llm_env.inference.validation.fitting import arrays, effects_of_engines, factors_record, fitted, refused, row
from edge_llm_env.inference.validation.left_out import folds_of, left_out
from edge_llm_env.inference.validation.measurements import Measurement, published_measurements
from edge_llm_env.inference.validation.one_measured import (
    MOST_GIVEN,
    Told,
    after_one,
    by_factors,
    given_in_turn,
    groups_of,
    of_any_phase,
    of_one_phase,
)
from edge_llm_env.inference.validation.predictions import predictions
from edge_llm_env.inference.validation.report import FITS, validation_report
from edge_llm_env.inference.validation.targets import TARGETS

ROWS = [one for one in published_measurements() if one.engine in ("tensorrt-edge-llm", "tinychat", "mlc")]
USABLE = [one for one in ROWS if refused(one) is None]
TIMES = [one for one in USABLE if one.metric != "memory"]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return validation_report(ROWS, folds=3, source_folds=3, model_folds=3)


def test_whole_groups_are_left_out_and_every_part_has_one():
    boards = [one.board for one in TIMES]
    fold = folds_of(boards, 3)
    assert set(fold) == {0, 1, 2}
    assert len({(board, part) for board, part in zip(boards, fold, strict=True)}) == len(set(boards))
    assert np.array_equal(fold, folds_of(boards, 3))
    assert max(folds_of(boards)) + 1 == len(set(boards))


def test_left_out_predictions_do_not_depend_on_the_rows_that_they_predict():
    fold = folds_of([one.board for one in TIMES], 3)
    spoilt = [one._replace(value=5.0 * one.value) if part == 1 else one for one, part in zip(TIMES, fold, strict=True)]
    honest = left_out(arrays([row(one) for one in TIMES]), fold).predicted
    again = left_out(arrays([row(one) for one in spoilt]), fold).predicted
    assert np.array_equal(honest[fold == 1], again[fold == 1])
    assert not np.allclose(honest[fold != 1], again[fold != 1], rtol=1e-3)


def test_a_given_row_is_of_one_device_engine_source_and_phase():
    for group in groups_of(TIMES, of_one_phase):
        of = [TIMES[i] for i in group]
        assert len({(one.device, one.engine, one.source, one.metric == "prefill") for one in of}) == 1
        given = given_in_turn(group)
        assert len(given) == min(len(group), MOST_GIVEN)
        assert set(given) <= set(group)
    assert given_in_turn(list(range(15))) == [0, 2, 4, 6, 8, 10, 12, 14]
    wider = groups_of(TIMES, of_any_phase)
    assert all(len({(TIMES[i].device, TIMES[i].engine) for i in group}) == 1 for group in wider)
    assert any(len({TIMES[i].metric for i in group}) > 1 for group in wider)


def test_after_one_measurement_the_value_of_a_row_itself_is_never_used():
    taken = [row(one) for one in TIMES]
    rows = arrays(taken)
    board = left_out(rows, folds_of([one.board for one in TIMES], 3))
    group = groups_of(TIMES, of_one_phase)[0]
    spoilt = [one._replace(value=7.0 * one.value) if i == group[0] else one for i, one in enumerate(TIMES)]

    def by_measurements(measurements: list[Measurement]) -> list[Told]:
        return after_one(measurements, board, of_one_phase)

    def by_rows(measurements: list[Measurement]) -> list[Told]:
        return by_factors(measurements, [row(one) for one in measurements], rows, board, of_one_phase)

    for predicted in (by_measurements, by_rows):
        honest, again = predicted(TIMES), predicted(spoilt)
        assert [one for one in honest if one.row == group[0]] == [one for one in again if one.row == group[0]]
        assert [one for one in honest if one.row == group[1]] != [one for one in again if one.row == group[1]]
        told = [one.given for one in honest if one.row == group[0]]
        assert told == [given for given in given_in_turn(group) if given != group[0]]


def test_what_residuals_have_in_common_is_that_of_other_boards():
    board = left_out(arrays([row(one) for one in TIMES]), folds_of([one.board for one in TIMES], 3))
    group = groups_of(TIMES, of_one_phase)[0]
    part = board.fold[group[0]]
    # Rows of the part that are of other machines say nothing of how much a row of the group tells of another.
    spoilt = [
        one._replace(value=3.0 * one.value) if board.fold[i] == part and i not in group else one
        for i, one in enumerate(TIMES)
    ]
    honest, again = (
        [one for one in after_one(rows, board, of_one_phase) if one.row in group] for rows in (TIMES, spoilt)
    )
    assert honest == again
    elsewhere = [one._replace(value=2.0 * one.value) if board.fold[i] != part else one for i, one in enumerate(TIMES)]
    assert honest != [one for one in after_one(elsewhere, board, of_one_phase) if one.row in group]


def test_what_rows_tell_is_by_phase_and_by_whether_the_model_is_the_same(report: dict[str, Any]):
    kinds = [(line["phase"], line["same_model"]) for line in report["told"]]
    assert len(set(kinds)) == len(kinds)
    assert {phase for phase, _ in kinds} == {"prefill", "decode", "decode, batch > 1"}
    for line in report["told"]:
        assert line["rows"] > 0
        assert line["error"] != line["by_datasheet"]


def test_boards_are_left_out_one_by_one_unless_parts_are_asked_for():
    rows = [one for one in TIMES if one.engine == "tinychat"]
    taken = arrays([row(one) for one in rows])
    alone = left_out(taken, folds_of([one.board for one in rows])).predicted
    found = predictions(rows, source_folds=2, model_folds=2).device
    assert [one.values[0] for one in found] == alone.tolist()


def test_what_is_refused_is_counted_with_its_reason(report: dict[str, Any]):
    without = [one for one in ROWS if one not in USABLE]
    assert sum(report["refused"].values()) == len(without)
    assert all(one.metric == "decode" and one.batch > 1 and not one.lengths_published for one in without)
    every = [refused(one) for one in published_measurements()]
    assert sum(reason is not None for reason in every) == 16


def test_rows_are_counted_once_and_assumed_lengths_apart(report: dict[str, Any]):
    assert len(report["predictions"]) == len(USABLE) == report["rows"] - sum(report["refused"].values())
    for fit in ("in_sample", "device", "model", "source"):
        counted = sum(phase["all"]["rows"] for phase in report["errors"][fit].values())
        assumed = sum(phase["rows"] for phase in report["errors_with_assumed_lengths"][fit].values())
        assert counted + assumed == len(USABLE)
        assert assumed == report["lengths_assumed"]


def test_rows_that_are_fitted_are_closer_than_rows_that_are_left_out(report: dict[str, Any]):
    for phase in report["errors"]["in_sample"]:
        in_sample = report["errors"]["in_sample"][phase]["all"]["error"]
        assert in_sample < report["errors"]["device"][phase]["all"]["error"]


def test_every_target_says_whether_it_is_met(report: dict[str, Any]):
    assert len(report["targets"]) == len(TARGETS)
    for line in report["targets"]:
        if line["reached"] is None:
            assert line["met"] is None
        else:
            assert line["met"] == (line["reached"]["error"] <= line["bound"])


def test_the_report_is_the_same_twice_and_json_can_hold_it(report: dict[str, Any]):
    assert set(report["errors"]) == set(FITS)
    again = validation_report(ROWS, folds=3, source_folds=3, model_folds=3)
    assert json.dumps(again) == json.dumps(report)


def test_factors_are_recorded_with_the_spreads(report: dict[str, Any]):
    record = factors_record(ROWS, report["spreads"], report["alike"])
    assert record["rows"] == len(USABLE)
    effects = fitted(ROWS)
    assert record["effects"] == pytest.approx(dict(effects), rel=1e-6)
    assert set(record["spreads"]) == {"prefill", "decode", "decode, batch > 1", "memory"}


def test_no_rows_are_an_error():
    with pytest.raises(ValueError, match="measurements: there is none"):
        fitted([])


def test_what_engines_cost_is_held_to_the_bit_and_the_rest_is_fitted_beside_it():
    rows = [one for one in TIMES if one.engine in ("tinychat", "mlc")]
    free = fitted(rows)
    moved = {name: 1.1 * value for name, value in free.items()}
    held = effects_of_engines(["tinychat"], rows, moved)
    assert set(held) < set(free)
    found = fitted(rows, held)
    assert {name: found[name] for name in held} == held
    assert any(found[name] != pytest.approx(free[name], rel=1e-3) for name in set(free) - set(held))
    record = factors_record(rows, {}, {}, ["tinychat"], moved)
    assert record["held_engines"] == ["tinychat"]
    assert {name: record["effects"][name] for name in held} == pytest.approx(held, rel=1e-6)
