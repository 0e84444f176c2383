"""Value functions: by hand, as the look-ahead rule, and a population as its members one by one."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_agents.value_search.features import FEATURES, RAMPS
from edge_llm_agents.value_search.functions import WIDEST, ValueFunction
from edge_llm_baselines.rules.look_ahead import GRID

K = len(FEATURES)


def random_features(rng: np.random.Generator, rows: int, slots: int) -> tuple[np.ndarray, np.ndarray]:
    present = (np.arange(slots) < rng.integers(0, slots + 1, size=(rows, 1))).astype(np.float32)
    return rng.random((K, rows, slots)).astype(np.float32), present


def test_values_by_hand():
    weights = np.zeros((1, K), dtype=np.float32)
    weights[0, :2] = 0.5, -0.25
    features = np.zeros((K, 1, 4), dtype=np.float32)
    features[:2, 0] = [[0.0, 1.0, 4.0, 1.0], [0.0, 0.0, 0.0, 9.0]]
    # Worth of waiting 0, 0.5, 2 and -1.75; values 1, 0.5 and, at least 1/1024, the fourth slot is empty.
    values = ValueFunction().values(weights, features, np.array([[1, 1, 1, 0]], dtype=np.float32))
    assert values.tolist() == [[1.0, 0.5, 1.0 / GRID, 0.0]]


def test_values_with_a_hidden_layer_by_hand():
    function = ValueFunction(width=2)
    arrays = {name: np.zeros(shape) for name, shape in function.shapes.items()}
    arrays["weights"][0] = 0.25
    arrays["hidden"][1, 0], arrays["bias"][1], arrays["out"][1] = 2.0, -1.0, 0.5
    parameters = function.join(arrays)[None].astype(np.float32)
    features = np.zeros((K, 1, 2), dtype=np.float32)
    features[0, 0] = 0.5, 1.0
    # 0.25·0.5 + 0.5·tanh(2·0.5 - 1) = 0.125 and 0.25 + 0.5·tanh(1) = 0.630797: values 0.875 and 0.369203.
    values = function.values(parameters, features, np.ones((1, 2), dtype=np.float32))
    # 0.369203 / 0.875 = 432.07/1024, rounded up.
    assert values.tolist() == [[1.0, 433 / 1024]]


@pytest.mark.parametrize("width", [0, 3])
def test_it_begins_as_the_look_ahead_rule(width: int):
    function = ValueFunction(width)
    rng = np.random.default_rng(0)
    features, present = random_features(rng, 5, 7)
    first = FEATURES.index("margin_ramp_0")
    values = function.values(function.starting_point(0.8)[None].astype(np.float32), features, present)
    rule = (1.0 - 0.8 * features[first : first + RAMPS].mean(axis=0)) * present
    exact = rule / np.maximum(rule.max(axis=1, keepdims=True), 1e-9)
    assert (values >= exact - 1e-5).all()
    assert (values <= exact + 1e-5 + 1.0 / GRID).all()


def test_the_look_ahead_rule_of_one_feature_is_that_of_its_ramps():
    names = ("size", "chance")
    assert ValueFunction(features=names).starting_point(0.8).tolist() == [0.0, 0.8]
    assert ValueFunction().starting_point(0.8).sum() == pytest.approx(0.8)


def test_values_are_rounded_up_to_their_levels():
    function = ValueFunction(features=("chance",), levels=8)
    features = np.array([[[0.0, 0.55, 0.625, 1.0]]], dtype=np.float32)
    # 1, 0.45, 0.375 and 0 (at least 1/1024), in eighths 8, 3.6, 3 and little.
    values = function.values(np.ones((1, 1), dtype=np.float32), features, np.ones((1, 4), dtype=np.float32))
    assert values.tolist() == [[1.0, 0.5, 0.375, 0.125]]


@pytest.mark.parametrize("width", [0, 4])
def test_a_population_s_values_are_those_of_its_members_to_the_last_bit(width: int):
    function = ValueFunction(width)
    rng = np.random.default_rng(1)
    features, present = random_features(rng, 15, 6)
    parameters = rng.normal(size=(5, function.size)).astype(np.float32)
    together = function.values(parameters, features, present)
    for member in range(5):
        rows = slice(3 * member, 3 * member + 3)
        alone = function.values(parameters[member : member + 1], features[:, rows], present[rows])
        np.testing.assert_array_equal(alone, together[rows])
    assert ((together >= 0.0) & (together <= 1.0)).all()
    assert (together[present == 0] == 0.0).all()
    assert (together[present == 1] > 0.0).all()


def test_named_arrays_and_the_vector_are_the_same_parameters():
    function = ValueFunction(3)
    parameters = np.arange(function.size, dtype=np.float32)
    arrays = function.split(parameters)
    assert {name: array.shape for name, array in arrays.items()} == function.shapes
    np.testing.assert_array_equal(function.join(arrays), parameters)


def test_arrays_of_other_shapes_are_an_error():
    with pytest.raises(ValueError, match="weights have the shapes"):
        ValueFunction().join({"weights": np.zeros(3)})
    for width in (-1, WIDEST + 1):
        with pytest.raises(ValueError, match=f"width = {width}: must be in 0..4096"):
            ValueFunction(width)


@pytest.mark.parametrize("levels", [1, 48, 2048])
def test_levels_that_the_decoder_has_not_are_an_error(levels: int):
    with pytest.raises(ValueError, match=f"levels = {levels}: must be a power of two in 2..1024"):
        ValueFunction(levels=levels)


def test_a_feature_that_there_is_not_is_an_error():
    with pytest.raises(ValueError, match=r"feature = 'sise': must be one of .*did you mean 'size'"):
        ValueFunction(features=("sise",))
