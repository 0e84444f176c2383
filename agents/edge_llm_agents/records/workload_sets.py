"""The workloads that every policy of a scenario plays, known by their hash."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge_llm_agents.records.hashes import workloads_sha256
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.workload import Workload


class WorkloadSet(NamedTuple):
    """The first workloads of a stream of a scenario; small to send, drawn where they are played."""

    scenario: Scenario
    episodes: int
    seed: int
    stream: Stream
    sha256: str

    @classmethod
    def of(cls, scenario: Scenario, episodes: int, seed: int, stream: Stream = Stream.EVALUATION) -> WorkloadSet:
        """That many workloads; ValueError for fewer than one."""
        return cls(scenario, episodes, seed, stream, workloads_sha256(draw_workloads(scenario, episodes, seed, stream)))

    def draw(self) -> list[Workload]:
        """The workloads; ValueError where they come out otherwise than where the set was made."""
        workloads = draw_workloads(self.scenario, self.episodes, self.seed, self.stream)
        if (found := workloads_sha256(workloads)) != self.sha256:
            raise ValueError(
                f"workloads of {self.scenario.name}: have the hash {found[:12]} here, must be {self.sha256[:12]}"
            )
        return workloads

    def identity(self) -> dict[str, Any]:
        """What of a cell's identity they are."""
        return {
            "scenario_fingerprint": self.scenario.fingerprint(),
            "episodes": self.episodes,
            "workload_seed": self.seed,
            "workloads_sha256": self.sha256,
        }
