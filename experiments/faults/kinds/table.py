"""The table of kinds: a new one is a file beside its siblings and a line here."""

from __future__ import annotations

from experiments.faults.case import Kind
from experiments.faults.kinds import cards, commands, kills, misuse, scenarios, states, workloads

KINDS: dict[str, Kind] = {
    "scenarios": scenarios.MALFORMED,
    "legal-scenarios": scenarios.LEGAL,
    "states": states.STATES,
    "workloads": workloads.WORKLOADS,
    "misuse": misuse.MISUSE,
    "cards": cards.CARDS,
    "commands": commands.COMMANDS,
    "kills": kills.KILLS,
}
"""Every kind by its name."""
