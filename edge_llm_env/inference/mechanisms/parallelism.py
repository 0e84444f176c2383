"""Parallelism: modules that work as one over links, by tensors, by stages, or by batches.

Tensor (Megatron-LM, arXiv 1909.08053): each of p modules has a part of every matrix, and two vectors of width d are
added up per layer and token: 2·L·(t_0 + b·d·w/8/B) per pass of b tokens. Over a star (distributed-llama) a root
broadcasts and gathers L·w/8·((f + 3d)(p - 1) + (3d + 2·H_kv·h)(p - 1)/p) bytes per token, which reproduces the bytes
that its report counts to 0.2 %. Launches and bookkeeping are done by all, and so is a serial share.

Pipeline: S stages of L/S layers one after another, S - 1 messages of a token's vector per pass. With as many
microbatches as stages all stages work, each on a part of the batch.

Data: copies of the model share a batch. Groups (of data, of microbatches) that divide a batch of unequal requests
take at most Σ/G + (1 - 1/G)·max of what it costs beside a pass, if each request goes to the group that has least to do
(Graham, 1969): this bound, affine, is what is counted, and exact for one request alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from edge_llm_env.inference.batch_cost import AffineCost
from edge_llm_env.inference.catalog import load_link
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.inference.link import Link
from edge_llm_env.inference.mechanisms.terms import CACHE, PRODUCTS, READS, Terms, scaled
from edge_llm_env.support.section import Section

Ways = Annotated[int, Field(ge=1, le=1024)]


class Parallelism(Section):
    """How a node's modules divide a model and its batches; tensor · pipeline · data must be the number of modules."""

    tensor: Ways = Field(default=1, description="modules that share every matrix")
    pipeline: Ways = Field(default=1, description="stages of layers")
    data: Ways = Field(default=1, description="copies of the model, which share a batch")
    microbatches: Ways = Field(
        default=1, description="parts of a batch that are in the pipeline at a time, at most as many as stages"
    )
    link: str = Field(description="catalogue name of the link between modules")
    serial_share: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="part of reading and multiplying that tensor parallelism does not divide"
    )

    @property
    def modules(self) -> int:
        """Modules that work together: tensor × pipeline × data."""
        return self.tensor * self.pipeline * self.data

    @property
    def groups(self) -> int:
        """Parts that a batch is divided into."""
        return self.data * self.microbatches

    def of_fewer(self, modules: int) -> Parallelism:
        """How so many modules share every matrix over the same link."""
        return self.model_copy(update={"tensor": modules})

    @property
    def is_of_tensors(self) -> bool:
        """Whether modules share matrices and nothing else: neither stages nor copies."""
        return self.pipeline == self.data == 1

    def check(self, decoder: DecoderConfig, modules: int) -> None:
        """Raise ValueError, one line, if the modules are others or the decoder cannot be divided so."""
        if self.modules != modules:
            raise ValueError(
                f"parallelism: tensor = {self.tensor}, pipeline = {self.pipeline}, data = {self.data} are "
                f"{self.modules} modules; must be modules = {modules}"
            )
        if self.microbatches > self.pipeline:
            raise ValueError(
                f"parallelism.microbatches = {self.microbatches}: must be at most pipeline = {self.pipeline}"
            )
        for field, parts, whole in (("tensor", "heads", decoder.heads), ("pipeline", "layers", decoder.layers)):
            if getattr(self, field) > whole:
                raise ValueError(f"parallelism.{field} = {getattr(self, field)}: must be at most the {whole} {parts}")
        if self.tensor > 1:
            load_link(self.link).of(self.tensor)


def divided(terms: Terms, decoder: DecoderConfig, parallelism: Parallelism) -> dict[str, IterationCost]:
    """The terms of one module's iteration, as each module of a group of tensor parallelism has its part of them.

    A head of keys and values is on one module, so that a cache is divided among as many as there are such heads; a
    latent is on all of them.
    """
    serial = parallelism.serial_share
    part = serial + (1.0 - serial) / parallelism.tensor
    cached = serial + (1.0 - serial) / cache_parts(decoder, parallelism)
    return scaled(scaled(terms, part, (*READS, *PRODUCTS, "scores")), cached, CACHE)


def cache_parts(decoder: DecoderConfig, parallelism: Parallelism) -> int:
    """Parts that a group's modules divide a cache into: heads of keys and values, of which a latent is one."""
    return min(parallelism.tensor, 1 if decoder.latent_kv is not None else decoder.kv_heads)


def cache_copies(decoder: DecoderConfig, parallelism: Parallelism) -> float:
    """How often a group's modules hold and read each entry of a cache together, at least once."""
    return parallelism.tensor / cache_parts(decoder, parallelism)


def communication_s(decoder: DecoderConfig, parallelism: Parallelism, tokens: int) -> IterationCost:
    """Time of a pass for what modules tell each other, where each sequence that decodes has so many tokens (s)."""
    link = load_link(parallelism.link)
    cost = IterationCost()
    if parallelism.tensor > 1:
        cost = cost.plus(_added_up_s(decoder, link, parallelism.tensor))
    hops = parallelism.pipeline - 1
    message_s = decoder.d_model * link.wire_bits / 8.0 / link.send_bytes_per_s
    cost = cost.plus(_of_tokens(hops * link.send_latency_s, hops * message_s))
    return cost._replace(decode_sequence=cost.decode_sequence * tokens)


def _added_up_s(decoder: DecoderConfig, link: Link, modules: int) -> IterationCost:
    latency_s, bytes_per_s = link.of(modules)
    if link.shape == "star":
        return _of_tokens(0.0, star_bytes_per_token(decoder, link, modules) / bytes_per_s)
    vectors = 2 * decoder.layers
    return _of_tokens(vectors * latency_s, vectors * decoder.d_model * link.wire_bits / 8.0 / bytes_per_s)


def star_bytes_per_token(decoder: DecoderConfig, link: Link, modules: int) -> float:
    """Bytes that a root sends and gets per token: L·w/8·((f + 3d)(p - 1) + (3d + 2·H_kv·h)(p - 1)/p).

    Read out of the bytes that b4rtaz/distributed-llama counts (report/report.pdf, figure 6): inputs of the attention,
    of its output and of the feed-forward network and its inner vector go to all; queries, keys, values and the outputs
    of both come back in parts.
    """
    sent = (decoder.d_ff + 3 * decoder.d_model) * (modules - 1)
    returned = (3 * decoder.d_model + 2 * decoder.kv_heads * decoder.head_dim) * (modules - 1) / modules
    return decoder.layers * link.wire_bits / 8.0 * (sent + returned)


def _of_tokens(pass_s: float, token_s: float) -> IterationCost:
    return IterationCost(decode_pass=pass_s, decode_sequence=token_s, prefill_pass=pass_s, prefill_token=token_s)


def filling(cost: IterationCost, parallelism: Parallelism) -> IterationCost:
    """The cost of a pass while a pipeline fills up: prefill takes (S + μ - 1)/S of what its stages do."""
    more = 1.0 + (parallelism.microbatches - 1) / parallelism.pipeline
    prefill = ("prefill_pass", "prefill_token", "prefill_pair", "prefill_sequence")
    return cost._replace(**{part: more * getattr(cost, part) for part in prefill})


def among(cost: AffineCost, groups: int) -> AffineCost:
    """The time of a batch that groups share: each request at 1/G, (1 - 1/G) of the longest once (Graham's bound)."""
    longest = cost.marginal.scaled(1.0 - 1.0 / groups)
    return AffineCost(cost.base.plus(longest), cost.marginal.scaled(1.0 / groups))


def held(terms: Mapping[str, AffineCost], decoder: DecoderConfig, parallelism: Parallelism) -> dict[str, AffineCost]:
    """What all modules hold of `MEMORY_TERMS`: each copy its weights, and room for the longest request in each.

    Where more modules share tensors than there are heads of keys and values, some hold the same part of the cache.
    Σ + (D - 1)·max ≤ D·M is what requests that go one by one to the emptiest of D copies of memory M fit for certain.
    """
    copies = parallelism.data
    held = dict(terms) | {"held_cache": terms["held_cache"].scaled(cache_copies(decoder, parallelism))}
    for term, cost in held.items():
        if term.endswith("weights"):
            held[term] = cost.scaled(copies)
        elif term.endswith("cache"):
            held[term] = AffineCost(cost.base.plus(cost.marginal.scaled(copies - 1)), cost.marginal)
    return held


def copied(weights: IterationCost, parallelism: Parallelism) -> IterationCost:
    """Bytes of weights that all copies read in a pass."""
    copies = parallelism.data
    return weights._replace(decode_pass=copies * weights.decode_pass, prefill_pass=copies * weights.prefill_pass)
