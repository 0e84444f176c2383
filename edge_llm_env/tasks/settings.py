"""What a scenario says of agent tasks."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge_llm_env.support.quantities import Tokens
from edge_llm_env.support.section import NEUTRAL, Section
from edge_llm_env.tasks.kinds.kind import ASKED, INSTRUCTED, OBSERVED, Shape
from edge_llm_env.tasks.kinds.table import Kind
from edge_llm_env.tasks.signals import SIZE, Signals
from edge_llm_env.tasks.tool_times import ToolTimes

KV_CACHE_RULES = ("drop", "keep", "keep_while_slack", "keep_or_swap")
"""What becomes of a task's KV cache between its calls."""

KNOWN, ESTIMATED, UNKNOWN = "known", "estimated", "unknown"


class TaskSettings(Section):
    """Tasks arrive in place of requests, each a directed acyclic graph of calls with tools between.

    `workload.arrivals` are those of tasks, `prompt_tokens` what a task begins with, `output_tokens` the answer of each
    call, and `latency_requirement_s` the time from a task's arrival to its last answer, tools included.
    """

    kinds: tuple[Kind, ...] = Field(min_length=1, max_length=16, description="of tasks, drawn by their weights")
    tool_times: ToolTimes = Field(default=ToolTimes(), description="of every tool")
    tool_tokens: tuple[Tokens, ...] = Field(
        min_length=1, description="of a tool's answer, drawn from a list with equal probability"
    )
    instruction_tokens: Tokens = Field(default=50, description="of the prompt of a call that no tool goes before")
    kv_cache: Literal["drop", "keep", "keep_while_slack", "keep_or_swap"] = Field(
        default="keep_while_slack",
        description="of a task between its calls: dropped, kept, kept as long as all that is kept fits `cache_share` "
        "of the memory, or that and swapped beyond it to `iterations.host_memory_bytes`",
    )
    cache_share: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.5, description="of the memory beside the weights, for caches that are kept while there is slack"
    )
    drop_by_action: bool = Field(
        default=False,
        description="whether an action of BatchSelection-v0 drops caches that are kept, or swaps them with "
        "`keep_or_swap`; one of ContinuousBatching-v0 always does",
        json_schema_extra=NEUTRAL,
    )
    calls_left: Literal["known", "estimated", "unknown"] = Field(
        default="estimated", description="to an agent: of the task itself, on average by kind and calls done, or not"
    )
    signals: Signals | None = Field(default=None, description="that go with a task's size; none if not given")

    @cached_property
    def shapes(self) -> tuple[tuple[Shape, ...], ...]:
        """Of each kind, the calls of a task of each size."""
        return tuple(kind.shapes() for kind in self.kinds)

    @cached_property
    def size_shares(self) -> tuple[NDArray[np.float64], ...]:
        """Of each kind, how likely each size is."""
        return tuple(kind.size_shares() for kind in self.kinds)

    @property
    def kind_shares(self) -> NDArray[np.float64]:
        """How likely each kind is."""
        weights = np.array([kind.weight for kind in self.kinds])
        shares: NDArray[np.float64] = weights / weights.sum()
        return shares

    @cached_property
    def most_calls(self) -> int:
        """Calls of the largest task that can be drawn."""
        return max(shape.calls for shapes in self.shapes for shape in shapes)

    @cached_property
    def most_predecessors(self) -> int:
        """Of a call; at least 1."""
        return max(1, *(len(each) for shapes in self.shapes for shape in shapes for each in shape.predecessors))

    @property
    def signal_size(self) -> int:
        """Numbers of a call's signal."""
        return 0 if self.signals is None else SIZE

    @property
    def mean_calls(self) -> float:
        """Calls that a task has in expectation, over kinds and their sizes."""
        means = [
            float(shares @ np.array([shape.calls for shape in shapes], dtype=np.float64))
            for shares, shapes in zip(self.size_shares, self.shapes, strict=True)
        ]
        return float(self.kind_shares @ np.array(means))

    def expected_calls_left(self) -> NDArray[np.float64]:
        """Of shape (kinds, most_calls + 1): how many calls are left on average of a task of which so many are done.

        0 where no task has that many left.
        """
        left = np.zeros((len(self.kinds), self.most_calls + 1))
        for kind, (shares, shapes) in enumerate(zip(self.size_shares, self.shapes, strict=True)):
            calls = np.array([shape.calls for shape in shapes])
            for done in range(self.most_calls):
                longer = calls > done
                if longer.any():
                    left[kind, done] = shares[longer] @ (calls[longer] - done) / shares[longer].sum()
        return left

    def longest(self, prompt_tokens: int, output_tokens: int) -> tuple[int, int]:
        """Longest prompt, context included, and prompt with its answer, of tasks that begin with such a prompt."""
        new = {ASKED: prompt_tokens, OBSERVED: max(self.tool_tokens), INSTRUCTED: self.instruction_tokens}
        longest = 0
        for shapes in self.shapes:
            for shape in shapes:
                whole: list[int] = []
                for call in range(shape.calls):
                    context = whole[shape.continues[call]] if shape.continues[call] >= 0 else 0
                    read = (len(shape.predecessors[call]) - 1) * output_tokens if shape.reads[call] else 0
                    longest = max(longest, context + new[shape.new[call]] + read)
                    whole.append(context + new[shape.new[call]] + read + output_tokens)
        return longest, longest + output_tokens
