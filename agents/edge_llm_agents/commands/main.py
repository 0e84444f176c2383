"""`edge-llm`: what users need without the repository. Nothing heavy is imported before a command is known."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from edge_llm_agents.commands.running import Command, run_command
from edge_llm_env.__main__ import COMMANDS as OF_THE_SUITE
from edge_llm_env.support.system.command_line import OneLineParser

_HERE = "edge_llm_agents.commands"

COMMANDS = {
    "list": Command(
        f"{_HERE}.listing:List",
        "environments, their tiers, scenarios, devices, engines, models, precisions, mechanisms, policies",
    ),
    "compare": Command(f"{_HERE}.compare:Compare", "policies side by side on the same workloads"),
    "train": Command(f"{_HERE}.train:COMMANDS", "a policy for any environment, by any algorithm"),
    "watch": Command(f"{_HERE}.watch:Watch", "a policy play, in a window or as a GIF"),
    "leaderboard": Command(
        f"{_HERE}.leaderboard:COMMANDS", "every policy in every environment and scenario; results handed in"
    ),
    "predict": Command(f"{_HERE}.main:Predict", "time, memory and energy of a batch on a device, with intervals"),
    "calibrate": Command(
        f"{_HERE}.machine.calibrate:Calibrate", "this machine, measured with a real decoder, as a device"
    ),
    "replay": Command(f"{_HERE}.machine.replay:Replay", "policies' schedules, simulated and taken on a real decoder"),
    "serve": Command(
        f"{_HERE}.machine.serve:Serve", "a decoder by OpenAI's protocol, scheduled by a policy", extra="agents,server"
    ),
    "load": Command(
        f"{_HERE}.machine.load:Load", "a workload sent to such a server, and what was on time", extra="agents,server"
    ),
    "catalog": Command(f"{_HERE}.main:Catalog", "decoders, devices, engines and precisions with their sources"),
    "trace": Command(f"{_HERE}.main:Trace", "count, rate, variation and lengths of a trace of requests"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; the exit status."""
    return run_command("edge-llm", COMMANDS, arguments)


class _OfTheSuite:
    """A command of `python -m edge_llm_env`, which argparse reads."""

    name: str

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    @classmethod
    def parsed(cls, program: str, arguments: list[str]) -> Any:
        """Its options."""
        parser = OneLineParser(prog=program.rpartition(" ")[0])
        OF_THE_SUITE[cls.name](parser.add_subparsers(required=True))
        return cls(parser.parse_args([cls.name, *arguments]))

    def run(self) -> int:
        """Do it; the exit status."""
        return int(self._options.run(self._options))


class Predict(_OfTheSuite):
    """See `edge_llm_env.inference.prediction.command`."""

    name = "predict"


class Catalog(_OfTheSuite):
    """See `edge_llm_env.inference.catalog.listing`."""

    name = "catalog"


class Trace(_OfTheSuite):
    """See `edge_llm_env.traces.summary`."""

    name = "trace"


if __name__ == "__main__":
    sys.exit(main())
