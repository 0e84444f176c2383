"""Worked examples of 3GPP TR 38.901 at 3.5 GHz, base stations and users at the heights of table 7.2-1."""

from __future__ import annotations

import numpy as np
import pytest

from edge_llm_env.radio.path_losses.urban import (
    UMA,
    UMI,
    UrbanCell,
    los_path_loss_db,
    los_probability,
    nlos_path_loss_db,
)

HEIGHT_M = {UMA: 25.0, UMI: 10.0}
CARRIER_HZ = 3.5e9


def los(cell: UrbanCell, distance_m: float, user_height_m: float = 1.5) -> float:
    return float(los_path_loss_db(cell, np.array([distance_m]), CARRIER_HZ, HEIGHT_M[cell], user_height_m)[0])


def nlos(cell: UrbanCell, distance_m: float, user_height_m: float = 1.5) -> float:
    return float(nlos_path_loss_db(cell, np.array([distance_m]), CARRIER_HZ, HEIGHT_M[cell], user_height_m)[0])


@pytest.mark.parametrize(
    ("cell", "distance_m", "loss_db"),
    [
        # d3D = √(100² + 23.5²) = 102.724 m; 28 + 22·2.011672 + 20·0.544068 = 28 + 44.2568 + 10.8814
        (UMA, 100.0, 83.1382),
        # beyond d'BP = 4·24·0.5·3.5e9/3e8 = 560 m: d3D = 1000.276 m; 28 + 120.0048 + 10.8814 - 9·log10(560² + 23.5²)
        (UMA, 1000.0, 28 + 120.0048 + 10.8814 - 49.4743),
        # d3D = √(100² + 8.5²) = 100.3606 m; 32.4 + 21·2.001563 + 10.8814
        (UMI, 100.0, 32.4 + 42.0328 + 10.8814),
        # beyond d'BP = 4·9·0.5·3.5e9/3e8 = 210 m: d3D = 500.0722 m; 32.4 + 107.9613 + 10.8814 - 9.5·log10(210² + 8.5²)
        (UMI, 500.0, 32.4 + 107.9613 + 10.8814 - 44.1289),
    ],
)
def test_loss_with_a_line_of_sight_by_hand(cell: UrbanCell, distance_m: float, loss_db: float):
    assert los(cell, distance_m) == pytest.approx(loss_db, abs=2e-4)


@pytest.mark.parametrize(
    ("cell", "user_height_m", "loss_db"),
    [
        (UMA, 1.5, 13.54 + 39.08 * 2.011672 + 20 * 0.544068),
        (UMI, 1.5, 22.4 + 35.3 * 2.001563 + 21.3 * 0.544068),
        # at 7.5 m: d3D = √(100² + 17.5²) = 101.5197 m and √(100² + 2.5²) = 100.0312 m
        (UMA, 7.5, 13.54 + 39.08 * 2.006550 + 20 * 0.544068 - 0.6 * 6),
        (UMI, 7.5, 22.4 + 35.3 * 2.000136 + 21.3 * 0.544068 - 0.3 * 6),
    ],
)
def test_loss_without_a_line_of_sight_by_hand(cell: UrbanCell, user_height_m: float, loss_db: float):
    assert nlos(cell, 100.0, user_height_m) == pytest.approx(loss_db, abs=1e-4)


@pytest.mark.parametrize("cell", [UMA, UMI])
def test_obstruction_never_helps(cell: UrbanCell):
    distance_m = np.geomspace(10.0, 5000.0, 200)
    for user_height_m in (1.5, 12.0):
        place = (cell, distance_m, CARRIER_HZ, HEIGHT_M[cell], user_height_m)
        assert (nlos_path_loss_db(*place) >= los_path_loss_db(*place)).all()


@pytest.mark.parametrize(("cell", "breakpoint_m"), [(UMA, 560.0), (UMI, 210.0)])
def test_loss_is_continuous_at_the_breakpoint_and_steeper_beyond(cell: UrbanCell, breakpoint_m: float):
    assert los(cell, breakpoint_m + 1e-6) == pytest.approx(los(cell, breakpoint_m), abs=1e-6)
    beyond = los(cell, 4 * breakpoint_m) - los(cell, 2 * breakpoint_m)
    assert beyond == pytest.approx(40 * np.log10(2), abs=0.02)


@pytest.mark.parametrize(
    ("cell", "distance_m", "probability"),
    [
        (UMA, 10.0, 1.0),
        (UMA, 18.0, 1.0),
        # 18/100 + exp(-100/63)·(1 - 18/100) = 0.18 + 0.204477·0.82
        (UMA, 100.0, 0.18 + 0.204477 * 0.82),
        (UMI, 18.0, 1.0),
        # 18/100 + exp(-100/36)·(1 - 18/100) = 0.18 + 0.062177·0.82
        (UMI, 100.0, 0.18 + 0.062177 * 0.82),
    ],
)
def test_probability_of_a_line_of_sight_by_hand(cell: UrbanCell, distance_m: float, probability: float):
    assert los_probability(cell, np.array([distance_m]))[0] == pytest.approx(probability, abs=2e-6)
