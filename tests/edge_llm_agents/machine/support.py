"""A tiny decoder, and a machine whose passes take what a cost model says, on a clock that nothing else moves."""

from __future__ import annotations

from collections.abc import Sequence

from edge_llm_agents.machine.decoder import Piece, TorchDecoder
from edge_llm_env.engine.params import block_bytes, kv_blocks
from edge_llm_env.inference.decoder import DecoderConfig
from edge_llm_env.inference.iteration import IterationCost
from edge_llm_env.scenarios import Scenario, load_scenario

TINY = DecoderConfig(
    layers=2, d_model=32, d_ff=48, heads=4, kv_heads=2, head_dim=8, vocabulary=300, gated_ffn=True, tied_embeddings=True
)


def greedy(one: TorchDecoder, slot: int, prompt: list[int], tokens: int) -> list[int]:
    """What a decoder makes of a prompt in a slot, nobody beside."""
    made = one.run([Piece(slot, prompt, 0)])
    while len(made) < tokens:
        made += one.run([Piece(slot, made[-1:], len(prompt) + len(made) - 1)])
    return made


def alone(prompt: list[int], tokens: int) -> list[int]:
    """What the tiny decoder makes of a prompt."""
    return greedy(TorchDecoder(TINY, slots=1, positions=len(prompt) + tokens), 0, prompt, tokens)


class SteppedClock:
    """A clock that stands still but for waiting and `advance`."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def wait_until(self, at_s: float) -> None:
        self._now_s = max(self._now_s, at_s)

    def advance(self, seconds: float) -> None:
        self._now_s += seconds


class CostedDecoder:
    """Runs passes that take their cost; every token is the same."""

    def __init__(self, cost: IterationCost, clock: SteppedClock, passes_until_interrupt: int = 10**9) -> None:
        self._cost, self._clock, self._left = cost, clock, passes_until_interrupt
        self.passes: list[list[Piece]] = []

    def run(self, pieces: Sequence[Piece]) -> list[int]:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        chunks = [(len(one.tokens), one.before, True) for one in pieces if one.before == 0 or len(one.tokens) > 1]
        contexts = [one.before + 1 for one in pieces if one.before > 0 and len(one.tokens) == 1]
        self._clock.advance(self._cost.of_pass(chunks=chunks, contexts=contexts))
        self.passes.append(list(pieces))
        return [1] * len(pieces)


def with_blocks(scenario: Scenario, blocks: int) -> Scenario:
    """A scenario whose node has memory for so many blocks of KV cache."""
    spare = (kv_blocks(scenario) - blocks - 0.5) * block_bytes(scenario)
    return load_scenario(
        scenario, **{"node.memory_bytes_per_module": float(scenario.memory_limit_bytes / scenario.node.modules) - spare}
    )
