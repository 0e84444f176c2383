"""Published measurements of inference."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from edge_llm_env.inference.catalog import load_decoder, load_device, load_engine, load_precision
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.device import Device
from edge_llm_env.inference.engine import Engine
from edge_llm_env.inference.factors.alike import decode_phase
from edge_llm_env.inference.quantization import Precision

ASSUMED_CONTEXT_TOKENS = 512
"""Context of a decode pass whose source gives none; it decides 1 to 2 % of the bytes in an 8B model."""

TO_SI = {"s": 1.0, "ms": 1e-3, "MB": 1e6, "GB": 1e9, "MiB": 2.0**20, "GiB": 2.0**30}
"""Units of values that are times or sizes. The other unit is tokens/s."""


class Measurement(NamedTuple):
    """One row of published_measurements.csv."""

    decoder: str
    precision: str
    device: str
    engine: str
    batch: int
    metric: str
    """prefill: time to the first token; decode: time of one pass; throughput: time of whole generations; memory."""
    prompt_tokens: int
    """Per sequence. Of a decode pass, the tokens in the cache before it."""
    output_tokens: int
    """Per sequence: 1 of a prefill, 2 of a decode pass. Of memory, prompt and output are what is allocated."""
    lengths_published: bool
    """False where the lengths of a decode are assumed."""
    value: float
    """Seconds or bytes."""
    separate_embeddings: bool
    """The engine stores tied embeddings beside the output head (TensorRT Edge-LLM: user guide, INT8 embedding)."""
    source: str
    memory_of: str = ""
    """What a row of memory measures: allocated by the framework, reserved by its allocator, held by the process or
    what the device has in use (process), or unknown; empty of times."""

    @property
    def phase(self) -> str:
        """What errors are reported by; whole generations count to decode, which takes most of their time."""
        if self.metric in ("prefill", "memory"):
            return self.metric
        return decode_phase(self.batch)

    @property
    def board(self) -> str:
        """The device, or the board of which it is a power mode."""
        device = load_device(self.device)
        return device.board or device.name

    @property
    def context_tokens(self) -> int:
        """Tokens of a prompt, in the context of a pass, or at the end of a generation."""
        return self.prompt_tokens + (0 if self.metric == "prefill" else self.output_tokens)

    @property
    def parts(self) -> tuple[DecoderConfig, Precision, Device, Engine]:
        """What the names stand for; the decoder as the engine stores it."""
        decoder = load_decoder(self.decoder)
        if self.separate_embeddings:
            decoder = decoder.model_copy(update={"tied_embeddings": False})
        return decoder, load_precision(self.precision), load_device(self.device), load_engine(self.engine)


@cache
def published_measurements() -> tuple[Measurement, ...]:
    """All rows that the project ships, with values in seconds and bytes.

    Not in it, because the source leaves out what a prediction needs: prefills of batches padded to lengths that are not
    published, speculative decoding, several devices together, weights that are partly in another memory, and memory on
    Jetson Thor (its published figure is below the size of the weights).
    """
    text = files(__package__).joinpath("published_measurements.csv").read_text(encoding="utf-8")
    return tuple(_measurement(row) for row in csv.DictReader(text.splitlines()))


def _measurement(row: dict[str, str]) -> Measurement:
    batch, metric = int(row["batch"]), row["metric"]
    prompt, output = int(row["prompt_tokens"] or 0), int(row["output_tokens"] or 0)
    context = int(row["context_tokens"] or 0)
    value = float(row["value"])
    if row["unit"] == "tokens/s":
        value = batch * {"prefill": prompt, "decode": 1, "throughput": output}[metric] / value
    else:
        value *= TO_SI[row["unit"]]
    published = metric != "decode" or context > 0
    if metric == "prefill":
        output = 1
    elif metric == "decode":
        prompt, output = (context or ASSUMED_CONTEXT_TOKENS) - 1, 2
    elif metric == "memory":
        prompt, output = (prompt, context - prompt) if prompt else (context, 0)
    return Measurement(
        row["decoder"], row["precision"], row["device"], row["engine"], batch, metric, prompt, output,
        published, value, row["separate_embeddings"] == "yes", row["source"], row["memory_of"],
    )  # fmt: skip
