"""Published measurements of inference, and what the cost models predict for each."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from edge_llm_env.inference.catalog import load_decoder, load_device, load_precision
from edge_llm_env.inference.cost_models import paper
from edge_llm_env.inference.cost_models.roofline import decode_s, prefill_s, roofline_memory_bytes
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.efficiency import Efficiency
from edge_llm_env.inference.work import Work, decode_work, prefill_work

ASSUMED_CONTEXT_TOKENS = 512
"""Context of a decode step whose source gives none; it decides 1 to 2 % of the step's bytes in an 8B model."""

TO_SI = {"s": 1.0, "ms": 1e-3, "MB": 1e6}
"""Units of values that are times or sizes; MB is read as 1e6 bytes. The other unit is tokens/s."""


class Measurement(NamedTuple):
    """One row of published_measurements.csv."""

    decoder: str
    precision: str
    device: str
    runtime: str
    batch: int
    metric: str
    """prefill: time to the first token; decode: time of one step; memory: bytes in use."""
    tokens: int
    """Per sequence: prompt of a prefill, mean context of a decode step, KV cache allocated."""
    value: float
    """Seconds or bytes."""
    separate_embeddings: bool
    """The runtime stores tied embeddings beside the output head (TensorRT Edge-LLM: user guide, INT8 embedding)."""
    source: str

    @property
    def phase(self) -> str:
        """What errors are reported by: prefill, decode, decode of a batch, memory."""
        return "decode, batch > 1" if self.metric == "decode" and self.batch > 1 else self.metric

    @property
    def architecture(self) -> DecoderConfig:
        """The model's shape, which models of several names share; memory as the runtime stores it."""
        decoder = load_decoder(self.decoder)
        return decoder.model_copy(update={"tied_embeddings": False}) if self.separate_embeddings else decoder

    @property
    def work(self) -> Work:
        """FLOPs, bytes and passes of the phase; at lengths (s, n) as `lengths` gives them."""
        make = prefill_work if self.metric == "prefill" else decode_work
        return make(self.architecture, load_precision(self.precision))

    @property
    def lengths(self) -> tuple[int, int]:
        """(s, n) at which the cost model's polynomials are this measurement: a single decode step is n = 2."""
        return (self.tokens - 1, 2) if self.metric == "decode" else (self.tokens, 0)


@cache
def published_measurements() -> tuple[Measurement, ...]:
    """All rows that the project ships, with values in seconds and bytes.

    Not in it, because the source leaves out what a prediction needs: prefills of batches (their prompts are padded to
    lengths that are not published), speculative decoding, models with layers of another kind, and memory on Jetson
    Thor (its published figure is below the size of the weights).
    """
    text = files(__package__).joinpath("published_measurements.csv").read_text(encoding="utf-8")
    return tuple(_measurement(row) for row in csv.DictReader(text.splitlines()))


def _measurement(row: dict[str, str]) -> Measurement:
    batch, value, prefill = int(row["batch"]), float(row["value"]), row["metric"] == "prefill"
    tokens = int(row["tokens"] or ASSUMED_CONTEXT_TOKENS)
    if row["unit"] == "tokens/s":
        value = batch * (tokens if prefill else 1) / value
    else:
        value *= TO_SI[row["unit"]]
    separate = row["separate_embeddings"] == "yes"
    names = (row["decoder"], row["precision"], row["device"], row["runtime"])
    return Measurement(*names, batch, row["metric"], tokens, value, separate, row["source"])


def roofline_prediction(row: Measurement, efficiency: Efficiency) -> float:
    """What the roofline model predicts for a measurement (s or bytes)."""
    device = load_device(row.device)
    if row.metric == "memory":
        cost = roofline_memory_bytes(row.architecture, load_precision(row.precision), efficiency)
    else:
        time_s = prefill_s if row.metric == "prefill" else decode_s
        cost = time_s(row.work, device, efficiency)
    return cost.of_equals(row.batch, *row.lengths)


def paper_prediction(row: Measurement) -> float:
    """What the FLOPs-only model of arXiv 2405.07140 predicts for a measurement (s or bytes)."""
    decoder, precision = load_decoder(row.decoder), load_precision(row.precision)
    if row.metric == "memory":
        per_sequence = paper.kv_cache_bytes(decoder)(*row.lengths)
        return paper.weight_bytes(decoder, precision) + row.batch * per_sequence
    flops = paper.prefill_flops(decoder) if row.metric == "prefill" else paper.decode_flops(decoder)
    flops_per_s = load_device(row.device).fp16_flops_per_s
    return precision.compute_factor * row.batch * flops(*row.lengths) / flops_per_s
