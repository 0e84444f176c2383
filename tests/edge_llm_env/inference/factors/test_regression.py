from __future__ import annotations

import math

import numpy as np
import pytest

from edge_llm_env.inference.factors.regression import Prior, Row, Rows, hidden_s

NOTHING = Prior(0.0, 0.1)


def one_term(value: float, *effects: str, amount: float = 1.0) -> Row:
    return Row({"read": amount}, {"read": effects}, {}, value)


def made(truth: dict[str, float], count: int, seed: int = 0) -> list[Row]:
    """Rows of two terms on machines and formats, as known effects make them."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        names = {
            "read": ("read", f"machine/{rng.integers(4)}"),
            "launch": ("launch", f"format/{rng.integers(3)}"),
        }
        amounts = {"read": rng.uniform(0.1, 10.0), "launch": rng.uniform(0.1, 10.0)}
        factors = {term: math.prod(truth[name] for name in of_term) for term, of_term in names.items()}
        rows.append(Row(amounts, names, {}, sum(amounts[term] * factors[term] for term in amounts)))
    return rows


TRUTH = {"read": 1.3, "launch": 0.4} | {f"machine/{i}": 0.8 + 0.2 * i for i in range(4)}
TRUTH |= {f"format/{i}": 0.6 + 0.4 * i for i in range(3)}
WIDE = dict.fromkeys(TRUTH, Prior(0.0, 3.0))


def test_one_trusted_row_moves_its_effect_by_the_prior_s_share_of_the_variance():
    # prior variance 0.1² = 0.01, residual variance 0.05² = 0.0025: 0.3·0.01/0.0125
    rows = Rows([one_term(math.exp(0.3), "read")], {"read": NOTHING})
    assert rows.fitted(np.array([0]), trusted=True) == pytest.approx([0.24], abs=1e-5)


def test_two_effects_of_one_row_share_what_it_says_by_their_variances():
    # variances 0.01 and 0.04 of 0.0525 in all: 0.105·0.01/0.0525 and 0.105·0.04/0.0525
    rows = Rows([one_term(math.exp(0.105), "kind", "machine")], {"kind": NOTHING, "machine": Prior(0.0, 0.2)})
    assert rows.fitted(np.array([0]), trusted=True) == pytest.approx([0.02, 0.08], abs=1e-5)


def test_without_rows_of_an_effect_it_is_what_its_prior_expects():
    rows = Rows([one_term(1.0, "read"), one_term(1.0, "other")], {"read": NOTHING, "other": Prior(0.7, 0.1)})
    logs = dict(zip(rows.effects, rows.fitted(np.array([0])), strict=True))
    assert logs["other"] == pytest.approx(0.7, abs=1e-9)


def test_known_effects_are_recovered_from_the_rows_that_they_made():
    made_rows = made(TRUTH, 200)
    rows = Rows(made_rows, WIDE)
    everything = np.arange(len(made_rows))
    logs = rows.fitted(everything)
    assert rows.predicted(logs, everything) == pytest.approx(rows.logs, abs=2e-3)
    found = dict(zip(rows.effects, np.exp(logs), strict=True))
    # What machines have in common is told apart from the whole by the priors alone, their ratios by the rows.
    for kind, cases in (("machine", 4), ("format", 3)):
        for i in range(1, cases):
            expected = TRUTH[f"{kind}/{i}"] / TRUTH[f"{kind}/0"]
            assert found[f"{kind}/{i}"] / found[f"{kind}/0"] == pytest.approx(expected, rel=5e-3)


def test_a_row_that_is_off_by_a_factor_of_ten_bends_the_others_by_less_than_a_hundredth():
    honest = made(TRUTH, 200)
    spoilt = [honest[0]._replace(value=10.0 * honest[0].value), *honest[1:]]
    others = np.arange(1, 200)
    predicted = [
        rows.predicted(rows.fitted(np.arange(200)), others) for rows in (Rows(honest, WIDE), Rows(spoilt, WIDE))
    ]
    assert np.abs(predicted[0] - predicted[1]).max() < 0.01
    mean_without_weights = math.log(10.0) / 200  # what such a row adds to a plain mean of 200
    assert np.abs(predicted[0] - predicted[1]).mean() < 0.1 * mean_without_weights


def test_the_same_rows_give_the_same_fit():
    rows = Rows(made(TRUTH, 50), WIDE)
    assert np.array_equal(rows.fitted(np.arange(50)), rows.fitted(np.arange(50)))


def test_of_equal_times_that_overlap_84_percent_of_one_are_hidden():
    # (1 + 1)^(-1/4) = 0.8409; of 1 and 10, (1 + 10⁻⁴)^(-1/4) = 0.999975
    assert hidden_s(1.0, 1.0) == pytest.approx(0.840896, abs=1e-6)
    assert hidden_s(1.0, 10.0) == hidden_s(10.0, 1.0) == pytest.approx(0.999975, abs=1e-6)
    assert hidden_s(0.0, 1.0) == 0.0


def test_terms_that_overlap_add_what_is_not_hidden():
    names = {"read": ("read",), "multiply": ("multiply",)}
    row = Row({"read": 3.0, "multiply": 2.0}, names, {"read": 2.0, "multiply": 1.0}, 1.0)
    rows = Rows([row], dict.fromkeys(("read", "multiply"), NOTHING))
    total = rows.parts(np.log([1.0, 2.0]), np.array([0])).sum()  # effects by name: multiply 1, read 2
    assert total == pytest.approx(2.0 + 6.0 - hidden_s(1.0, 4.0))


def test_slopes_are_the_derivatives_of_logarithms():
    names = {"read": ("read", "machine"), "multiply": ("multiply", "machine")}
    row = Row({"read": 3.0, "multiply": 2.0}, names, {"read": 2.0, "multiply": 1.5}, 1.0)
    rows = Rows([row], dict.fromkeys(("read", "multiply", "machine"), NOTHING))
    logs, only = np.array([0.1, -0.2, 0.3]), np.array([0])
    slopes = rows.slopes(rows.parts(logs, only), only).toarray()[0]
    for i in range(3):
        step = 1e-5 * np.eye(3)[i]
        difference = (rows.predicted(logs + step, only) - rows.predicted(logs - step, only))[0] / 2e-5
        assert slopes[i] == pytest.approx(difference, abs=1e-8)
