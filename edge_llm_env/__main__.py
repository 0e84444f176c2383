"""`python -m edge_llm_env COMMAND`: what the suite knows, without an environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from edge_llm_env.inference.catalog import listing
from edge_llm_env.inference.prediction import command
from edge_llm_env.support.system.command_line import OneLineParser, ended
from edge_llm_env.traces import summary

COMMANDS = {"predict": command.add_command, "catalog": listing.add_command, "trace": summary.add_command}
"""What adds each command to the subparsers of a command line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; the exit status."""

    def run() -> int:
        parser = OneLineParser(prog="python -m edge_llm_env", description=__doc__)
        commands = parser.add_subparsers(required=True, metavar="COMMAND")
        for add_command in COMMANDS.values():
            add_command(commands)
        options = parser.parse_args(arguments)
        return int(options.run(options))

    return ended(run, "python -m edge_llm_env", lambda package: f"pip install {package}")


if __name__ == "__main__":
    sys.exit(main())
