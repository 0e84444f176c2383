"""Certificates of racks on presets, on small racks, and held against what rules earn in the environment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_llm_baselines.certificates.racks.certificate import bounds_of_racks, relaxation, worth_of_loads
from edge_llm_baselines.certificates.racks.clairvoyant import Loads, penalised_clairvoyant
from edge_llm_baselines.certificates.racks.epochs import Rack
from edge_llm_baselines.certificates.racks.rates import drawn_rates
from edge_llm_baselines.certificates.racks.relaxed import Relaxed
from edge_llm_baselines.playing.play import play
from edge_llm_baselines.playing.roll_out import vector_of
from edge_llm_baselines.racks.clairvoyant import bound, most_earned
from edge_llm_baselines.racks.earning import earned
from edge_llm_baselines.racks.optimum import optimum
from edge_llm_baselines.racks.planned import TimeOfDay, Told
from edge_llm_baselines.racks.reactive import KeepAlive, Threshold
from edge_llm_env import ScenarioError, draw_workloads, load_scenario
from edge_llm_env.envs.suite import SCALING
from edge_llm_env.rack.params import rack_params
from edge_llm_env.rack.state import N_PENDING, N_READY

IMPATIENT = {"workload.latency_requirement_s": {"low": 10.0, "high": 10.0}}
PATIENT = {"workload.latency_requirement_s": {"low": 15.0, "high": 15.0}}
RULES = {
    "threshold": lambda env: Threshold(env, 1.2, 4),
    "keep alive": lambda env: KeepAlive(env, 2),
    "few": lambda env: Threshold(env, 3.0, 0),
    "time of day": lambda env: TimeOfDay(env, _profile(env)),
}


def _profile(env: Any) -> np.ndarray:
    """What the time of the day tells, in modules."""
    scenario = env.simulation.scenario
    rates = drawn_rates(scenario, np.random.default_rng(0))
    return rates / Rack.of(rack_params(scenario)).capacity[1]


def small(rng: np.random.Generator, patience: dict[str, Any]) -> dict[str, Any]:
    """A small rack that starts in no time to 13 s, a day of which is some epochs."""
    day = {"kind": "diurnal", "rate_per_s": float(rng.uniform(0.5, 4.0)), "amplitude": float(rng.uniform(0.0, 1.0))}
    modules = int(rng.integers(1, 5))
    return {
        "epoch.episode_epochs": 12,
        "node.modules": modules,
        "rack.modules_at_start": int(rng.integers(modules + 1)),
        "rack.modules_per_group": int(rng.integers(1, modules + 1)),
        "node.engine_start_s": float(rng.choice([0.0, 3.0, 6.0])),
        "node.storage_bandwidth_bytes_per_s": float(rng.choice([0.8e9, 1e15])),
        "rack.idle_power_w": float(rng.uniform(1.0, 60.0)),
        "workload.arrivals": day | {"period_s": 30.0, "phase_rad": float(rng.uniform(0.0, 6.0))},
    } | patience


@pytest.mark.parametrize("patience", [IMPATIENT, PATIENT])
def test_without_charges_it_is_the_optimum_or_between_schedules_and_the_linear_programme(patience: dict[str, Any]):
    rng = np.random.default_rng(1)
    cases = [load_scenario("feeder-rack", **small(rng, patience)) for _ in range(25)]
    cases += [
        load_scenario(name, **({"epoch.episode_epochs": 100} | patience)) for name in ("feeder-rack", "diurnal-rack")
    ]
    below = waited = 0
    for number, scenario in enumerate(cases):
        params, workload = rack_params(scenario), draw_workloads(scenario, 1, seed=number)[0]
        loads = Loads.of(params, workload)
        found, linear = penalised_clairvoyant(Rack.of(params), loads), bound(scenario, workload)
        assert found <= linear + 1e-6
        if patience == IMPATIENT:
            assert found == pytest.approx(optimum(scenario, workload).value, abs=1e-9)
        for name in ("threshold", "keep alive", "few"):
            assert earned(RULES[name], scenario, [workload]).reward[0] <= found + 1e-9, name
        below += found < linear - 1e-3
        waited += loads.patient.sum()
    assert below > 5
    assert (waited > 0) == (patience == PATIENT)


@pytest.mark.parametrize("patience", [IMPATIENT, PATIENT])
def test_what_a_rule_earns_less_what_it_pays_is_never_above_the_relaxed_value(patience: dict[str, Any]):
    """On every workload, whatever was ready and whoever waited in the environment's own epochs."""
    scenario = load_scenario("diurnal-rack", **patience)
    workloads, params = draw_workloads(scenario, 16, seed=2), rack_params(scenario)
    rates = drawn_rates(scenario, np.random.default_rng(0))
    relaxed = Relaxed.of(Rack.of(params), rates, patience == PATIENT)
    differences = [relaxed.differences(Loads.of(params, workload)) for workload in workloads]
    above = 0
    for name, make in RULES.items():
        env = vector_of(SCALING, scenario, workloads)
        reward, paid, state = np.zeros(len(workloads)), np.zeros(len(workloads)), env.simulation.state
        ready, backlog = np.full(len(workloads), params.modules_at_start), np.zeros(len(workloads), dtype=np.int64)
        for epoch, step in enumerate(play(env, make(env), workloads=workloads)):
            reward += step.reward
            most = differences[0].shape[2] - 1  # more who wait are as many as can be served
            paid += [of[epoch, now, min(left, most)] for of, now, left in zip(differences, ready, backlog, strict=True)]
            if epoch + 1 < params.episode_epochs:  # what is ready and who has waited as the next one begins
                ready = state.counters[:, N_READY].copy()
                backlog = state.counters[:, N_PENDING] - state.arrived_in[:, epoch + 1]
        env.close()
        assert (reward - paid <= relaxed.value + 1e-6).all(), name
        above += (reward > relaxed.value).sum()
        assert (backlog.max() > 0) or patience == IMPATIENT
    assert above > 0


@pytest.mark.parametrize(
    ("preset", "unknown"),
    [("diurnal-rack", "loads"), ("feeder-rack", "loads; crowds told"), ("feeder-rack-b", "loads; crowds told")],
)
def test_no_rule_earns_more_on_average(preset: str, unknown: str):
    scenario = load_scenario(preset)
    workloads = draw_workloads(scenario, 12, seed=3)
    bounds = bounds_of_racks(scenario, workloads, draws=200)
    hindsight = np.array([most_earned(scenario, workload) for workload in workloads])
    assert relaxation(scenario) == (unknown, None)
    assert bounds.mean() < hindsight.mean() - 10.0
    rules = RULES if preset == "diurnal-rack" else {"threshold": RULES["threshold"], "told": Told}
    played = {name: earned(make, scenario, workloads).reward.mean() for name, make in rules.items()}
    assert max(played.values()) <= bounds.mean()
    assert max(played.values()) > 0.95 * bounds.mean()


def test_rates_are_those_of_drawn_workloads():
    day = {"kind": "diurnal", "rate_per_s": 2.0, "amplitude": 0.8, "period_s": 31.0, "phase_rad": 1.0}
    for arrivals in (day, {"kind": "poisson", "rate_per_s": 3.0}):
        scenario = load_scenario("diurnal-rack", **{"epoch.episode_epochs": 12, "workload.arrivals": arrivals})
        params = rack_params(scenario)
        come = np.array([sum(Loads.of(params, workload)) for workload in draw_workloads(scenario, 3000)])
        rates = drawn_rates(scenario, np.random.default_rng(0))
        assert (np.abs(come.mean(axis=0) - rates) < 4.5 * np.sqrt(rates / len(come))).all()
        assert np.ptp(rates) > 5.0 or arrivals["kind"] == "poisson"


def test_crowds_and_times_of_day_that_are_drawn_bring_the_loads_of_drawn_workloads():
    """Mean, and what loads of neighbouring epochs have in common, which is that of rates."""
    day = {"workload.arrivals": {"kind": "diurnal", "rate_per_s": 3.0, "amplitude": 0.8, "period_s": 400.0}}
    shares = {"workload.arrivals.shares": [0.5, 0.0, 2.0, 0.0, 1.0, 0.0]}
    for preset, changed in (("feeder-rack", shares), ("diurnal-rack", day)):
        scenario = load_scenario(preset, **({"epoch.episode_epochs": 20} | changed))
        params, rng = rack_params(scenario), np.random.default_rng(4)
        come = np.array([sum(Loads.of(params, workload)) for workload in draw_workloads(scenario, 3000, seed=1)])
        rates = np.array([drawn_rates(scenario, rng) for _ in range(3000)])
        for of in (lambda one: one.mean(axis=1), lambda one: one[:, 0] * one[:, 1], lambda one: one[:, 3] * one[:, 13]):
            of_loads, of_rates = of(come), of(rates)
            error = np.hypot(of_loads.std(), of_rates.std()) / np.sqrt(3000)
            assert abs(of_loads.mean() - of_rates.mean()) < 4.0 * error
        assert rates.std() > 0.3 * rates.mean()


@pytest.mark.parametrize("patience", [IMPATIENT, PATIENT])
def test_what_knowing_the_loads_is_worth_is_of_a_seed_and_more_than_nothing(patience: dict[str, Any]):
    scenario = load_scenario("feeder-rack", **({"epoch.episode_epochs": 40} | patience))
    few = worth_of_loads(scenario, draws=40)
    assert few == worth_of_loads(scenario, draws=40)
    assert few != worth_of_loads(scenario, draws=40, seed=1)
    assert few.mean > 0.0
    with pytest.raises(ValueError, match="draws = 1: must be at least 2"):
        worth_of_loads(scenario, draws=1)


def test_worths_of_other_seeds_differ_by_their_standard_errors():
    scenario = load_scenario("feeder-rack", **{"epoch.episode_epochs": 60})
    found = [worth_of_loads(scenario, draws=100, seed=seed) for seed in range(30)]
    means, errors = np.array([one.mean for one in found]), np.array([one.standard_error for one in found])
    assert 0.6 < means.std(ddof=1) / np.sqrt((errors**2).mean()) < 1.5


def test_drawn_episodes_are_as_workloads_are():
    """Clairvoyants of drawn workloads less the worth of their loads are the relaxed problem's value, on average."""
    scenario, episodes = load_scenario("feeder-rack", **{"epoch.episode_epochs": 40}), 1500
    bounds = bounds_of_racks(scenario, draw_workloads(scenario, episodes, seed=5), draws=300)
    rack, rng = Rack.of(rack_params(scenario)), np.random.default_rng(6)
    values = np.array([Relaxed.of(rack, drawn_rates(scenario, rng), False).value for _ in range(episodes)])
    error = np.hypot(bounds.std(), values.std()) / np.sqrt(episodes)
    assert abs(bounds.mean() - values.mean()) < 4.0 * error
    assert error < 0.05 * values.mean()


@pytest.mark.parametrize(
    ("preset", "changed", "why"),
    [
        ("grouped-rack", {}, "arrivals are 'diurnal_bursts'"),
        ("grouped-rack", {"workload.arrivals": {"kind": "poisson", "rate_per_s": 1.0}}, "sizes of groups are chosen"),
        (
            "feeder-rack",
            {"workload.latency_requirement_s": {"low": 20.0, "high": 20.0}},
            "requests have not all one epoch, or all two",
        ),
        (
            "feeder-rack",
            {"workload.latency_requirement_s": {"low": 12.0, "high": 12.0}},
            "requests have not all one epoch, or all two",
        ),
        ("feeder-rack", {"workload.accuracy_requirement": {"low": 0.0, "high": 1.0}}, "some requests are never served"),
    ],
)
def test_elsewhere_the_planner_is_told_everything(preset: str, changed: dict[str, Any], why: str):
    scenario = load_scenario(preset, **({"epoch.episode_epochs": 20} | changed))
    workloads = draw_workloads(scenario, 2)
    assert relaxation(scenario) == (None, why)
    assert bounds_of_racks(scenario, workloads).tolist() == [most_earned(scenario, one) for one in workloads]


def test_who_waits_for_longer_and_what_else_is_paid_for_is_refused():
    scenario = load_scenario("feeder-rack", **{"workload.latency_requirement_s": {"low": 20.0, "high": 20.0}})
    with pytest.raises(ValueError, match="can be served in 3 epochs, must be in at most 2"):
        Loads.of(rack_params(scenario), draw_workloads(scenario, 1)[0])
    with pytest.raises(ValueError, match=r"group_sizes = \[1, 2, 4\]: must be one size"):
        Rack.of(rack_params(load_scenario("grouped-rack")))
    scenario = load_scenario("feeder-rack", **{"reward.expired": -0.1})
    with pytest.raises(ScenarioError, match=r"reward.expired = -0.1: must be 0"):
        bounds_of_racks(scenario, draw_workloads(scenario, 1))
