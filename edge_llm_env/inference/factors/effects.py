"""What the factor of a term depends on: effects of device, engine and format, from the kind down to the single machine.

A term's factor is the product of its effects. An effect of which nothing was measured is 1, so that an unseen device is
taken to be as its kind is, and an unseen engine likewise.
"""

from __future__ import annotations

from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.terms import TERMS
from edge_llm_env.inference.quantization import Precision

FORMAT_TERMS = ("weights", "compute", "prefill_compute")
"""Terms whose kernels differ between formats of the weights, and between mixtures of experts and dense layers."""

OF_A_MACHINE = ("board", "machine", "format")
"""Levels that one measurement on a machine says something about."""


def effects(term: str, decoder: DecoderConfig, precision: Precision, device: Device, engine: Engine) -> tuple[str, ...]:
    """Names of the effects that multiply a term of time on this machine, each `of/level/case` or the term's own."""
    phase, resource, _ = TERMS[term]
    names = [
        term,
        f"{term}/kind/{device.kind}",
        f"{term}/engine_kind/{engine.kind}",
        engine_effect(term, engine),
        f"{resource}/board/{device.board or device.name}",
        machine_effect(phase, device, engine),
        f"{phase}/format/{device.name}/{engine.name}/{precision.name}",
    ]
    if term in FORMAT_TERMS:
        names += [f"{term}/bits/{precision.weight_bits}", f"{term}/kernel/{engine.name}/{precision.name}"]
        if decoder.experts > 1:
            names += [f"{term}/mixture/all", f"{term}/mixture/{engine.name}"]
    return tuple(names)


def engine_effect(term: str, engine: Engine) -> str:
    """Name of the effect of an engine on a term, whatever it runs on."""
    return f"{term}/engine/{engine.name}"


def machine_effect(phase: str, device: Device, engine: Engine) -> str:
    """Name of the effect of an engine on a device on all terms of a phase."""
    return f"{phase}/machine/{device.name}/{engine.name}"


def memory_effects(term: str, engine: Engine) -> tuple[str, ...]:
    """Names of the effects that multiply a term of memory; a pool of blocks takes what it holds and no more."""
    if term == "held_cache" and engine.paged_cache:
        return ()
    return (term, f"{term}/engine_kind/{engine.kind}", f"{term}/engine/{engine.name}")
