"""`edge-llm leaderboard submit`: a record of a policy's results that others can evaluate again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from edge_llm_agents.leaderboard.policies.submissions import submission
from edge_llm_agents.protocol.claims import Claim, Run
from edge_llm_agents.protocol.submission import submit, write_submission
from edge_llm_env.envs.suite import BATCHING
from edge_llm_env.registration import environment
from edge_llm_env.scenarios import load_scenario
from edge_llm_env.support.naming import shown
from edge_llm_env.support.outputs import OutputFolder

SUBMISSIONS = Path("results/submissions")

MOST_CURVE_BYTES = 2**20


@dataclass(frozen=True)
class Submit:
    """Play a policy by the protocol and write one self-contained record, SPLIT/ENV/SCENARIO/NAME.json.

    The policy plays as it is in the record, so that whoever has the record alone can evaluate it. Its code runs.
    """

    policy: tuple[str, ...]
    """NAME=SOURCE for each training seed, of one NAME: module:function, [CLASS@]FILE.zip of SB3, or a policy's path."""
    env: Annotated[str, tyro.conf.arg(aliases=("--env-id",))] = BATCHING
    """The environment's id."""
    scenario: str | None = None
    """A preset's name or the path of a TOML file; if not given, carry-over where batches are chosen, and elsewhere the
    environment's own."""
    split: str = "test"
    """test; shifted, for a scenario that it was not made for; or validation."""
    made_for: str | None = None
    """The scenario that it was made for, where the split is shifted."""
    budget: str = "unlimited"
    """small (1,000,000 decisions), medium (10,000,000) or unlimited; a run that used more is marked."""
    decisions: tuple[int, ...] = (0,)
    """Steps of all rows that were taken before: one number, or one for each policy."""
    knows: str = "nothing"
    """What it may know: nothing, means, structure or future."""
    algorithm: str = ""
    """How it was made, in a line."""
    seeds: tuple[int, ...] = ()
    """Training seeds, one for each policy; 0, 1, ... if not given."""
    wall_s: tuple[float, ...] = ()
    """Seconds that making each policy took."""
    curve: tuple[Path, ...] = ()
    """For each policy a JSON list of points with decisions, wall_s and percent_of_reference on validation workloads."""
    beside: tuple[Path, ...] = ()
    """Files that a function reads or imports, beside its module."""
    unpickle: bool = False
    """Take .zip files of Stable-Baselines3 too: what is in them can run any code."""
    episodes: int = 50
    """Workloads that are played."""
    bounded: int = 10
    """Of these, so many of the first are bounded, too (some seconds each)."""
    seed: int = 0
    """Sets the workloads."""
    results: OutputFolder = SUBMISSIONS
    """Folder of the records."""

    def run(self) -> None:
        """Play, write, say where."""
        named = [submission(text, Path.cwd(), unpickle=self.unpickle) for text in self.policy]
        if len(names := {name for name, _ in named}) != 1:
            raise ValueError(f"policy = {', '.join(self.policy)}: must have one name, has {len(names)}")
        scenario = load_scenario(self.scenario or environment(self.env).main_scenario)
        claim = Claim(
            name=names.pop(),
            environment=self.env,
            scenario=scenario,
            made_for=self.made_for or scenario.name,
            split=self.split,
            budget=self.budget,
            knows=self.knows,
            algorithm=self.algorithm,
        )
        count = len(named)
        decisions = self.decisions * count if len(self.decisions) == 1 else self.decisions
        each = zip(
            named,
            _for_each("seeds", self.seeds or tuple(range(count)), count),
            _for_each("decisions", decisions, count),
            _for_each("wall_s", self.wall_s or (None,) * count, count),
            [_curve(path) for path in _for_each("curve", self.curve, count)] if self.curve else [()] * count,
            strict=True,
        )
        runs = [
            Run(source, self.beside, training_seed, used, wall_s, tuple(curve))
            for (_, source), training_seed, used, wall_s, curve in each
        ]
        record = submit(claim, runs, self.episodes, self.seed, self.bounded)
        print(f"written: {write_submission(self.results, record)}")


def _for_each(name: str, given: Sequence[Any], count: int) -> Sequence[Any]:
    if len(given) != count:
        raise ValueError(f"{name}: has {len(given)} values, must have one for each of {count} policies")
    return given


def _curve(path: Path) -> list[Any]:
    if (size := path.stat().st_size) > MOST_CURVE_BYTES:
        raise ValueError(f"curve = {shown(str(path))}: has {size:,} bytes, must have at most {MOST_CURVE_BYTES:,}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise ValueError(f"curve = {shown(str(path))}: must be JSON") from None
    if not isinstance(found, list):
        raise ValueError(f"curve = {shown(str(path))}: must be a list of points")
    return found
