"""The tapes that every policy of a scenario plays, known by their hash."""

from __future__ import annotations

from typing import Any, NamedTuple

from agents.suite.hashes import tapes_sha256
from edge_llm_env.scenarios import Scenario
from edge_llm_env.workload.streams import Stream, draw_workloads
from edge_llm_env.workload.tape import Workload


class TapeSet(NamedTuple):
    """The first tapes of a stream of a scenario; small to send, drawn where they are played."""

    scenario: Scenario
    tapes: int
    seed: int
    stream: Stream
    sha256: str

    @classmethod
    def of(cls, scenario: Scenario, tapes: int, seed: int, stream: Stream = Stream.EVALUATION) -> TapeSet:
        """That many tapes; ValueError for fewer than one."""
        return cls(scenario, tapes, seed, stream, tapes_sha256(draw_workloads(scenario, tapes, seed, stream)))

    def draw(self) -> list[Workload]:
        """The tapes; ValueError where they come out otherwise than where the set was made."""
        workloads = draw_workloads(self.scenario, self.tapes, self.seed, self.stream)
        if (found := tapes_sha256(workloads)) != self.sha256:
            raise ValueError(
                f"tapes of {self.scenario.name}: have the hash {found[:12]} here, must be {self.sha256[:12]}"
            )
        return workloads

    def identity(self) -> dict[str, Any]:
        """What of a cell's identity they are."""
        return {
            "scenario_fingerprint": self.scenario.fingerprint(),
            "tapes": self.tapes,
            "tape_seed": self.seed,
            "tapes_sha256": self.sha256,
        }
