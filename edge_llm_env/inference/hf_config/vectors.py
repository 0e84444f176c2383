"""Weights that stand in no matrix: norms and biases, and the routers of experts with them."""

from __future__ import annotations

from typing import Any

from edge_llm_env.inference.hf_config.keys import ConfigKeys


def other_weights(keys: ConfigKeys, vectors: dict[str, Any], fields: dict[str, Any]) -> int:
    """Norms, biases and routers of a decoder of these fields, as its family has them.

    `norms` per layer and `final` once are vectors of width d, `head_norms` per layer of a head's width, `row_norms` one
    of all queries and one of all keys, `sinks` a number per head; biases are of every linear layer of their kind.
    """
    has = {name: keys.truth(vectors.get(name, False)) for name in FLAGS}
    count = {name: keys.number(vectors.get(name, 0)) or 0 for name in COUNTS}
    d, heads, kv_heads, head = fields["d_model"], fields["heads"], fields["kv_heads"], fields["head_dim"]
    value_dim = fields.get("value_head_dim") or head
    latents = (fields.get("latent_query") or 0) + (fields.get("latent_kv") or 0)
    if fields.get("latent_kv"):
        projected = latents + fields["latent_key_dim"]
    else:
        projected = heads * head + kv_heads * (head + value_dim)
    per_layer = (
        count["norms"] * d
        + count["head_norms"] * head
        + has["row_norms"] * (heads + kv_heads) * head
        + has["qkv_bias"] * projected
        + has["output_bias"] * d
        + has["sinks"] * heads
        + latents
    )
    ends = count["final"] * d + has["head_bias"] * fields["vocabulary"]
    return int(fields["layers"] * per_layer + ends + _feed_forward(has, fields))


FLAGS = (
    "row_norms", "qkv_bias", "output_bias", "ffn_bias", "head_bias", "sinks", "router", "router_bias", "shared_gate"
)  # fmt: skip
"""What a family has or has not."""
COUNTS = ("norms", "head_norms", "final")
"""What a family has so many of."""


def _feed_forward(has: dict[str, bool], fields: dict[str, Any]) -> int:
    """Biases of feed-forward networks, and routers."""
    d, experts, dense_layers = fields["d_model"], fields.get("experts", 1), fields.get("dense_layers", 0)
    shared = fields.get("shared_d_ff", 0)

    def biases(width: int) -> int:
        return has["ffn_bias"] * ((2 if fields["gated_ffn"] else 1) * width + d)

    layer = experts * biases(fields["d_ff"]) + (biases(shared) if shared else 0)
    layer += has["router"] * (d + has["router_bias"]) * experts + has["shared_gate"] * d
    return int((fields["layers"] - dense_layers) * layer + dense_layers * biases(fields.get("dense_d_ff", 0)))
