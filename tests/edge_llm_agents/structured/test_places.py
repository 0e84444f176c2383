"""Learning at several loads and with several models at once."""

import numpy as np
import pytest

from edge_llm_agents.evaluation.playing import evaluate_solver, evaluate_values
from edge_llm_agents.structured.learning import learn_worths, look_ahead_base
from edge_llm_agents.structured.places import percent_of_dftsp, places_of
from edge_llm_agents.structured.policy import StructuredPolicy, new_network
from edge_llm_agents.structured.settings import TEACHERS, StructuredSettings, Teacher
from edge_llm_baselines import DFTSP
from edge_llm_env import load_scenario

SCENARIO = load_scenario("carry-over", **{"epoch.episode_epochs": 6})
SETTINGS = StructuredSettings(
    loads=(1.0, 2.0),
    decoders={"opt-13b": 0.5},
    rounds=1,
    episodes=6,
    rows=4,
    copies=2,
    horizon_epochs=3,
    width=8,
    validation_episodes=6,
    batch_size=8,
)


def test_places_are_the_loads_and_the_models_with_as_many_workloads_each() -> None:
    places = places_of(SCENARIO, SETTINGS, 0)
    found = [(one.scenario.node.decoder, one.scenario.workload.arrivals.rate_per_s, one.episodes) for one in places]
    assert found == [("bloom-3b", 5.0, 2), ("bloom-3b", 10.0, 2), ("opt-13b", 2.5, 2)]
    assert [len(part) for part in places[0].in_parts(0, 1, rows=1)] == [1, 1]
    assert [len(one.validation) for one in places] == [2, 2, 2]


def test_validation_is_the_mean_over_places() -> None:
    base = look_ahead_base(SCENARIO, "waiting", 0)
    policy, places = (
        StructuredPolicy(base, new_network(base, 8, "deep-set"), "deep-set"),
        places_of(SCENARIO, SETTINGS, 0),
    )
    percents = []
    for place in places:
        here = policy.for_scenario(place.scenario)
        served = evaluate_values(here, place.scenario, place.validation).served.sum()
        percents.append(100.0 * served / evaluate_solver(DFTSP(), place.scenario, place.validation).served.sum())
    assert percent_of_dftsp(policy, places) == pytest.approx(np.mean(percents), rel=1e-12)


@pytest.mark.parametrize("teacher", TEACHERS)
def test_equal_seeds_learn_the_same_in_all_places(teacher: Teacher) -> None:
    base = look_ahead_base(SCENARIO, "waiting", 0)
    settings = StructuredSettings(**{**vars(SETTINGS), "teacher": teacher})
    first, again = (learn_worths(base, settings, 0) for _ in range(2))
    assert first.curve == again.curve
    assert first.epoch_steps == 3 * 2 * 6 * (1 if teacher == "schedules" else 3)
    alone = learn_worths(base, StructuredSettings(**{**vars(settings), "loads": (1.0,), "decoders": {}}), 0)
    assert alone.curve != first.curve


def test_what_cannot_be_a_place_is_named() -> None:
    for changes in ({"loads": ()}, {"loads": (0.0,)}, {"decoders": {"opt-13b": -1.0}}, {"loads": (float("nan"),)}):
        with pytest.raises(ValueError, match="must be factors greater than 0"):
            StructuredSettings(**changes)
    with pytest.raises(ValueError, match="opt-13"):
        places_of(SCENARIO, StructuredSettings(decoders={"opt-13": 1.0}), 0)
    with pytest.raises(ValueError, match=r"bursty.*rate_per_s"):
        places_of(load_scenario("bursty"), StructuredSettings(loads=(2.0,)), 0)
