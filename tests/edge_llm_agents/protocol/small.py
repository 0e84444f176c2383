"""A submission that is quick: somebody's rule in a short scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_llm_agents.leaderboard.policies.function import Function
from edge_llm_agents.protocol.claims import Claim, Run
from edge_llm_agents.protocol.submission import submit, write_submission
from tests.support.helpers import small_scenario

SMALL = small_scenario()

RULE = """
from pathlib import Path

from edge_llm_baselines import EpochPolicy
from edge_llm_baselines.rules.heuristics import NoBatching, ShortestJobFirst


def make(env):
    return EpochPolicy(NoBatching(), env)


def by_file(env):
    told = (Path(__file__).parent / "told.txt").read_text()
    return EpochPolicy({"sjf": ShortestJobFirst, "nob": NoBatching}[told](), env)


def broken(env):
    raise RuntimeError("not today")
"""


def claim(**changes: Any) -> Claim:
    given: dict[str, Any] = {
        "name": "mine", "environment": "EdgeLLM/BatchSelection-v0", "scenario": SMALL, "made_for": SMALL.name
    }  # fmt: skip
    return Claim(**(given | changes))


def rule(folder: Path, function: str = "make") -> Function:
    (folder / "their_rule.py").write_text(RULE)
    return Function(f"their_rule:{function}", str(folder))


def submitted(folder: Path, **changes: Any) -> Path:
    """A record of two training seeds, one of which used more than the small budget."""
    runs = [Run(rule(folder), seed=0, decisions=10), Run(rule(folder), seed=1, decisions=2_000_000)]
    record = submit(claim(budget="small", **changes), runs, 3, bounded=1, report=lambda line: None)
    return write_submission(folder / "submissions", record)
