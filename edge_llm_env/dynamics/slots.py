"""The requests in a row's slots, as solvers take them."""

from __future__ import annotations

from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.solver.candidates import Candidates
from edge_llm_env.support.compilation.compiling import compiled_allocating


@compiled_allocating
def candidates_of_row(state: NodeState, row: int) -> Candidates:
    """The requests in a row's slots as candidates for its batch, copied; arrays of shape (visible,)."""
    shown = state.visible[row]
    own_s = state.slot_transfer_s[row, :shown].copy()
    if state.slot_own_compute_s.shape[1] > 0:
        own_s += state.slot_own_compute_s[row, :shown]
    return Candidates(
        state.slot_prompt_tokens[row, :shown].copy(),
        state.slot_output_tokens[row, :shown].copy(),
        state.slot_slack_s[row, :shown].copy(),
        state.slot_uplink_share[row, :shown].copy(),
        state.slot_downlink_share[row, :shown].copy(),
        own_s,
        state.slot_returned_bytes[row, :shown].copy(),
    )
