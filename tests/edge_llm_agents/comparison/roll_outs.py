"""Results by hand, and a scenario that is over soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_llm_agents.comparison.records import Comparison, records_of
from edge_llm_baselines.hindsight.hindsight import HindsightBounds
from edge_llm_baselines.playing.roll_out import RollOut
from edge_llm_env import Scenario, load_scenario

SHORT = load_scenario("carry-over", **{"epoch.episode_epochs": 4})


def roll_out_of(served: list[int], *, epochs: int = 5, decision_s: float = 2e-6, used: float = 0.5) -> RollOut:
    """So many requests served on each workload; ten of each expired."""
    return RollOut(
        served=np.array(served),
        settled=np.array(served) + 10,
        expired=np.full(len(served), 10),
        reward=np.array(served, dtype=np.float64),
        beyond_visible=np.zeros(len(served), dtype=np.int64),
        utilisation=np.full((len(served), 4), used),
        epochs=epochs,
        epoch_s=2.0,
        decision_s=decision_s,
    )


def compared(
    scenario: Scenario,
    roll_outs: dict[str, RollOut],
    hindsight: HindsightBounds | None = None,
    settings: dict | None = None,
) -> Comparison:
    """A comparison with DFTSP of policies that played nothing."""
    kinds = {name: "oracle" if name == "DFTSP" else "policy" for name in roll_outs}
    kinds |= {"hindsight bound": "hindsight", "hindsight schedule": "hindsight"}
    records = records_of(roll_outs, "DFTSP", hindsight)
    return Comparison(scenario, "EdgeLLM/Batching-v0", "DFTSP", settings or {}, records, kinds)


def files_of(folder: Path) -> list[str]:
    """Names in a folder."""
    return sorted(path.name for path in folder.iterdir())
