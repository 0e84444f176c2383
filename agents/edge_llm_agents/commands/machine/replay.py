"""`edge-llm replay`: policies' schedules, simulated and then taken on a real decoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_llm_env.support.outputs import OutputFile
from edge_llm_env.support.system.command_line import INTERRUPTED

POLICIES = {"epochs": ("dftsp", "sjf", "fcfs", "stb"), "iterations": ("cheapest", "edf", "sarathi", "static")}
"""Without others."""


@dataclass(frozen=True)
class Replay:
    """Play episodes in the simulator of a calibrated machine, then take the same decisions on its real decoder.

    Ctrl-C ends it; the same command goes on where it ended.
    """

    machine: Path = Path("results/machine")
    """Folder that edge-llm calibrate wrote."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file, put on the machine; if not given, one scaled to the machine."""
    by: Literal["epochs", "iterations"] = "epochs"
    """Whether batches of epochs are replayed, as policies of Batching-v0 choose them, or iterations, as schedulers of
    ContinuousBatching-v0 do."""
    policy: tuple[str, ...] = ()
    """Baselines by key, policies of the package by name, or paths without suffix; if not given, dftsp, sjf, fcfs and
    stb, or cheapest, edf, sarathi and static."""
    episodes: int = 5
    """Workloads that every policy plays."""
    repetitions: int = 1
    """How often each is taken on the machine."""
    seconds: float = 30.0
    """Of an episode."""
    margin: float | None = None
    """By which share of a batch's time the policies plan longer than was measured; if not given, by what
    its calibration was off by at most, and the machine slower in its slow rounds."""
    load: float = 1.5
    """Arrivals of the scaled scenario, as a multiple of what fits into its epochs."""
    seed: int = 0
    """Seeds the workloads."""
    results: OutputFile | None = None
    """File to write, and to go on from; if not given, results/replay.json or results/replay-iterations.json."""
    trace_out: OutputFile | None = None
    """File of Chromium trace events to write, of the first episode that is run, for Perfetto's viewer."""

    def run(self) -> int:
        """Replay, write and print; the exit status."""
        from edge_llm_agents.commands.bars import Bars
        from edge_llm_agents.evaluation.progress import Progress
        from edge_llm_agents.machine.calibration.folder import ENGINE, calibration_errors, margin_on, read_calibrated
        from edge_llm_agents.machine.clocks import CLOCKS
        from edge_llm_agents.machine.decoder import TorchDecoder
        from edge_llm_agents.machine.planning.epochs import planned_on
        from edge_llm_agents.machine.planning.iterations import iterations_on
        from edge_llm_agents.machine.replay.kinds import EPOCHS, ITERATIONS
        from edge_llm_agents.machine.replay.record import read_cells, summary
        from edge_llm_agents.machine.replay.replaying import replay
        from edge_llm_agents.machine.replay.tables import table
        from edge_llm_agents.machine.threads import pinned
        from edge_llm_env.inference.work import parameters
        from edge_llm_env.scenarios import load_scenario

        about = read_calibrated(self.machine)
        about.check_torch()
        margin = margin_on(self.machine, self.margin)
        file = self.results or Path("results", "replay.json" if self.by == "epochs" else "replay-iterations.json")
        planned, kind = (planned_on, EPOCHS) if self.by == "epochs" else (iterations_on, ITERATIONS)
        scenario = planned(self.machine, file.parent / "replay", margin, self.scenario, self.seconds, self.load)
        machine = load_scenario(scenario, **{"node.engine": str((self.machine / ENGINE).absolute())})
        settings = {
            "by": self.by,
            "scenario": scenario.fingerprint(),
            "epoch_s": scenario.epoch.epoch_s,
            "episode_epochs": scenario.epoch.episode_epochs,
            "rate_per_s": scenario.workload.arrivals.mean_rate_per_s,
            "margin": margin,
            "parameters": parameters(machine.decoder),
            "threads": about.threads,
            "clock": about.clock,
            "seed": self.seed,
        }
        status = 0
        with Bars() as bars, pinned(about.threads):
            decoder = TorchDecoder(
                machine.decoder,
                slots=scenario.epoch.visible_slots if self.by == "epochs" else scenario.iterations.running_slots,
                positions=scenario.context_tokens[1],
                device=about.torch_device,
            )
            try:
                replay(
                    kind,
                    scenario,
                    machine,
                    self.policy or POLICIES[self.by],
                    decoder,
                    CLOCKS[about.clock](),
                    episodes=self.episodes,
                    repetitions=self.repetitions,
                    seed=self.seed,
                    file=file,
                    settings=settings,
                    calibration=calibration_errors(self.machine),
                    trace_out=self.trace_out,
                    report=lambda done, total, what: bars(Progress("episodes replayed", done, total, what)),
                )
            except KeyboardInterrupt:
                status = INTERRUPTED
        record = {"summary": summary(read_cells(file, settings))}
        order = record["summary"]["order"]
        if record["summary"]["policies"]:
            print(table(record).text())
            print(f"order of the policies kept in {order['kept']} of {order['episodes']} episodes")
            print(f"written: {file}")
        return status
