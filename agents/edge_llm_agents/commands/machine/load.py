"""`edge-llm load`: a workload of the suite sent to a server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Load:
    """Send workloads to a server in real time, as edge-llm serve is one, and print what was served on time."""

    url: str = "http://127.0.0.1:8000"
    """Where it listens."""
    machine: Path = Path("results/machine")
    """Folder that edge-llm calibrate wrote: the workload is that of a scenario on it."""
    by: Literal["iterations", "epochs"] = "iterations"
    """As of edge-llm serve: what counts as on time is both objectives of a request's class, or its deadline."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; if not given, the one scaled to the machine."""
    margin: float | None = None
    """As of edge-llm serve: objectives and deadlines of the scaled scenario are longer by it."""
    episodes: int = 1
    """Workloads, one after another."""
    seed: int = 0
    """Seeds them."""
    seconds: float = 30.0
    """Of an episode."""
    load: float = 1.5
    """Arrivals of the scaled scenario, as a multiple of what the machine gets done."""
    model: str = "edge-llm"
    """What the model is called."""
    label: str = "server"
    """What the row of the table is called: the policy that the server schedules by."""

    def run(self) -> int:
        """Send and print; the exit status."""
        import httpx  # noqa: F401 (before anything is read)

        from edge_llm_agents.commands.bars import Bars
        from edge_llm_agents.evaluation.progress import Progress
        from edge_llm_agents.machine.calibration.folder import margin_on
        from edge_llm_agents.machine.loading.client import send
        from edge_llm_agents.machine.loading.summary import table
        from edge_llm_agents.machine.planning.epochs import planned_on
        from edge_llm_agents.machine.planning.iterations import iterations_on
        from edge_llm_env.workload.streams import draw_workloads

        planned = planned_on if self.by == "epochs" else iterations_on
        margin = margin_on(self.machine, self.margin)
        scenario = planned(self.machine, self.machine / "load", margin, self.scenario, self.seconds, self.load)
        sent = []
        with Bars() as bars:
            for done, workload in enumerate(draw_workloads(scenario, self.episodes, self.seed)):
                bars(Progress("episodes sent", done, self.episodes, f"{workload.requests} requests"))
                sent.append((workload, send(self.url, self.model, workload)))
        print(table(self.label, scenario, self.by, sent).text())
        return 0
