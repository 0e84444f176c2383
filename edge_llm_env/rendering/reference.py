"""What DFTSP would have served: a second row on the same tape that serves a largest batch in every epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.selection import select_batch
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import BATCH_SELECTIONS, EXACT, rule_of
from edge_llm_env.envs import batch_selection, compute
from edge_llm_env.envs.base import Mechanism, begin_row
from edge_llm_env.optimum.candidates import Candidates
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.workload.tape import Workload


class LargestBatches:
    """A largest feasible batch in every epoch of a tape, by exact search: DFTSP up to ties between equal batches.

    Where modules host variants they stay divided evenly, each variant computes its largest batch of those that no
    cheaper one has taken, and T_U and T_D are the scenario's. Epochs are played when they are asked for.
    """

    def __init__(self, scenario: Scenario, workload: Workload, *, hosts_variants: bool) -> None:
        node = scenario.node.model_copy(update={"batch_selection": BATCH_SELECTIONS[EXACT]})
        self._hosts_variants = hosts_variants
        mechanism = self._mechanism
        self._simulation = mechanism.simulation(scenario.model_copy(update={"node": node}), rows=1)
        self._simulation.load(0, workload)
        self._observation = np.zeros(mechanism.observation_length(scenario), dtype=np.float32)
        begin_row(self._simulation.constants, self._simulation.rows, 0, self._observation)
        self.name = "exact (even modules)" if hosts_variants else "exact (as DFTSP)"
        self._served: list[int] = []

    @property
    def _mechanism(self) -> Mechanism:
        return compute.MECHANISM if self._hosts_variants else batch_selection.MECHANISM

    def served(self, epochs: int) -> tuple[int, ...]:
        """Requests served up to the end of each of that many epochs."""
        simulation, step_row = self._simulation, self._mechanism.step_row
        choose = even_modules if self._hosts_variants else largest_batch
        while len(self._served) < epochs:
            step_row(simulation.constants, simulation.rows, 0, choose(simulation), self._observation)
            self._served.append(simulation.counters(0)["served"])
        return tuple(self._served[:epochs])


def largest_batch(simulation: Simulation) -> NDArray[np.int8]:
    """An action of `BatchSelection-v0` for the simulation's only row: a largest feasible batch."""
    rows = simulation.rows
    shown = int(rows.visible[0])
    candidates = Candidates(
        rows.slot_prompt_tokens[0, :shown],
        rows.slot_output_tokens[0, :shown],
        rows.slot_slack_s[0, :shown],
        rows.slot_uplink_share[0, :shown],
        rows.slot_downlink_share[0, :shown],
        rows.slot_transfer_s[0, :shown],
        np.zeros(shown),
    )
    chosen = np.zeros(simulation.slots, dtype=np.int8)
    chosen[:shown] = select_batch(rule_of(simulation.constants), candidates, np.ones(shown), EXACT)
    return chosen


def even_modules(simulation: Simulation) -> NDArray[np.float64]:
    """An action of `Compute-v0` for the simulation's only row: the modules stay as they are, evenly divided."""
    variants = len(simulation.constants.variant_accuracy)
    hosted = np.bincount(simulation.rows.module_variant[0], minlength=variants)
    return hosted / simulation.constants.modules
