"""What DFTSP would have served: a second row on the same workload that serves a largest batch in every epoch."""

from __future__ import annotations

import numpy as np

from edge_llm_env.dynamics.cascade import SHARES, cascade
from edge_llm_env.dynamics.epoch import admit, begin_episode, dispatch, load_batch
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.settling.variants import delays_after, groups_of, serve_and_dispatch
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.slots import candidates_of_row
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.dynamics.uploads.sending import send_in_order
from edge_llm_env.dynamics.uploads.spare import spare_uplink
from edge_llm_env.scenarios.schema import Scenario
from edge_llm_env.selections.names import EXACT
from edge_llm_env.selections.selection import select_batch
from edge_llm_env.support.compilation.compiling import compiled, compiled_allocating
from edge_llm_env.workload.workload import Workload


class LargestBatches:
    """A largest feasible batch in every epoch of a workload, by exact search: DFTSP up to ties between equal batches.

    Where modules host variants they stay divided evenly, each variant computes its largest batch of those that no
    cheaper one has taken, and T_U and T_D are the scenario's. Epochs are played when they are asked for.
    """

    def __init__(self, scenario: Scenario, workload: Workload, *, hosts_variants: bool) -> None:
        node = scenario.node.model_copy(update={"batch_selection": "exact"})
        self._simulation = Simulation(
            scenario.model_copy(update={"node": node}),
            rows=1,
            hosts_variants=hosts_variants,
            keeps_split=hosts_variants,
        )
        self._simulation.load(0, workload)
        begin(self._simulation.params, self._simulation.state)
        self._play_epoch = play_evenly_divided if hosts_variants else play_largest
        self.name = "exact (even modules)" if hosts_variants else "exact (as DFTSP)"
        self._served: list[int] = []

    def served(self, epochs: int) -> tuple[int, ...]:
        """Requests served up to the end of each of that many epochs."""
        while len(self._served) < epochs:
            self._play_epoch(self._simulation.params, self._simulation.state)
            self._served.append(self._simulation.counters(0)["served"])
        return tuple(self._served[:epochs])


@compiled
def begin(params: NodeParams, state: NodeState) -> None:
    """Begin the only row's episode."""
    begin_episode(rule_of(params), params, state, 0)


@compiled_allocating
def play_largest(params: NodeParams, state: NodeState) -> None:
    """Serve a largest batch of the only row's epoch, and end the epoch.

    Where uploads carry over, the uplink that it leaves goes to those that have least left to send at today's rate.
    """
    rule = rule_of(params)
    candidates = candidates_of_row(state, 0)
    selected = select_batch(rule, candidates, np.ones(len(candidates.slack_s)), EXACT)
    for slot in range(len(selected)):
        if selected[slot]:
            admit(rule, params, state, 0, slot)
    if params.carries_over:
        order = np.argsort(state.slot_uplink_share[0, : len(selected)], kind="mergesort")
        send_in_order(params, state, 0, order, selected, spare_uplink(rule, params, load_batch(state, 0)))
    dispatch(rule, params, state, 0)


@compiled_allocating
def play_evenly_divided(params: NodeParams, state: NodeState) -> None:
    """Serve the only row's epoch with its modules as they are, and end the epoch."""
    rule = rule_of(params)
    sizes, ready_s = groups_of(params, state, 0)
    values = np.ones(state.visible[0])
    delays_s = delays_after(params.uplink_s, ready_s)
    server = cascade(rule, params, state, 0, values, sizes, delays_s, rule.window_s, 0.0, SHARES)
    serve_and_dispatch(rule, params, state, 0, server, sizes, 0.0, 0.0, 0.0)
