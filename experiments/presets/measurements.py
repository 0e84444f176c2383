"""What a scenario is like to play: what binds under DFTSP, what hindsight leaves to gain, what a partition changes."""

from __future__ import annotations

from typing import Any

from edge_llm_baselines.hindsight.hindsight import HindsightSolver, one_model_bounds
from edge_llm_baselines.playing.policy import EpochPolicy
from edge_llm_baselines.playing.roll_out import roll_out
from edge_llm_baselines.solvers.dftsp import DFTSP
from edge_llm_baselines.solvers.problem import BatchProblem, Solution, Solver
from edge_llm_env.dynamics.state import RESOURCES
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
    metered = ComputeMeter(DFTSP())
    result = roll_out(lambda env: EpochPolicy(metered, env), BATCH_SELECTION, scenario, workloads)
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
        "compute_per_batch": metered.per_batch_s / metered.total_s if metered.total_s else 0.0,
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
    """A solver whose batches are metered: compute time that each costs whoever is in it, and in all."""

    def __init__(self, solver: Solver) -> None:
        self.solver = solver
        self.per_batch_s = 0.0
        """Σ base(s', n') over the batches: one read of the weights per decode step, and overheads (s)."""
        self.total_s = 0.0
        """Σ t_comp over the batches, without transfers (s)."""

    def solve(self, problem: BatchProblem) -> Solution:
        """The solver's batch."""
        solution = self.solver.solve(problem)
        batch = batch_of(problem.candidates, solution.selected)
        if batch.requests:
            self.per_batch_s += problem.rule.compute_s.base(batch.longest_s, batch.longest_n)
            self.total_s += affine_cost(problem.rule, problem.rule.compute_s, batch)
        return solution
