"""Architecture of a transformer decoder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge_llm_env.support.naming import shown

Size = Annotated[int, Field(gt=0, lt=2**40)]
Count = Annotated[int, Field(ge=0, lt=2**40)]


class DecoderConfig(BaseModel):
    """Shape of a decoder-only transformer, in the symbols of `docs/model.md`: L, d, f, H, H_kv, h, V, E and k.

    Raises `pydantic.ValidationError` on an unknown field, a non-positive size or sizes that contradict each other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: Size = Field(description="number of decoder layers, L")
    d_model: Size = Field(description="hidden width, d")
    d_ff: Size = Field(description="feed-forward width, f; of one expert where there are several")
    heads: Size = Field(description="attention heads, H")
    kv_heads: Size = Field(description="key/value heads, H_kv; fewer than H under grouped-query attention")
    head_dim: Size = Field(description="width of one head of queries and keys, h")
    vocabulary: Size = Field(description="vocabulary size, V")
    gated_ffn: bool = Field(default=False, description="three feed-forward matrices instead of two")
    tied_embeddings: bool = Field(default=True, description="output head shares the embedding matrix")
    experts: Size = Field(default=1, description="feed-forward experts stored, E")
    experts_per_token: Size = Field(default=1, description="experts that act on one token, k")
    shared_d_ff: Count = Field(default=0, description="feed-forward width, in layers of experts, of what always acts")
    dense_layers: Count = Field(default=0, description="layers with one feed-forward network in place of experts")
    dense_d_ff: Count = Field(default=0, description="feed-forward width of the dense layers")
    value_head_dim: Size | None = Field(default=None, description="width of one value head; none: as keys")
    latent_query: Size | None = Field(default=None, description="width through which queries are projected")
    latent_kv: Size | None = Field(
        default=None,
        description="width of the latent from which keys and values of all heads are made, c; it is cached",
    )
    latent_key_dim: Count = Field(default=0, description="part of a key that heads share and that is cached beside c")
    positions: Count = Field(default=0, description="learned position embeddings stored")
    context_limit: Size | None = Field(default=None, description="most tokens of prompt and output; none: no limit")
    window: Size | None = Field(default=None, description="latest tokens that the windowed layers attend to")
    window_layers: Count = Field(default=0, description="layers that attend to, and cache, the window alone")
    window_share: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="how an affine cost counts what a windowed layer keeps of so many tokens: share·tokens and, for "
        "the rest, the window; 1 where no context is longer than the window",
    )
    other_weights: Count = Field(default=0, description="norms, biases and routers of the whole model")
    stored_weight_bits: float | None = Field(
        default=None,
        gt=0,
        le=16,
        description="bits of a weight in the checkpoint, where its config.json says it is quantized",
    )

    @property
    def expert_layers(self) -> int:
        """Layers whose feed-forward network is the E experts: all but the dense ones."""
        return self.layers - self.dense_layers

    @property
    def value_dim(self) -> int:
        """Width of one value head."""
        return self.head_dim if self.value_head_dim is None else self.value_head_dim

    def at_contexts(self, shortest_tokens: int, longest_tokens: int) -> DecoderConfig:
        """The same, as costs of contexts between these lengths (tokens) count it.

        What a windowed layer keeps of t tokens is min(t, w), and counted as share·t + (1 - share)·w, which is never
        less. It is exact if all contexts are within the window or none is shorter; else the share is such that the
        longest context and the shortest are counted as many tokens too long, (w - s)·(l - w)/(l - s) for contexts from
        s to l tokens, and none more.
        """
        if self.window is None:
            return self
        shorter, longer = max(self.window - shortest_tokens, 0), max(longest_tokens - self.window, 0)
        if not longer:
            return self.model_copy(update={"window_share": 1.0})
        return self.model_copy(update={"window_share": shorter / (shorter + longer)})

    @property
    def shape(self) -> DecoderConfig:
        """The same for every decoder that costs the same: without the limit of its contexts."""
        return self.model_copy(update={"context_limit": None})

    @model_validator(mode="after")
    def _parts_are_at_most_the_whole(self) -> DecoderConfig:
        for part, whole in (
            ("kv_heads", "heads"),
            ("experts_per_token", "experts"),
            ("dense_layers", "layers"),
            ("window_layers", "layers"),
            ("latent_key_dim", "head_dim"),
        ):
            if getattr(self, part) > getattr(self, whole):
                raise ValueError(f"{part} = {getattr(self, part)}: must be at most {whole} = {getattr(self, whole)}")
        if self.heads % self.kv_heads:
            raise ValueError(f"kv_heads = {self.kv_heads}: must divide heads = {self.heads}")
        return self

    @model_validator(mode="after")
    def _what_belongs_together_is_there(self) -> DecoderConfig:
        for one, other in (
            ("dense_layers", "dense_d_ff"),
            ("window_layers", "window"),
            ("latent_key_dim", "latent_kv"),
        ):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                raise ValueError(
                    f"{one} = {getattr(self, one)}, {other} = {getattr(self, other)}: must be given together"
                )
        return self

    @classmethod
    def from_hf_config(cls, path: str | Path | Mapping[str, Any]) -> DecoderConfig:
        """The decoder that a Hugging Face `config.json` describes, that of the folder which holds one, or its content.

        Raises ValueError, one line, when the file cannot be read, its `model_type` is not supported, a key is missing
        or sizes are impossible, and TypeError for what is neither a path nor a content.
        """
        from edge_llm_env.inference.hf_config.reading import decoder_fields

        if not isinstance(path, str | os.PathLike | Mapping):
            raise TypeError(f"path = {shown(path)}: must be a path, or the content of a config.json as a mapping")
        try:
            return cls(**decoder_fields(path))
        except ValidationError as error:
            problem = error.errors()[0]
            message = problem["msg"].removeprefix("Value error, ")
            field = f"{problem['loc'][0]} = {shown(problem['input'])}: " if problem["loc"] else ""
            where = "config" if isinstance(path, Mapping) else path
            raise ValueError(f"{where}: {field}{message}") from None
