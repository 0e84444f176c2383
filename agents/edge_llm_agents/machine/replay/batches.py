"""Batches on a real decoder, in real time: prefilled in one pass, decoded until every request has its tokens."""

from __future__ import annotations

from typing import NamedTuple

from edge_llm_agents.machine.clocks import Clock
from edge_llm_agents.machine.decoder import Piece
from edge_llm_agents.machine.replay.schedule import Batch, Schedule
from edge_llm_agents.machine.slots.sequences import Runs


class Computed(NamedTuple):
    """A batch as it was computed; times in seconds after the episode's start."""

    batch: Batch
    began_s: float
    """When the decoder was free and the batch due."""
    first_s: float
    """When each had its first token: they are prefilled together."""
    finished_s: tuple[float, ...]
    """When each request had its last token."""
    passes_s: tuple[float, ...]
    """Time of each pass, the prefill first."""
    alive: tuple[int, ...]
    """Sequences in each pass."""

    @property
    def ends_s(self) -> float:
        """When the batch was done."""
        return max(self.finished_s)

    @property
    def on_time(self) -> tuple[bool, ...]:
        """Whether the batch was done within what each request leaves, counted from when it was due."""
        took_s = self.ends_s - self.batch.begins_s
        return tuple(took_s <= limit_s for limit_s in self.batch.limit_s)


def run_schedule(schedule: Schedule, decoder: Runs, clock: Clock) -> list[Computed]:
    """Every batch when it is due, or as soon as the one before is done; each request is computed exactly once."""
    starts_s = clock.now_s()
    computed = []
    for batch in schedule.batches:
        clock.wait_until(starts_s + batch.begins_s)
        computed.append(_run_batch(batch, decoder, clock, starts_s))
    return computed


def _run_batch(batch: Batch, decoder: Runs, clock: Clock, starts_s: float) -> Computed:
    began_s = then_s = clock.now_s()
    size = len(batch.requests)
    last = decoder.run([Piece(slot, [1 + slot] * tokens, 0) for slot, tokens in enumerate(batch.prompt_tokens)])
    now_s = first_s = clock.now_s()
    passes_s, alive_in = [now_s - then_s], [size]
    made, finished_s = [1] * size, [now_s] * size
    while alive := [slot for slot in range(size) if made[slot] < batch.output_tokens[slot]]:
        then_s = now_s
        tokens = decoder.run(
            [Piece(one, last[one : one + 1], batch.prompt_tokens[one] + made[one] - 1) for one in alive]
        )
        now_s = clock.now_s()
        passes_s.append(now_s - then_s)
        alive_in.append(len(alive))
        for slot, token in zip(alive, tokens, strict=True):
            last[slot], finished_s[slot] = token, now_s
            made[slot] += 1
    return Computed(
        batch,
        began_s - starts_s,
        first_s - starts_s,
        tuple(one - starts_s for one in finished_s),
        tuple(passes_s),
        tuple(alive_in),
    )
