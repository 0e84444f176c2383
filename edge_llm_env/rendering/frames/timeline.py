"""When an epoch's transfers and computations take place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.cascade import batch_served
from edge_llm_env.dynamics.modules import GROUPS, loaded_by_s, variant_rule
from edge_llm_env.dynamics.params import NodeParams, rule_of
from edge_llm_env.dynamics.state import NodeState
from edge_llm_env.feasibility.rule import compute_time_s
from edge_llm_env.rendering.frames.frame import Computation, Part, PendingRequest, Timeline


def timeline_of(
    params: NodeParams,
    begun: NodeState,
    state: NodeState,
    served: Sequence[PendingRequest],
    names: Sequence[str],
    loading_s: NDArray[np.float64],
    parts_s: tuple[float, float] | None,
) -> Timeline:
    """The time line of the only row's epoch, which began as `begun`.

    `names` are those of the variants, or of the only model; `loading_s`, of shape (M,), is how long after the start of
    the epoch each module loads; `parts_s` is T_U and T_D where an action set them.
    """
    uplink_s, downlink_s, uplink_used, downlink_used, compute_s = parts_of(params, state, parts_s)
    if len(loading_s):
        computations = tuple(
            one
            for variant, name in enumerate(names)
            for one in variant_computations(params, begun, state, served, variant, name, loading_s, uplink_s)
        )
    else:
        computations = (computation(names[0], None, 0.0, uplink_s, compute_s, served),)
    if params.flexible_split:  # one after another, and deadlines are those of the whole
        computed_s = max([uplink_s] + [one.ends_s for one in computations if one.requests])
        before_s = -downlink_s
    else:
        computed_s, before_s = params.epoch_s - downlink_s, uplink_s
    return Timeline(
        params.epoch_s,
        Part(0.0, uplink_s, uplink_used),
        tuple(
            one._replace(deadline_s=None if one.deadline_s is None else before_s + one.deadline_s)
            for one in computations
        ),
        Part(computed_s, computed_s + downlink_s, downlink_used),
    )


def parts_of(
    params: NodeParams, state: NodeState, parts_s: tuple[float, float] | None
) -> tuple[float, float, float, float, float]:
    """T_U, T_D (s), what is used of the bands in them, and the time of the computation (s)."""
    uplink, downlink, _, compute = (float(used) for used in state.utilisation[0])
    compute_s = compute * params.window_s
    if not params.flexible_split:
        return params.uplink_s, params.downlink_s, uplink, downlink, compute_s
    # Bands are then used in parts of T_E, and the window holds the transfers too; a batch takes the parts it needs.
    uplink_s, downlink_s = parts_s or (uplink * params.epoch_s, downlink * params.epoch_s)
    return (
        uplink_s,
        downlink_s,
        uplink * params.epoch_s / uplink_s if uplink_s > 0.0 else 0.0,
        downlink * params.epoch_s / downlink_s if downlink_s > 0.0 else 0.0,
        max(0.0, compute_s - uplink_s - downlink_s),
    )


def variant_computations(
    params: NodeParams,
    begun: NodeState,
    state: NodeState,
    served: Sequence[PendingRequest],
    variant: int,
    name: str,
    loading_s: NDArray[np.float64],
    uplink_s: float,
) -> list[Computation]:
    """What a variant's modules compute: those that have loaded, and those that load, if there are any of them."""
    hosting, by_s = state.module_variant[0] == variant, loaded_by_s(params)
    found = []
    for group, among in enumerate((hosting & (loading_s <= by_s), hosting & (loading_s > by_s))):
        if not among.any() and (group or hosting.any()):
            continue
        loads_until_s = float(loading_s[among].max(initial=0.0))
        server = state.served_by[0, : begun.visible[0]]
        slots = np.flatnonzero(server == variant * GROUPS + group)
        requests = {int(begun.slot_request[0, slot]) for slot in slots}
        batch = [one for one in served if one.request in requests]
        time_s = 0.0
        if batch:
            computing = int((among & (loading_s <= params.epoch_s)).sum())
            node = variant_rule(rule_of(params), params, variant, computing, params.window_s)
            time_s = compute_time_s(node, batch_served(begun, 0, server, variant * GROUPS + group))
            loads_until_s = float(loading_s[among & (loading_s <= params.epoch_s)].max(initial=0.0))
        found.append(computation(name, variant, loads_until_s, max(uplink_s, loads_until_s), time_s, batch))
    return found


def computation(
    name: str,
    variant: int | None,
    loads_until_s: float,
    begins_s: float,
    time_s: float,
    batch: Sequence[PendingRequest],
) -> Computation:
    """A batch's computation, its deadline still a slack."""
    deadline_s = min((one.slack_s for one in batch), default=None)
    return Computation(name, variant, loads_until_s, begins_s, begins_s + time_s, deadline_s, len(batch))
