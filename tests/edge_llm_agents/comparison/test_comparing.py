"""`compare`: who takes part, by name, file and object, on the same workloads; and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from stable_baselines3 import SAC

from edge_llm_agents import EdgeVecEnv, compare
from edge_llm_agents.comparison.comparing import ComparisonInterrupted
from edge_llm_agents.comparison.contestants import Field
from edge_llm_agents.evaluation.models import DoesNotPlayError
from edge_llm_agents.evaluation.progress import Progress
from edge_llm_agents.training.models import new_model
from edge_llm_baselines import DFTSP, EpochPolicy, MinimumShares
from edge_llm_baselines.rules.heuristics import ShortestJobFirst
from edge_llm_env import load_scenario
from edge_llm_env.envs.suite import COMPUTE
from tests.edge_llm_agents.comparison.roll_outs import SHORT

SMALL: dict[str, Any] = {"episodes": 3, "hindsight_episodes": 0}


def served(comparison: Any) -> dict[str, list[int]]:
    return {record["policy"]: record["served_per_episode"] for record in comparison.to_dict()["policies"]}


def test_all_that_there_is_takes_part_by_default() -> None:
    found = served(compare(scenario="carry-over", episodes=1, hindsight_episodes=0))
    rules = {"DFTSP", "look-ahead", "shortest job first", "random order", "first come first served"}
    assert found.keys() > rules | {"value-carry-over", "batching-carry-over"}
    assert "value-carry-over-10" not in found


def test_twice_it_is_the_same() -> None:
    first, second = (compare(["random", "sjf"], SHORT, **SMALL) for _ in range(2))
    assert served(first) == served(second)


def test_names_are_keys_or_names_of_rules_and_the_oracle_always_plays() -> None:
    found = compare(["sjf", "first come first served"], SHORT, **SMALL)
    assert served(found).keys() == {"DFTSP", "shortest job first", "first come first served"}
    assert found.kinds["DFTSP"] == "oracle"
    assert compare("oracle", SHORT, **SMALL).policies[0]["percent_of_oracle"] == 100.0
    twice = compare(["sjf", "shortest job first", "dftsp"], SHORT, **SMALL)
    assert served(twice).keys() == {"DFTSP", "shortest job first"}


def test_a_wrong_name_does_not_wait_until_rules_are_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    def tuned(field: Field, tunable: Any) -> None:
        raise AssertionError(tunable)

    monkeypatch.setattr(Field, "_tuned_of", tuned)
    with pytest.raises(ValueError, match="policy = 'nobody': must be one of"):
        compare(["all", "nobody"], SHORT, **SMALL)


def test_tuning_is_told_rule_by_rule() -> None:
    heard: list[Progress] = []
    scenario = load_scenario("accuracy-tiers", **{"epoch.episode_epochs": 3})
    compare("all", scenario, env_id=COMPUTE, report=heard.append, **SMALL)
    told = [(one.done, one.total, one.what) for one in heard if one.part == "tuning"]
    assert [what for *_, what in told if what] == ["partition", "threshold", "plan"]
    assert [(done, total) for done, total, _ in told] == [(0, 3), (1, 3), (1, 3), (2, 3), (2, 3), (3, 3)]


def test_solvers_policies_models_and_functions_are_taken_as_objects() -> None:
    model = MaskablePPO("MlpPolicy", EdgeVecEnv("EdgeLLM/Batching-v0", 1, SHORT), seed=0, device="cpu")
    found = served(
        compare(
            {
                "a solver": ShortestJobFirst(),
                "a function": lambda env: EpochPolicy(DFTSP(), env),
                "a model": model,
                "a rule": "sjf",
            },
            SHORT,
            **SMALL,
        )
    )
    assert found["a function"] == found["DFTSP"]
    assert found["a solver"] == found["a rule"]
    assert sum(found["a model"]) > 0


def test_a_zip_says_its_class_where_it_is_not_the_environments_own(tmp_path: Path) -> None:
    scenario = load_scenario("embedding-uplink", **{"epoch.episode_epochs": 4})
    model = new_model("EdgeLLM/Bandwidth-v0", scenario, "sac")
    assert isinstance(model, SAC)
    model.save(tmp_path / "mine.zip")
    policies = {"learned": f"SAC@{tmp_path / 'mine.zip'}", "least shares": MinimumShares(ShortestJobFirst())}
    with pytest.raises(ValueError, match=r"mine.zip': a .zip is unpickled, which can run any code: --unpickle"):
        compare(policies, scenario, env_id="EdgeLLM/Bandwidth-v0", **SMALL)
    found = served(compare(policies, scenario, env_id="EdgeLLM/Bandwidth-v0", unpickle=True, **SMALL))
    assert found.keys() == {"MinimumShares", "learned", "least shares"}
    with pytest.raises(ValueError, match="policy's class = 'SACK': must be one of"):
        compare(f"SACK@{tmp_path / 'mine.zip'}", scenario, env_id="EdgeLLM/Bandwidth-v0", **SMALL)


def test_hindsight_is_of_the_environments_that_have_it() -> None:
    batches = compare("sjf", SHORT, episodes=2, hindsight_episodes=1)
    assert served(batches)["hindsight bound"] >= served(batches)["hindsight schedule"] >= [0]
    assert len(served(batches)["hindsight bound"]) == 1
    modules = load_scenario("accuracy-tiers", **{"epoch.episode_epochs": 3, "node.modules": 3})
    joint = served(compare("equal", modules, env_id="EdgeLLM/Joint-v0", episodes=2, hindsight_episodes=1))
    assert joint["hindsight bound"] >= joint["hindsight schedule"] >= max(joint["BestJoint"][:1], joint["equal"][:1])


@pytest.mark.parametrize(
    ("policies", "options", "message"),
    [
        ("dftps", {}, "did you mean 'dftsp'"),
        ("missing.zip", {}, "policy = 'missing.zip': there is no such file"),
        (3, {}, "policy = 3: must be a name, a file, a policy"),
        ({"DFTSP": "sjf"}, {}, "two are called 'DFTSP'"),
        (None, {"episodes": 0}, "episodes = 0: must be at least 1"),
        (None, {"hindsight_episodes": -1}, "hindsight_episodes = -1: must be at least 0"),
        (None, {"env_id": "EdgeLLM/Batch-v0"}, "did you mean 'EdgeLLM/Batching-v0'"),
        (None, {"sweep": {}}, "must have one field of the scenario"),
        (None, {"sweep": {"workload.arrivals.rate_per_s": []}}, "must have at least one value"),
    ],
)
def test_what_is_wrong_is_said(policies: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(policies, SHORT, **(SMALL | options))


def test_a_saved_policy_of_another_environment_or_scenario_is_refused() -> None:
    with pytest.raises(DoesNotPlayError, match="is for EdgeLLM/Batching-v0, not for EdgeLLM/BatchSelection-v0"):
        compare("batching-carry-over", "carry-over", env_id="EdgeLLM/BatchSelection-v0", **SMALL)
    with pytest.raises(DoesNotPlayError, match="ShortestJobFirst: chooses batches, and EdgeLLM/Bandwidth-v0 divides"):
        compare(ShortestJobFirst(), "embedding-uplink", env_id="EdgeLLM/Bandwidth-v0", episodes=1, hindsight_episodes=0)
    with pytest.raises(ValueError, match="is for scenario 'carry-over'"):
        compare("value-carry-over", "bursty", **SMALL)


def interrupting(part: str, at: int) -> Any:
    """A report that Ctrl-C comes to when so much of a part is done."""

    def report(progress: Progress) -> None:
        if (progress.part, progress.done) == (part, at):
            raise KeyboardInterrupt

    return report


def test_ctrl_c_leaves_what_was_finished() -> None:
    rules = ["sjf", "fcfs", "nob"]
    with pytest.raises(ComparisonInterrupted) as interruption:
        compare(rules, SHORT, report=interrupting("playing", 2), **SMALL)
    found = interruption.value.comparison
    assert served(found).keys() == {"DFTSP", "shortest job first"}
    whole = served(compare(rules, SHORT, **SMALL))
    assert served(found).items() <= whole.items()


def test_ctrl_c_in_hindsight_leaves_the_workloads_that_were_optimised() -> None:
    with pytest.raises(ComparisonInterrupted) as interruption:
        compare("sjf", SHORT, episodes=3, hindsight_episodes=3, report=interrupting("hindsight", 1))
    assert len(served(interruption.value.comparison)["hindsight bound"]) == 1


def test_ctrl_c_before_the_oracle_has_played_leaves_nothing() -> None:
    with pytest.raises(KeyboardInterrupt) as interruption:
        compare("sjf", SHORT, report=interrupting("playing", 0), **SMALL)
    assert not isinstance(interruption.value, ComparisonInterrupted)


def test_a_policy_of_anybody_is_played_with_its_observations() -> None:
    class Idle:
        def predict(self, observation: Any, state: Any = None, episode_start: Any = None, deterministic: bool = True):
            return np.full(len(observation), SHORT.epoch.visible_slots), state

    found = served(compare(Idle(), SHORT, **SMALL))
    assert found["Idle"] == [0, 0, 0]
