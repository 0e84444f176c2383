"""Learned policies of several training seeds: in the suite one is a set of policy files, one per seed."""

from __future__ import annotations

import re
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_llm_agents.allocations.levels import LearnedLevels
from edge_llm_agents.allocations.policy import LearnedAllocation
from edge_llm_agents.allocations.search import AllocationSettings
from edge_llm_agents.calls.engine import LearnedOrder
from edge_llm_agents.calls.policy import LearnedCalls
from edge_llm_agents.calls.search import CallSettings
from edge_llm_agents.evaluation.judges import judge_of
from edge_llm_agents.evaluation.judging import CHECK_EPISODES
from edge_llm_agents.leaderboard.policies.saved_file import SavedFile
from edge_llm_agents.masked_ppo.admission_policy import AdmissionPolicy
from edge_llm_agents.masked_ppo.settings import TrainingSettings
from edge_llm_agents.placement.fitting import PlacementSettings
from edge_llm_agents.placement.policy import LearnedPlacement
from edge_llm_agents.placement.search import PlacementSearchSettings
from edge_llm_agents.placement.searched import SearchedPlacement
from edge_llm_agents.pretrained.saved_policies import Card, kind_of, load_policy, save_policy
from edge_llm_agents.pretrained.shipped import policies_for
from edge_llm_agents.racks.learning import RackSettings
from edge_llm_agents.racks.policy import LearnedRack
from edge_llm_agents.records.cells import PREPARATION, Cell, read_cell
from edge_llm_agents.records.hashes import code_sha256, combined_sha256
from edge_llm_agents.records.record import LEARNING
from edge_llm_agents.records.workload_sets import WorkloadSet
from edge_llm_agents.scheduling.policy import LearnedScheduler
from edge_llm_agents.scheduling.search import SchedulerSettings
from edge_llm_agents.seeded import admission
from edge_llm_agents.seeded.learners import Settings
from edge_llm_agents.seeded.runs import Trained
from edge_llm_agents.seeded.training import train_seeds
from edge_llm_agents.structured.policy import StructuredPolicy
from edge_llm_agents.structured.settings import StructuredSettings
from edge_llm_agents.tasks.fitting import SignalSettings
from edge_llm_agents.tasks.policy import LearnedTasks
from edge_llm_agents.uploads.policy import LearnedUploads
from edge_llm_agents.uploads.search import UploadSettings
from edge_llm_agents.value_search.cross_entropy import CrossEntropySettings
from edge_llm_agents.value_search.features import PLAIN_FEATURE_SETS
from edge_llm_agents.value_search.policy import ValuePolicy
from edge_llm_agents.value_search.search import SearchSettings
from edge_llm_env.envs.suite import BANDWIDTH, COMPUTE, JOINT
from edge_llm_env.scenarios import Scenario
from edge_llm_env.support.naming import shown

ENTRIES = {
    ValuePolicy.env_id: ("value function", "value"),
    AdmissionPolicy.env_id: ("admission policy", "batching"),
    BANDWIDTH: ("learned allocation", "bandwidth"),
    COMPUTE: ("learned allocation", "compute"),
    JOINT: ("learned allocation", "joint"),
    LearnedLevels.env_id: ("learned levels", "levels"),
    LearnedScheduler.env_id: ("learned scheduler", "continuous"),
    LearnedPlacement.env_id: ("learned placement", "multinode"),
    LearnedRack.env_id: ("learned rack", "scaling"),
}
"""By environment, what the suite calls a scenario's own policy of the package, and how its file's name begins."""

Searches = AllocationSettings | SchedulerSettings | UploadSettings | CallSettings | PlacementSearchSettings

SEARCHED_BY: dict[type, type[Searches]] = {
    LearnedAllocation: AllocationSettings,
    LearnedLevels: AllocationSettings,
    LearnedScheduler: SchedulerSettings,
    LearnedUploads: UploadSettings,
    LearnedCalls: CallSettings,
    LearnedOrder: CallSettings,
    SearchedPlacement: PlacementSearchSettings,
}
"""Settings of policies that the cross-entropy method finds from a rule on, by their type."""

TRAINING = "training "
"""How the names of cells that train begin."""

ENOUGH_SEEDS = 5
"""Training seeds below which little can be said of a way to learn."""


@dataclass(frozen=True)
class Training:
    """Training anew what a policy of the package was trained for, with one seed, as a job of the suite."""

    shipped: str
    """Name of the package's policy, whose card has the hyperparameters."""
    seed: int
    workload_set: WorkloadSet
    """The workloads that its card checks the policy on."""

    @classmethod
    def of(cls, scenario: Scenario, seeds: int) -> list[Training]:
        """For a scenario and each seed from 0 on; none where the package has no policy for it."""
        workload_set = WorkloadSet.of(scenario, CHECK_EPISODES, 0)
        return [cls(name, seed, workload_set) for name in policies_for(scenario) for seed in range(seeds)]

    @property
    def cell(self) -> Cell:
        """The cell."""
        return Cell(PREPARATION, self.workload_set.scenario.name, f"{TRAINING}{self.shipped}", self.seed)

    def identity(self) -> dict[str, Any]:
        """What the policy follows from."""
        code = code_sha256("edge_llm_agents.seeded.admission", "edge_llm_agents.seeded.training")
        settings = settings_of(self.shipped, self.seed)
        policy_sha256 = combined_sha256(code, str(settings), str(self.seed))
        return self.workload_set.identity() | {"policy_sha256": policy_sha256}

    @property
    def packages(self) -> tuple[str, ...]:
        """Those that learn, where they do."""
        learns = TrainingSettings | PlacementSettings | PlacementSearchSettings | SignalSettings | StructuredSettings
        return LEARNING if isinstance(settings_of(self.shipped, self.seed), learns) else ()

    def results(self) -> dict[str, Any]:
        """The policy and its card."""
        (trained,) = self._trained()
        content = load_policy(self.shipped)[1].content  # a scenario that is no preset goes with the card
        arrays = {
            name: {"dtype": str(array.dtype), "values": array.tolist()}
            for name, array in trained.policy.arrays().items()
        }
        return {
            "environment": trained.policy.env_id,
            "description": trained.policy.description(),
            "arrays": arrays,
            "card": asdict(replace(trained.card, content=content)),
        }

    def _trained(self) -> list[Trained]:
        """The run of the one seed, judged on the check's workloads."""
        policy, card = load_policy(self.shipped)
        settings, seeds = settings_of(self.shipped, self.seed), [self.seed]
        judge = judge_of(policy.env_id, policy.scenario, CHECK_EPISODES)
        if not isinstance(settings, TrainingSettings):
            return list(train_seeds(card.scenario, card.overrides, settings, seeds, judge))
        with tempfile.TemporaryDirectory() as run_dir:
            return list(admission.train_seeds(settings, seeds, Path(run_dir) / "run", judge))

    def path(self, folder: Path) -> Path:
        """Where the policy lies below the folder of the suite, without suffix."""
        return folder / "policies" / f"{self.shipped}-seed{self.seed}"

    def save(self, folder: Path) -> None:
        """Write the policy of the finished cell."""
        record = read_cell(self.cell.path(folder))
        arrays = {name: np.array(one["values"], dtype=one["dtype"]) for name, one in record["arrays"].items()}
        kind = kind_of(record["description"] | {"environment": record["environment"]})
        assert kind is not None  # as it was trained
        policy = kind.from_card(record["description"], arrays, self.workload_set.scenario)
        save_policy(policy, Card(**record["card"]), self.path(folder))


def saved_sources(env_id: str, scenario: Scenario, folder: Path) -> dict[str, list[SavedFile]]:
    """The package's policies for an environment and a scenario by their names in the suite, each a file per seed.

    Where some have been trained below the folder of the suite, these; else the one of the package.
    """
    trained = policies_for(scenario, folder / "policies")
    sources = {}
    for shipped in policies_for(scenario):
        if load_policy(shipped)[0].env_id != env_id:
            continue
        seeds = sorted(
            int(name.rpartition("-seed")[2]) for name in trained if re.fullmatch(rf"{shipped}-seed\d+", name)
        )
        files = [str((folder / "policies").resolve() / f"{shipped}-seed{seed}") for seed in seeds] or [shipped]
        entry, begins = ENTRIES[env_id]
        sources[entry if shipped == f"{begins}-{scenario.name}" else shipped] = [SavedFile(file) for file in files]
    return sources


def settings_of(shipped: str, seed: int) -> Settings | TrainingSettings:
    """How a policy of the package was trained, by its card; what a value function sees, by the policy itself.

    Raises ValueError for one that sees what no set of features has.
    """
    policy, card = load_policy(shipped)
    if isinstance(policy, AdmissionPolicy):
        return TrainingSettings(**(card.hyperparameters | {"scenario": card.scenario, "seed": seed}))
    if isinstance(policy, LearnedRack):
        searched = {name: tuple(card.hyperparameters[name]) for name in ("ridges", "cautions")}
        return RackSettings(**(card.hyperparameters | searched))
    if isinstance(policy, LearnedPlacement):
        return PlacementSettings(**card.hyperparameters)
    if isinstance(policy, LearnedTasks):
        return SignalSettings(**card.hyperparameters)
    loads = {"loads": tuple(card.hyperparameters.get("loads", (1.0,)))}
    if isinstance(policy, StructuredPolicy):
        return StructuredSettings(**(card.hyperparameters | loads))
    cross_entropy = CrossEntropySettings(**card.hyperparameters["cross_entropy"])
    if not isinstance(policy, ValuePolicy):
        return SEARCHED_BY[type(policy)](**(card.hyperparameters | {"cross_entropy": cross_entropy}))
    function = policy.function
    names = [name for name, features in PLAIN_FEATURE_SETS.items() if tuple(features) == function.features]
    if not names:
        raise ValueError(f"policy = {shown(shipped)}: sees features that are of no set, so it cannot be trained again")
    seen = {"features": names[0], "levels": function.levels, "cross_entropy": cross_entropy}
    return SearchSettings(**(card.hyperparameters | loads | seen))
