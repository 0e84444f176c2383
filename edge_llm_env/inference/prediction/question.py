"""What a prediction is asked of: names, paths or objects made into one case."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral
from typing import Any, NamedTuple, TypeVar

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.catalog.limits import beyond_window, check_context_limit, check_stored_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.measured import FORM, Measured
from edge_llm_env.inference.factors.rows import Case
from edge_llm_env.inference.mechanisms.chosen import NONE, Mechanisms, mechanisms_of
from edge_llm_env.inference.quantization import Precision
from edge_llm_env.support.naming import shown

Part = TypeVar("Part", DecoderConfig, Precision, Device, Engine)


class Question(NamedTuple):
    """A batch of equal requests on a device."""

    decoder: str
    """Name of the decoder; empty where it was given as an object."""
    case: Case
    batch: int
    prompt_tokens: int
    output_tokens: int
    measured: tuple[Measured, ...]
    mechanisms: Mechanisms

    @property
    def modules(self) -> int:
        """Devices that work on it: those of a parallel group, else one."""
        parallelism = self.mechanisms.parallelism
        return 1 if parallelism is None else parallelism.modules

    def case_up_to(self, longest_tokens: int) -> Case:
        """The case, its decoder as contexts from the prompt's to so many tokens cost."""
        return self.case._replace(decoder=self.case.decoder.at_contexts(self.prompt_tokens, longest_tokens))

    def beyond_window(self) -> str | None:
        """How contexts are counted that go beyond the decoder's sliding window; None: none does."""
        return beyond_window(self.case.decoder, self.prompt_tokens, self.prompt_tokens + self.output_tokens)


def question(
    decoder: str | os.PathLike[str] | DecoderConfig,
    precision: str | Precision,
    device: str | Device,
    engine: str | Engine | None,
    *,
    batch: int,
    prompt_tokens: int,
    output_tokens: int,
    measured: Iterable[str | Measured],
    mechanisms: Mechanisms | Mapping[str, Mapping[str, Any]] = NONE,
) -> Question:
    """The question in one piece; a ValueError of one line names what is wrong with an argument."""
    batch = _whole("batch", batch, 1)
    prompt_tokens = _whole("prompt_tokens", prompt_tokens, 1)
    output_tokens = _whole("output_tokens", output_tokens, 2)  # prefill makes the first, so one token has no decode
    name = os.fspath(decoder) if isinstance(decoder, str | os.PathLike) else ""
    case = Case(
        _part("decoder", name or decoder, DecoderConfig, load_decoder),
        _part("precision", precision, Precision, load_precision),
        _part("device", device, Device, load_device),
        load_engine(None) if engine is None else _part("engine", engine, Engine, load_engine),
    )
    chosen = _chosen(mechanisms)
    if chosen.prompt_compression is not None:
        raise ValueError("mechanisms: prompt_compression: must be left out; ask for the shorter prompt")
    case = case._replace(decoder=chosen.decoder_of(case.decoder))
    check_stored_precision(case.decoder, name, case.precision)
    longest = prompt_tokens + output_tokens + (0 if chosen.images is None else chosen.images.tokens)
    check_context_limit(case.decoder, name, longest)
    if chosen.speculation is not None:
        chosen.speculation.check(longest)
    return Question(name, case, batch, prompt_tokens, output_tokens, _measurements(measured), chosen)


def _chosen(mechanisms: Mechanisms | Mapping[str, Mapping[str, Any]]) -> Mechanisms:
    return mechanisms if isinstance(mechanisms, Mechanisms) else mechanisms_of(mechanisms)


def _whole(name: str, given: int, least: int) -> int:
    if not isinstance(given, Integral) or given < least:
        raise ValueError(f"{name} = {shown(given)}: must be a whole number of at least {least}")
    return int(given)


def _part(kind: str, given: Any, of: type[Part], load: Callable[[str], Part]) -> Part:
    if isinstance(given, of):
        return given
    if isinstance(given, str):
        return load(given)
    path = ", a path" if of is DecoderConfig else ""
    raise ValueError(f"{kind} = {shown(given)}: must be a catalogue name{path} or of class {of.__name__}")


def _measurements(given: Iterable[str | Measured]) -> tuple[Measured, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"measured = {shown(given)}: must be a list of measurements, each written as {FORM}")
    measured = tuple(Measured.parsed(one) if isinstance(one, str) else one for one in given)
    for one in measured:
        if not isinstance(one, Measured):
            raise ValueError(f"measured has {shown(one)}: must have measurements, each written as {FORM}")
    return measured
