"""The table of kinds: a new one is a file beside its siblings and a line here."""

from __future__ import annotations

from experiments.faults.case import Kind
from experiments.faults.kinds import cards, copies, misuse, policies, scenarios, states, workloads
from experiments.faults.programs import commands, compiling, disks, kills

KINDS: dict[str, Kind] = {
    "scenarios": scenarios.MALFORMED,
    "legal-scenarios": scenarios.LEGAL,
    "states": states.STATES,
    "workloads": workloads.WORKLOADS,
    "misuse": misuse.MISUSE,
    "cards": cards.CARDS,
    "policies": policies.POLICIES,
    "copies": copies.COPIES,
    "commands": commands.COMMANDS,
    "kills": kills.KILLS,
    "disks": disks.DISKS,
    "compiling": compiling.COMPILING,
}
"""Every kind by its name."""
