"""Making a `Frame` from the state of a simulation's only row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.dynamics.modules import GROUPS
from edge_llm_env.dynamics.params import NodeParams
from edge_llm_env.dynamics.simulation import Simulation
from edge_llm_env.dynamics.state import EXPIRED, N_BEYOND, N_EPOCHS, RESOURCES, SERVED, NodeState
from edge_llm_env.rendering.frames.frame import Counters, Fate, Frame, Module, PendingRequest, Score, Usage
from edge_llm_env.rendering.frames.timeline import timeline_of
from edge_llm_env.residency.residents import IDLE
from edge_llm_env.scenarios.hosting import Variant
from edge_llm_env.scenarios.schema import Scenario


def epoch_begun(state: NodeState) -> NodeState:
    """Rows that keep what the epoch begins with, whatever steps do; the workload and the statuses stay shared."""
    kept = ("visible", "counters", *(name for name in NodeState._fields if name.startswith(("slot_", "module_"))))
    return state._replace(**{name: getattr(state, name).copy() for name in kept})


def frame_of(
    environment: str, simulation: Simulation, begun: NodeState, parts_s: tuple[float, float] | None, score: Score
) -> Frame:
    """The epoch that began as `begun`, as it is now; `parts_s` is T_U and T_D where an action set them."""
    scenario, params, state = simulation.scenario, simulation.params, simulation.state
    epoch = int(begun.counters[0, N_EPOCHS])
    dispatched = bool(state.counters[0, N_EPOCHS] > epoch)
    requests = tuple(request_of(params, begun, state, slot, dispatched) for slot in range(int(begun.visible[0])))
    variants = scenario.variants if simulation.divided_modules else ()
    names = tuple(variant_name(variant) for variant in variants)
    loading_s = module_loading_s(params, begun, state) if dispatched else begun.module_ready_s[0]
    return Frame(
        environment=environment,
        scenario=scenario.name,
        epoch=epoch + 1,
        epochs=params.episode_epochs,
        begins_s=(epoch + 1) * params.epoch_s,
        counters=Counters(*(simulation.counters(0)[name] for name in Counters._fields)),
        timeline=timeline_of(
            params,
            begun,
            state,
            tuple(request for request in requests if request.fate is Fate.SERVED),
            names or (model_name(scenario.node.decoder, scenario.node.precision),),
            loading_s,
            parts_s,
        ),
        requests=requests,
        beyond_visible=int(begun.counters[0, N_BEYOND]),
        longest_slack_s=params.longest_latency_s - params.reserved_s,
        usage=usage_of(scenario, params, state),
        variants=names,
        modules=tuple(
            Module(None if host == IDLE else int(host), bool(loads_s > 0.0))
            for host, loads_s in zip(state.module_variant[0], loading_s, strict=True)
        ),
        score=score,
    )


def request_of(params: NodeParams, begun: NodeState, state: NodeState, slot: int, dispatched: bool) -> PendingRequest:
    """The request that a slot showed when the epoch began."""
    request = int(begun.slot_request[0, slot])
    slack_s, compute_s = float(begun.slot_slack_s[0, slot]), float(begun.slot_compute_s[0, slot])
    status, fate, variant = state.status[0, request], Fate.WAITS, None
    if status == SERVED:
        fate = Fate.SERVED
        variant = int(state.served_by[0, slot]) // GROUPS if state.served_by.shape[1] else None
    elif status == EXPIRED:
        fate = Fate.EXPIRES
    elif not dispatched and compute_s > slack_s - params.epoch_s:
        fate = Fate.LAST_CHANCE
    prompt_tokens, output_tokens = int(state.prompt_tokens[0, request]), int(state.output_tokens[0, request])
    sent = None
    if params.carries_over:
        sent = float(state.sent_bits[0, request] / (prompt_tokens * params.uplink_bits_per_token))
    return PendingRequest(request, prompt_tokens, output_tokens, slack_s, compute_s, fate, variant, sent)


def module_loading_s(params: NodeParams, begun: NodeState, state: NodeState) -> NDArray[np.float64]:
    """Time after the start of the epoch that has ended at which each module had loaded its weights (s), shape (M,)."""
    hosts = state.module_variant[0]
    moved = (hosts != begun.module_variant[0]) & (hosts != IDLE)
    loading_s = np.where(hosts == IDLE, 0.0, begun.module_ready_s[0])
    loading_s[moved] = params.variant_load_s[hosts[moved]]
    return loading_s


def usage_of(scenario: Scenario, params: NodeParams, state: NodeState) -> tuple[Usage, ...]:
    """What the batch uses, in the order of RESOURCES."""
    memory_gb = (scenario.memory_limit_bytes / 1e9, "GB")
    capacities = {"memory": memory_gb, "compute": (params.window_s, "s")}
    return tuple(
        Usage(name, float(used), amount_of(float(used), *capacities[name]) if name in capacities else "")
        for name, used in zip(RESOURCES, state.utilisation[0], strict=True)
    )


def amount_of(fraction: float, capacity: float, unit: str) -> str:
    """So much of a capacity, as text."""
    digits = ".3g" if capacity < 1000.0 else ".0f"
    return f"{fraction * capacity:{digits}} of {capacity:{digits}} {unit}"


def variant_name(variant: Variant) -> str:
    """What the scenario calls a variant, or what it is made of."""
    made_of = f"{variant.decoder} {variant.precision}"
    return variant.name if variant.name != made_of else model_name(variant.decoder, variant.precision)


def model_name(decoder: str, precision: str) -> str:
    """A decoder at a precision; one given as a file goes by the file's folder, as Hugging Face's models do."""
    name = Path(decoder).resolve().parent.name if decoder.endswith(".json") else decoder
    return f"{name} {precision}"
