"""The baselines of the environment that divides the bands."""

from __future__ import annotations

from collections.abc import Sequence

from edge_llm_baselines.allocation.bandwidth import (
    EqualFinishingTime,
    EqualShare,
    EqualValues,
    MinimumShares,
    WaterFilling,
)
from edge_llm_baselines.allocation.policy import AllocationPolicy
from edge_llm_baselines.hindsight.bands import hindsight_of_bands
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.play import MakePolicy
from edge_llm_baselines.playing.remembering import once_a_scenario
from edge_llm_baselines.registry.baseline import RANDOM, Baseline, Baselines, Tunable, allocating
from edge_llm_baselines.registry.batches import DISCOUNT, looks_ahead, within_epoch
from edge_llm_baselines.uploads.hindsight import upload_bounds
from edge_llm_baselines.uploads.predictive import PredictiveUploads, tune_uploads
from edge_llm_baselines.uploads.stopping import OptimalStopping, tune_price
from edge_llm_baselines.uploads.table import UPLOAD_RULES
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.workload import Workload


def carried_over(scenario: Scenario) -> bool:
    """Whether what was sent of an upload stays sent."""
    return not within_epoch(scenario)


def _uploads(scenario: Scenario, seed: int) -> list[float] | None:
    return tune_uploads(scenario, seed) if carried_over(scenario) else None


UPLOADS = Tunable("uploads", _uploads)
"""α and β of the predictive rule of uploads."""


def along_road(scenario: Scenario) -> bool:
    """Whether uploads carry over of users who drive along a road."""
    return carried_over(scenario) and scenario.radio.road is not None


def _price(scenario: Scenario, seed: int) -> float | None:
    return tune_price(scenario, seed) if along_road(scenario) else None


PRICE = Tunable("price", _price)
"""λ of the rule of optimal stopping: of a whole uplink."""


def bounds_of_bands(scenario: Scenario, workloads: Sequence[Workload]) -> HindsightBounds:
    """Hindsight where bands are divided; within an epoch, its bound is that of batches, and its schedule serves no less
    than the best rule, tuned with seed 0.
    """
    if within_epoch(scenario):
        return hindsight_of_bands(scenario, workloads, _tuned_rules_of_bands(scenario))
    return upload_bounds(scenario, workloads)


@once_a_scenario
def _tuned_rules_of_bands(scenario: Scenario) -> list[MakePolicy]:
    return OF_BANDS.all_tuned(scenario)


OF_BANDS = Baselines(
    oracle="minimum-shares",
    rules={
        "minimum-shares": allocating("MinimumShares", MinimumShares),
        "equal-values": allocating("equal values", EqualValues),
        "equal": allocating("equal", EqualShare, within_epoch),
        "equal-finishing-time": allocating("equal finishing time", EqualFinishingTime, within_epoch),
        "water-filling": allocating("water-filling", WaterFilling, within_epoch),
        "look-ahead": Baseline(
            "look-ahead, least shares",
            lambda env, seed, tuned: AllocationPolicy(MinimumShares(looks_ahead(env, tuned)), env),
            DISCOUNT,
        ),
        "predictive": Baseline(
            "predictive",
            lambda env, seed, tuned: AllocationPolicy(PredictiveUploads(*tuned), env),
            UPLOADS,
            plays=carried_over,
        ),
        "stopping": Baseline(
            "optimal stopping",
            lambda env, seed, tuned: AllocationPolicy(OptimalStopping(tuned, env.unwrapped.scenario), env),
            PRICE,
            plays=along_road,
        ),
        **{key: allocating(name, make, carried_over) for key, (name, make) in UPLOAD_RULES.items()},
        "random": RANDOM,
    },
    hindsight=bounds_of_bands,
)
