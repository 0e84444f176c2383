"""A decoder of random weights in torch: one pass over any mixture of prompts, parts of prompts and decoding sequences.

The layers of a Llama (arXiv 2302.13971): root-mean-square norms, rotary positions, grouped queries, a gated or plain
feed-forward network. Products with weights are done for all tokens of a pass at once; attention is done sequence by
sequence, each over its own context, so that nothing is padded and the cost of a pass is the sum that
`edge_llm_env.inference` counts. The KV cache is static: so many slots of so many positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from edge_llm_agents.machine.devices import device_of, memory_bytes
from edge_llm_agents.machine.products import Product, packs
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.work import parameters

LARGEST_SEED = 2**64 - 1
"""As torch's generators take it."""


class Piece(NamedTuple):
    """What a pass does of one sequence: a prompt, a part of it, or one token that is decoded."""

    slot: int
    tokens: Sequence[int]
    before: int
    """Tokens of the sequence that the slot holds already."""


class _Layer(NamedTuple):
    queries_keys_values: Product
    output: Product
    up: Product
    """Of a gated network, gate and up above each other."""
    down: Product
    norm: Tensor
    feed_forward_norm: Tensor


class TorchDecoder:
    """A decoder with weights drawn from a seed, in single precision on a CPU and in half on other devices.

    Raises ValueError where the decoder has what these layers lack, `slots` or `positions` is not positive, the seed is
    none of torch's, the device is not there, or weights and cache do not fit into its memory.
    """

    def __init__(
        self, config: DecoderConfig, *, slots: int, positions: int, device: str = "cpu", seed: int = 0
    ) -> None:
        _check(config)
        for name, value in (("slots", slots), ("positions", positions)):
            if value < 1:
                raise ValueError(f"{name} = {value}: must be at least 1")
        if not 0 <= seed <= LARGEST_SEED:
            raise ValueError(f"seed = {seed}: must be in 0..{LARGEST_SEED}")
        self.config = config
        self.slots, self.positions = slots, positions
        self._device = device_of(device)
        self._type = torch.float32 if self._device.type == "cpu" else torch.float16
        numbers = parameters(config) + 2.0 * config.layers * slots * config.kv_heads * positions * config.head_dim
        if config.tied_embeddings and packs(self._device, self._type):
            numbers += config.vocabulary * config.d_model  # embeddings are looked up, and packed for the product
        if (needed := numbers * self._type.itemsize) > (there := memory_bytes(self._device)):
            raise ValueError(
                f"decoder of slots = {slots} and positions = {positions}: takes {needed / 1e9:.3g} GB, must fit into "
                f"the {there / 1e9:.3g} GB of {device}"
            )
        generator = torch.Generator().manual_seed(seed)
        self._head_dim, self._kv_heads = config.head_dim, config.kv_heads
        d, heads, kv_heads = config.d_model, config.heads, config.kv_heads

        def drawn(outputs: int, inputs: int) -> Tensor:
            weights = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
            return weights.to(self._device, self._type)

        def by(outputs: int, inputs: int) -> Product:
            return Product(drawn(outputs, inputs))

        def ones() -> Tensor:
            return torch.ones(d, device=self._device, dtype=self._type)

        wide = config.d_ff * (2 if config.gated_ffn else 1)
        self._layers = [
            _Layer(
                by((heads + 2 * kv_heads) * config.head_dim, d),
                by(d, heads * config.head_dim),
                by(wide, d),
                by(d, config.d_ff),
                ones(),
                ones(),
            )
            for _ in range(config.layers)
        ]
        self._embeddings = drawn(config.vocabulary, d)
        self._head = Product(self._embeddings) if config.tied_embeddings else by(config.vocabulary, d)
        self._norm = ones()
        shape = (config.layers, slots, kv_heads, positions, config.head_dim)
        self._keys = torch.zeros(shape, device=self._device, dtype=self._type)
        self._values = torch.zeros_like(self._keys)
        self._cosines, self._sines = self._rotations()

    @property
    def precision(self) -> str:
        """The catalogue's name of its precision."""
        return "w32a32" if self._type is torch.float32 else "w16a16"

    @torch.inference_mode()
    def run(self, pieces: Sequence[Piece]) -> list[int]:
        """One pass; the likeliest next token of each piece.

        Raises ValueError for a piece without tokens, or one that its slot has no room for.
        """
        for piece in pieces:
            if not piece.tokens or not 0 <= piece.slot < self.slots:
                raise ValueError(f"piece of {len(piece.tokens)} tokens in slot {piece.slot}: there must be both")
            if not 0 <= piece.before <= self.positions - len(piece.tokens):
                raise ValueError(
                    f"piece of {len(piece.tokens)} tokens after {piece.before}: must fit into {self.positions}"
                )
        if not pieces:
            return []
        tokens = [token for piece in pieces for token in piece.tokens]
        at = [piece.before + i for piece in pieces for i in range(len(piece.tokens))]
        hidden = self._embeddings[torch.tensor(tokens, device=self._device)]
        where = torch.tensor(at, device=self._device)
        cosines, sines = self._cosines[where, None], self._sines[where, None]
        for number, layer in enumerate(self._layers):
            hidden = hidden + self._attended(number, layer, hidden, cosines, sines, pieces)
            wide = layer.up(self._normed(hidden, layer.feed_forward_norm))
            if self.config.gated_ffn:
                gate, up = wide.chunk(2, dim=1)
                wide = functional.silu(gate) * up
            else:
                wide = functional.gelu(wide)
            hidden = hidden + layer.down(wide)
        ends, last = 0, []
        for piece in pieces:
            ends += len(piece.tokens)
            last.append(ends - 1)
        rows = self._normed(hidden[torch.tensor(last, device=self._device)], self._norm)
        chosen: list[int] = self._head(rows).argmax(dim=1).tolist()
        return chosen

    def _attended(
        self,
        number: int,
        layer: _Layer,
        hidden: Tensor,
        cosines: Tensor,
        sines: Tensor,
        pieces: Sequence[Piece],
    ) -> Tensor:
        """What attention adds, for each token (tokens, d); keys and values are put into the cache."""
        config, kv_heads = self.config, self._kv_heads
        mixed = layer.queries_keys_values(self._normed(hidden, layer.norm))
        mixed = mixed.view(len(hidden), config.heads + 2 * kv_heads, self._head_dim)
        turned = mixed[:, : config.heads + kv_heads]
        half = self._head_dim // 2
        first, second = turned[..., :half], turned[..., half:]
        turned = torch.cat((first * cosines - second * sines, second * cosines + first * sines), dim=-1)
        queries, keys = turned[:, : config.heads], turned[:, config.heads :]
        values = mixed[:, config.heads + kv_heads :]
        attended = torch.zeros_like(queries)
        begins = 0
        for piece in pieces:
            ends, until = begins + len(piece.tokens), piece.before + len(piece.tokens)
            held_keys, held_values = self._keys[number, piece.slot], self._values[number, piece.slot]
            held_keys[:, piece.before : until] = keys[begins:ends].transpose(0, 1)
            held_values[:, piece.before : until] = values[begins:ends].transpose(0, 1)
            attended[begins:ends] = _attention(
                queries[begins:ends], held_keys[:, :until], held_values[:, :until], piece.before
            )
            begins = ends
        return layer.output(attended.flatten(1))

    def _normed(self, hidden: Tensor, weights: Tensor) -> Tensor:
        return functional.rms_norm(hidden, (self.config.d_model,), weights, 1e-5)

    def _rotations(self) -> tuple[Tensor, Tensor]:
        half = self._head_dim // 2
        rates = 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.arange(self.positions, dtype=torch.float64)[:, None] * rates
        return angles.cos().to(self._device, self._type), angles.sin().to(self._device, self._type)


def _attention(queries: Tensor, keys: Tensor, values: Tensor, before: int) -> Tensor:
    """Of one sequence: queries (tokens, H, h), keys and values (H_kv, context, h); (tokens, H, h)."""
    tokens, heads, width = queries.shape
    kv_heads, context, _ = keys.shape
    grouped = queries.transpose(0, 1).reshape(kv_heads, heads // kv_heads * tokens, width)
    scores = grouped @ keys.transpose(1, 2) * width**-0.5
    if tokens > 1:
        future = torch.ones(tokens, context, dtype=torch.bool, device=queries.device).triu(before + 1)
        scores = scores.view(kv_heads, -1, tokens, context).masked_fill(future, float("-inf")).view(scores.shape)
    attended = scores.softmax(dim=-1) @ values
    return attended.view(heads, tokens, width).transpose(0, 1)


def _check(config: DecoderConfig) -> None:
    for field, value in (
        ("experts", config.experts > 1),
        ("latent_kv", config.latent_kv),
        ("latent_query", config.latent_query),
        ("window", config.window),
        ("value_head_dim", config.value_dim != config.head_dim),
        ("head_dim", config.head_dim % 2),
    ):
        if value:
            raise ValueError(f"decoder: {field} = {getattr(config, field)}: is not what the decoder of this suite runs")
