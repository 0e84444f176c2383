from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_llm_env import Workload, draw_workload, load_scenario
from tests.support.helpers import assert_same, workload_at

FIELDS = [field.name for field in dataclasses.fields(Workload)]


@pytest.mark.parametrize("name", ["workload.npz", "workload", "workload.v2"])
def test_saved_workload_loads_bit_for_bit_from_where_it_was_saved(tmp_path: Path, name: str):
    workload = draw_workload(load_scenario("carry-over"), np.random.default_rng(0))
    workload.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert_same(vars(Workload.load(tmp_path / name)), vars(workload))


def test_workload_without_requests_loads_as_it_was_saved(tmp_path: Path):
    workload = workload_at([])
    workload.save(str(tmp_path / "empty.npz"))
    assert_same(vars(Workload.load(str(tmp_path / "empty.npz"))), vars(workload))


def test_workload_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        workload_at([1.0]).arrival_s = np.zeros(1)


@pytest.mark.parametrize(
    ("field", "values", "complaint"),
    [
        ("arrival_s", [1.0, -1.0], "≥ 0"),
        ("arrival_s", [2.0, 1.0], "ascending"),
        ("arrival_s", [1.0, np.nan], "finite"),
        ("arrival_s", [[1.0, 2.0]], r"shape \(1, 2\)"),
        ("prompt_tokens", [128, 0], "> 0"),
        ("prompt_tokens", [128.5, 128.0], "whole numbers"),
        ("output_tokens", [-5, 128], "> 0"),
        ("output_tokens", [2**31, 128], "≤ 2147483647"),
        ("output_tokens", [128], r"shape \(1,\): must be \(2,\)"),
        ("latency_requirement_s", [0.0, 1.0], "> 0"),
        ("latency_requirement_s", [np.inf, 1.0], "finite"),
        ("accuracy_requirement", [0.5, 1.01], "≤ 1"),
        ("accuracy_requirement", [-0.1, 1.0], "≥ 0"),
        ("accuracy_requirement", ["high", "low"], "numbers"),
        ("distance_m", [0.0, 10.0], "> 0"),
        ("uplink_gain", [[1e-9], [-1e-9]], "≥ 0"),
        ("uplink_gain", [1e-9, 1e-9], "shape"),
        ("uplink_gain", [[], []], "blocks ≥ 1"),
        ("downlink_gain", [[1e-9, 1e-9], [1e-9, 1e-9]], r"must be \(2, 1\)"),
        ("downlink_gain", [[1e-9], [np.nan]], "finite"),
    ],
)
def test_validate_names_the_array_that_is_wrong(field: str, values: list[Any], complaint: str):
    with pytest.raises(ValueError, match=rf"^workload {field}.*{complaint}"):
        dataclasses.replace(workload_at([1.0, 2.0]), **{field: np.array(values)}).validate()


@pytest.mark.parametrize("field", ["arrival_s", "accuracy_requirement", "uplink_gain", "downlink_gain"])
def test_validate_allows_zero_where_zero_makes_sense(field: str):
    workload = workload_at([1.0])
    dataclasses.replace(workload, **{field: np.zeros_like(getattr(workload, field))}).validate()


def test_validate_allows_ties():
    assert workload_at([1.0, 1.0, 1.0]).validate().requests == 3


def test_archive_of_something_else_is_an_error_that_says_what_it_lacks(tmp_path: Path):
    path = tmp_path / "weights.npz"
    np.savez(path, arrival_s=np.zeros(3), bias=np.zeros(2))
    with pytest.raises(ValueError, match=r"weights\.npz: not a workload, it lacks prompt_tokens, output_tokens"):
        Workload.load(path)


def test_arrays_that_a_workload_does_not_have_are_refused(tmp_path: Path):
    file = tmp_path / "later.npz"
    np.savez(file, **workload_at([0.0]).given(), later=np.zeros(3))
    with pytest.raises(
        ValueError, match=r"later\.npz: not a workload, it has 'later', which this version does not know"
    ):
        Workload.load(file)


def test_saved_workload_that_is_not_valid_is_an_error_that_names_the_file(tmp_path: Path):
    path = tmp_path / "unsorted.npz"
    dataclasses.replace(workload_at([1.0, 2.0]), arrival_s=np.array([2.0, 1.0])).save(path)
    with pytest.raises(ValueError, match=r"unsorted\.npz: not a workload, .*arrival_s: must be in ascending order"):
        Workload.load(path)


@pytest.mark.parametrize("content", [b"", b"arrival_s,prompt_tokens\n1,2\n", b"PK\x03\x04 cut off"])
def test_file_that_is_no_archive_is_an_error_that_names_it(tmp_path: Path, content: bytes):
    path = tmp_path / "trace.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"trace\.csv: not a workload"):
        Workload.load(path)


def test_array_file_is_an_error_that_names_it(tmp_path: Path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(ValueError, match=r"array\.npy: not a workload"):
        Workload.load(tmp_path / "array.npy")


def test_file_with_python_objects_is_not_unpickled(tmp_path: Path):
    path = tmp_path / "objects.npz"
    np.savez(path, **dict.fromkeys(FIELDS, np.array([{}], dtype=object)))
    with pytest.raises(ValueError, match=r"objects\.npz: not a workload"):
        Workload.load(path)


def test_missing_file_is_a_file_not_found_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        Workload.load(tmp_path / "nowhere.npz")
