"""Architecture of a transformer decoder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class DecoderConfig(BaseModel):
    """Shape of a decoder-only transformer, in the symbols of `docs/model.md`: L, d, f, H, H_kv, h, V, E and k.

    Raises `pydantic.ValidationError` on an unknown field or a non-positive size.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int = Field(gt=0, description="number of decoder layers, L")
    d_model: int = Field(gt=0, description="hidden width, d")
    d_ff: int = Field(gt=0, description="feed-forward width, f")
    heads: int = Field(gt=0, description="attention heads, H")
    kv_heads: int = Field(gt=0, description="key/value heads, H_kv; fewer than H under grouped-query attention")
    head_dim: int = Field(gt=0, description="width of one head, h")
    vocabulary: int = Field(gt=0, description="vocabulary size, V")
    gated_ffn: bool = Field(default=False, description="three feed-forward matrices instead of two")
    tied_embeddings: bool = Field(default=True, description="output head shares the embedding matrix")
    experts: int = Field(default=1, gt=0, description="feed-forward experts stored, E")
    experts_per_token: int = Field(default=1, gt=0, description="experts that act on one token, k")

    @classmethod
    def from_hf_config(cls, path: str | Path) -> DecoderConfig:
        """The decoder that a Hugging Face `config.json` describes.

        Raises ValueError, one line, when the file cannot be read, its `model_type` is not known or a key is missing.
        """
        from edge_llm_env.inference.hf_config import decoder_fields

        try:
            return cls(**decoder_fields(path))
        except ValidationError as error:
            problem = error.errors()[0]
            raise ValueError(f"{path}: {problem['loc'][0]} = {problem['input']!r}: {problem['msg']}") from None
