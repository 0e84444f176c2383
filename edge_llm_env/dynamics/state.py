"""The state of simulated rows: the arrays that kernels read and write.

A row is one environment. Every array has the row as its first axis; a single environment is one row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.feasibility.batch import BatchSums
from edge_llm_env.scenarios.sections.reward_settings import REWARD_TERMS
from edge_llm_env.support.compilation.compiling import compiled

NOT_ARRIVED, PENDING, SERVED, EXPIRED, REJECTED, RESERVED = range(6)
"""Values of `NodeState.status`; RESERVED is one in the batch that the node may be wrong to believe that it can serve:
it is settled at the end of the epoch."""


COUNTERS = (
    "arrived",
    "served",
    "expired",
    "rejected",
    "pending",
    "beyond_visible",
    "epochs",
    "invalid_actions",
    "not_admitted",
    "uplinks_failed",
    "outputs_cut",
    "downlinks_failed",
)
"""Columns of `NodeState.counters`, as `info` names them.

All count from the start of the episode, but `pending` and `beyond_visible` are as of now and `not_admitted` is of the
last step.
"""


N_ARRIVED, N_SERVED, N_EXPIRED, N_REJECTED, N_PENDING, N_BEYOND, N_EPOCHS, N_INVALID, N_NOT_ADMITTED = range(9)
N_UPLINKS_FAILED, N_OUTPUTS_CUT, N_DOWNLINKS_FAILED = range(9, 12)


RESOURCES = ("uplink", "downlink", "memory", "compute")
"""Columns of `NodeState.utilisation`: fraction of each capacity that a batch uses."""


class NodeState(NamedTuple):
    """Arrays over rows (R), requests (N), directions (D), fading blocks (B) and visible slots (Q).

    A row holds its workload here and nowhere else: 33 + 8·D·B bytes a request (8 more where channels are foreseen, 8·B
    of users who move, 8 more where uploads carry over, 1 more where there are classes, 1 more where some have images,
    8 + 8·D·B more where there are beliefs), beside 73 bytes a slot.
    """

    requests: NDArray[np.int64]
    """(R,) requests on each row's workload; entries past it are unused."""
    arrival_s: NDArray[np.float64]
    """(R, N)"""
    prompt_tokens: NDArray[np.int32]
    """(R, N)"""
    output_tokens: NDArray[np.int32]
    """(R, N)"""
    latency_requirement_s: NDArray[np.float64]
    """(R, N)"""
    accuracy_requirement: NDArray[np.float64]
    """(R, N)"""
    request_class: NDArray[np.int8]
    """(R, N) from 0; N = 0 where there is one class."""
    has_image: NDArray[np.int8]
    """(R, N) 1 of requests with an image, 0 of others; N = 0 where all have one, or none has."""
    gain: NDArray[np.float64]
    """(R, N, D, B) linear power gain of the uplink and of the downlink; D = 1 where they are the same."""
    true_gain: NDArray[np.float64]
    """(R, N, D, B) gains as they are, where `gain` is believed; here and in the next two N = 0 where the node knows."""
    true_output_tokens: NDArray[np.int32]
    """(R, N)"""
    first_output_tokens: NDArray[np.int32]
    """(R, N) what `output_tokens`, which the node believes, is at the start of an episode."""
    usual_gain: NDArray[np.float64]
    """(R, N, U) mean linear power gain of users at its distance, in each fading block of those who move, else U = 1;
    N = 0 where nobody foresees channels."""
    sent_bits: NDArray[np.float64]
    """(R, N) what was sent of its upload; N = 0 where uploads do not carry over."""
    status: NDArray[np.int8]
    """(R, N) NOT_ARRIVED, PENDING, SERVED, EXPIRED, REJECTED or RESERVED."""

    oldest: NDArray[np.int64]
    """(R,) every request before this one is served, expired or rejected."""
    visible: NDArray[np.int64]
    """(R,) slots in use, from the first; a slot stays in use when its request is admitted."""
    slot_request: NDArray[np.int64]
    """(R, Q) index of the request in each slot, ascending: first come, first seen."""
    slot_prompt_tokens: NDArray[np.float64]
    """(R, Q) length as computed."""
    slot_output_tokens: NDArray[np.float64]
    """(R, Q)"""
    slot_slack_s: NDArray[np.float64]
    """(R, Q) most compute time of a batch that serves it in this epoch."""
    slot_uplink_share: NDArray[np.float64]
    """(R, Q) smallest share of the band, with this epoch's channel, for what is left to send."""
    slot_uplink_bits: NDArray[np.float64]
    """(R, Q) what the whole uplink would carry of it in this epoch; Q = 0 where uploads do not carry over."""
    slot_downlink_share: NDArray[np.float64]
    """(R, Q) smallest share of the band, with this epoch's channel."""
    slot_transfer_s: NDArray[np.float64]
    """(R, Q) time that its transfers take of the window; 0 where the split is fixed or the channel is dead."""
    slot_own_compute_s: NDArray[np.float64]
    """(R, Q) compute time beside what its lengths take: encoding its image, or attending to what is kept of a task's
    context and moving it back. Q = 0 where all requests have an image, or none has, and there are no tasks."""
    slot_returned_bytes: NDArray[np.float64]
    """(R, Q) KV cache that is moved back from a host to serve it; 0 where no caches of tasks are swapped."""
    slot_compute_s: NDArray[np.float64]
    """(R, Q) compute time of the batch of it alone."""
    slot_memory_bytes: NDArray[np.float64]
    """(R, Q) KV cache of the batch of it alone."""
    action_mask: NDArray[np.bool_]
    """(R, Q + 1) slots that may be admitted now; the last entry, dispatch, is always true."""

    batch: NDArray[np.float64]
    """(R, fields of BatchSums) the batch admitted so far in this epoch."""
    utilisation: NDArray[np.float64]
    """(R, 4) of the batch that the last step admitted to or dispatched, per entry of RESOURCES."""
    utilisation_sum: NDArray[np.float64]
    """(R, 4) summed over the batches dispatched in this episode."""
    module_variant: NDArray[np.int64]
    """(R, M) the variant that each module hosts, or IDLE; M = 0 where the modules work as one."""
    module_ready_s: NDArray[np.float64]
    """(R, M) time after the start of the epoch at which each module has loaded its weights, 0 if it has."""
    served_by: NDArray[np.int64]
    """(R, Q) the group of modules (`edge_llm_env.dynamics.modules.GROUPS` of each variant) that served each slot's
    request in the epoch that ended last, or IDLE; Q = 0 where the modules work as one."""
    served_accuracy: NDArray[np.float64]
    """(R,) accuracies that variants offered to those whom they served in the epoch that ended last, summed."""
    recent_arrivals: NDArray[np.float64]
    """(R, K) arrivals of each class, those of an epoch counting half as much as of the next; K = 0 where there is one
    class or nobody looks."""
    busy_since_s: NDArray[np.float64]
    """(R, K) how long before now each class last became busy (s), infinite if it never did."""
    counters: NDArray[np.int64]
    """(R, 12) per entry of COUNTERS."""
    energy_j: NDArray[np.float64]
    """(R,) spent by the batches of this episode (J)."""
    reward_terms: NDArray[np.float64]
    """(R, terms) of the last step, weighted, per entry of REWARD_TERMS."""


@compiled
def class_of(state: NodeState, row: int, request: int) -> int:
    """The class of a request on a row's workload."""
    return state.request_class[row, request] if state.request_class.shape[1] > 0 else 0


@compiled
def images_of(params: NodeParams, state: NodeState, row: int, request: int) -> float:
    """How many images a request on a row's workload has, 0 or 1."""
    return float(state.has_image[row, request]) if state.has_image.shape[1] > 0 else params.images


@compiled
def own_compute_time_s(state: NodeState, row: int, slot: int) -> float:
    """What a slot's request adds to a batch's compute time (s) beside what its lengths do."""
    return state.slot_own_compute_s[row, slot] if state.slot_own_compute_s.shape[1] > 0 else 0.0


def allocate(
    rows: int,
    requests: int,
    directions: int,
    blocks: int,
    slots: int,
    modules: int,
    *,
    foreseen_blocks: int,
    carries_over: bool,
    classes: int,
    mixes_images: bool,
    believes: bool,
) -> NodeState:
    """A state of zeros with room for that many requests, directions, fading blocks, visible slots, divided modules and
    classes of requests.

    Channels are foreseen in that many blocks, none where nobody foresees them.
    """

    def of(dtype: type, *shape: int) -> NDArray:
        return np.zeros((rows, *shape), dtype=dtype)

    per_slot = {
        name: of(float, slots) for name in NodeState._fields if name.startswith("slot_") and name != "slot_request"
    }
    if not carries_over:
        per_slot["slot_uplink_bits"] = of(float, 0)
    if not mixes_images:
        per_slot["slot_own_compute_s"] = of(float, 0)
    return NodeState(
        requests=of(np.int64),
        arrival_s=of(float, requests),
        prompt_tokens=of(np.int32, requests),
        output_tokens=of(np.int32, requests),
        latency_requirement_s=of(float, requests),
        accuracy_requirement=of(float, requests),
        request_class=of(np.int8, requests if classes > 1 else 0),
        has_image=of(np.int8, requests if mixes_images else 0),
        gain=of(float, requests, directions, blocks),
        true_gain=of(float, requests if believes else 0, directions, blocks),
        true_output_tokens=of(np.int32, requests if believes else 0),
        first_output_tokens=of(np.int32, requests if believes else 0),
        usual_gain=of(float, requests if foreseen_blocks else 0, max(1, foreseen_blocks)),
        sent_bits=of(float, requests if carries_over else 0),
        status=of(np.int8, requests),
        oldest=of(np.int64),
        visible=of(np.int64),
        slot_request=of(np.int64, slots),
        action_mask=of(np.bool_, slots + 1),
        batch=of(float, len(BatchSums._fields)),
        utilisation=of(float, len(RESOURCES)),
        utilisation_sum=of(float, len(RESOURCES)),
        module_variant=of(np.int64, modules),
        module_ready_s=of(float, modules),
        served_by=of(np.int64, slots if modules else 0),
        served_accuracy=of(float),
        recent_arrivals=of(float, classes if classes > 1 and modules else 0),
        busy_since_s=of(float, classes if classes > 1 and modules else 0),
        counters=of(np.int64, len(COUNTERS)),
        energy_j=of(float),
        reward_terms=of(float, len(REWARD_TERMS)),
        **per_slot,
    )


def finished(params: NodeParams, state: NodeState) -> NDArray[np.bool_]:
    """Which rows have come to the end of their episode, shape (R,)."""
    return state.counters[:, N_EPOCHS] >= params.episode_epochs
