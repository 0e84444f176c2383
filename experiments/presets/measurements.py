"""What a scenario is like to play: what binds under DFTSP, what hindsight leaves to gain, what a partition changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_llm_baselines.hindsight.hindsight import HindsightSolver, one_model_bounds
from edge_llm_baselines.playing.policy import EpochPolicy, Row
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import RESOURCES, own_compute_time_s
from edge_llm_env.envs.suite import BATCH_SELECTION
from edge_llm_env.feasibility.rule import affine_cost
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.solver.candidates import batch_of
from edge_llm_env.workload.streams import draw_workloads
from experiments.allocation.partitions import measure_partitions
from experiments.allocation.uploads import measure_uploads


def measure_scenario(
    scenario: Scenario, episodes: int, hindsight_episodes: int, seed: int = 0, hindsight: HindsightSolver | None = None
) -> dict[str, Any]:
    """Counts and fractions, as JSON can hold them; equal seeds, equal result.

    `episodes` workloads are played by DFTSP (and, with several variants, by the baselines of modules), the first
    `hindsight_episodes` of them also seen in hindsight, by `LagrangianHindsight` if no solver is given; where uploads
    carry over the oracle of bands and its rules play, and hindsight is theirs. Raises ValueError where
    1 ≤ `hindsight_episodes` ≤ `episodes` does not hold.
    """
    if not 1 <= hindsight_episodes <= episodes:
        raise ValueError(f"hindsight_episodes = {hindsight_episodes}: must lie in [1, {episodes}], as episodes does")
    if scenario.radio.transfers == "carried_over":
        return measure_uploads(scenario, episodes, hindsight_episodes, seed)
    workloads = draw_workloads(scenario, episodes, seed)
    meter = ComputeMeter()
    result = roll_out(lambda env: MeteredDFTSP(meter, env), BATCH_SELECTION, scenario, workloads)
    known = workloads[:hindsight_episodes]
    bounds = one_model_bounds(scenario, known, hindsight)
    measured = {
        "fingerprint": scenario.fingerprint(),
        "seed": seed,
        "episodes": episodes,
        "epochs": scenario.epoch.episode_epochs,
        "arrivals_per_s": scenario.workload.arrivals.mean_rate_per_s,
        "served": int(result.served.sum()),
        "settled": int(result.settled.sum()),
        "beyond_visible": int(result.beyond_visible.sum()),
        "utilisation": dict(zip(RESOURCES, result.utilisation.mean(axis=0).tolist(), strict=True)),
        "compute_per_batch": meter.per_batch_s / meter.total_s if meter.total_s else 0.0,
        "hindsight": {
            "episodes": hindsight_episodes,
            "dftsp": int(result.served[:hindsight_episodes].sum()),
            "schedule": int(bounds.served.sum()),
            "upper_bound": int(bounds.upper_bound.sum()),
        },
    }
    if len(scenario.variants) > 1:
        measured["partitions"] = measure_partitions(scenario, workloads, hindsight_episodes, seed)
    return measured


class ComputeMeter:
    """Compute time of the batches that it is shown: what each costs whoever is in it, and in all."""

    def __init__(self) -> None:
        self.per_batch_s = 0.0
        """Σ base(s', n') over the batches: one read of the weights per decode step, and overheads (s)."""
        self.total_s = 0.0
        """Σ t_comp over the batches, the encoding of images included, without transfers (s)."""

    def note(self, simulation: Simulation, row: int, selected: NDArray[np.bool_]) -> None:
        """The batch of a row in its present epoch, of the slots that are `selected`, (Q,)."""
        state, rule = simulation.state, simulation.rule(row)
        batch = batch_of(candidates_of_row(state, row), selected[: state.visible[row]])
        if batch.requests:
            self.per_batch_s += rule.compute_s.base(batch.longest_s, batch.longest_n)
            self.total_s += affine_cost(rule, rule.compute_s, batch)
            for slot in np.flatnonzero(selected).tolist():
                self.total_s += own_compute_time_s(state, row, slot)


class MeteredDFTSP(EpochPolicy):
    """DFTSP as a policy that shows its batches to a meter."""

    def __init__(self, meter: ComputeMeter, env: Any) -> None:
        super().__init__(DFTSP(), env)
        self._meter = meter

    def _batches(self, rows: list[Row]) -> NDArray[np.bool_]:
        chosen = super()._batches(rows)
        for (simulation, row), selected in zip(rows, chosen, strict=True):
            self._meter.note(simulation, row, selected)
        return chosen
