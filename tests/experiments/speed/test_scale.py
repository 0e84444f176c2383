"""Networks that grow: what is measured, and what stands on paper."""

from __future__ import annotations

from experiments.speed.scale import at_scale, scale_table


def test_branch_and_price_is_measured_as_far_as_it_is_asked_for():
    small, large = at_scale(((2, 5), (3, 20)), most_pairs=10, count=2, seed=0)
    assert small["gah_of_bound"] <= 1.0
    assert small["gap"] == 0.0
    assert large.keys() == {"nodes", "requests", "gah_s"}


def test_beyond_it_the_table_says_what_branch_and_price_begins_with():
    measured = {"branch_and_price_s": 1.5, "gah_of_bound": 0.95, "gap": 0.25}
    sizes = [{"nodes": 2, "requests": 5, "gah_s": 0.01} | measured, {"nodes": 50, "requests": 3000, "gah_s": 0.1}]
    table = scale_table({"sizes": sizes})
    assert table.rows == [
        ("2", "5", "0.01 s", "1.5 s", "95.0 %", "80.0 %"),
        ("50", "3,000", "0.1 s", "≥ 5 s", "–", "–"),
    ]
