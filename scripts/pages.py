"""Fill the README's tables and the pages in docs/ anew from the code, the presets and results/recorded/."""

from __future__ import annotations

import sys

import repository  # noqa: F401 (makes experiments importable)

from edge_llm_agents.commands.running import Command, run_command

_HERE = "experiments.pages.commands"

COMMANDS = {
    "update": Command(f"{_HERE}.update:Update", "the README's tables and the pages, from what is recorded"),
    "scenarios": Command(f"{_HERE}.scenarios:Scenarios", "measure the presets, for their pages"),
    "animations": Command(f"{_HERE}.animations:Animations", "the animations of the environments' pages"),
    "policies": Command(
        f"{_HERE}.policies:Policies", "evaluate saved policies again after a change of the environment"
    ),
}

if __name__ == "__main__":
    sys.exit(run_command("pages.py", COMMANDS, default="update"))
