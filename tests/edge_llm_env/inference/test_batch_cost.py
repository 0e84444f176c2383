from __future__ import annotations

from edge_llm_env.inference.batch_cost import Polynomial

POLYNOMIAL = Polynomial(constant=1.0, s=10.0, s_squared=100.0, n=1e3, n_squared=1e4, s_times_n=1e5)


def test_value_by_hand():
    # s = 2, n = 3: 1 + 10·2 + 100·4 + 1000·3 + 10 000·9 + 100 000·6
    assert POLYNOMIAL(2, 3) == 1 + 20 + 400 + 3_000 + 90_000 + 600_000


def test_scaling_multiplies_every_value():
    assert POLYNOMIAL.scaled(0.5)(2, 3) == 0.5 * POLYNOMIAL(2, 3)


def test_sum_adds_values():
    other = Polynomial(s=1.0, s_times_n=2.0)
    assert POLYNOMIAL.plus(other)(2, 3) == POLYNOMIAL(2, 3) + other(2, 3)
