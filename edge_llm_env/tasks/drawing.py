"""Drawing the calls of tasks."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.tasks.kinds.kind import ASKED, OBSERVED, Shape
from edge_llm_env.tasks.settings import TaskSettings

Integers = NDArray[np.int64]


class Calls(NamedTuple):
    """The calls of T tasks, those of a task behind one another: N of them."""

    task: Integers
    """(N,) the task of each, from 0."""
    task_kind: Integers
    """(N,) index in `TaskSettings.kinds`."""
    predecessors: Integers
    """(N, P) how many places before it each call stands that it waits for; 0 for none."""
    tool_s: NDArray[np.float64]
    """(N,) time of the tool between the last of these and the call."""
    prompt_tokens: Integers
    """(N,) new ones."""
    output_tokens: Integers
    """(N,)"""
    context_tokens: Integers
    """(N,) that stood before the new ones in its context."""
    kept_tokens: Integers
    """(N,) context, prompt and answer, where a later call goes on from them; else 0."""
    signals: NDArray[np.float64] | None
    """(N, D)"""


class Table(NamedTuple):
    """A `Shape` as arrays."""

    predecessors: Integers
    """(C, P)"""
    continues: Integers
    """(C,) places back, 0 for none."""
    new: Integers
    reads: NDArray[np.bool_]
    tools: NDArray[np.bool_]
    goes_on: NDArray[np.bool_]
    """A later call continues it."""


def draw_calls(
    settings: TaskSettings,
    rng: np.random.Generator,
    asked_tokens: Integers,
    output_tokens: tuple[int, ...],
) -> Calls:
    """The calls of tasks whose first prompts are `asked_tokens`, of shape (T,)."""
    tasks = len(asked_tokens)
    kinds, within = rng.random((2, tasks))
    kind = np.minimum(np.searchsorted(np.cumsum(settings.kind_shares), kinds, side="right"), len(settings.kinds) - 1)
    size = np.zeros(tasks, dtype=np.int64)
    for each, shares in enumerate(settings.size_shares):
        mine = kind == each
        size[mine] = np.minimum(np.searchsorted(np.cumsum(shares), within[mine], side="right"), len(shares) - 1)
    tables = [table_of(settings.shapes[k][s], settings.most_predecessors) for k, s in zip(kind, size, strict=True)]
    counts = np.array([len(table.new) for table in tables], dtype=np.int64)
    task = np.repeat(np.arange(tasks), counts)
    calls, first = len(task), np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if tasks else counts

    def joined(name: str, shape: tuple[int, ...], dtype: type) -> NDArray:
        return np.concatenate([np.zeros((0, *shape), dtype=dtype), *(getattr(table, name) for table in tables)])

    predecessors = joined("predecessors", (settings.most_predecessors,), np.int64)
    continues, new = joined("continues", (), np.int64), joined("new", (), np.int64)
    answers = np.array(output_tokens)[rng.integers(len(output_tokens), size=calls)]
    observed = np.array(settings.tool_tokens)[rng.integers(len(settings.tool_tokens), size=calls)]
    tool_s = np.where(joined("tools", (), np.bool_), settings.tool_times.draw(rng, calls), 0.0)
    prompt = np.select([new == ASKED, new == OBSERVED], [asked_tokens[task], observed], settings.instruction_tokens)
    prompt, context = with_answers(
        prompt, answers, predecessors, continues, joined("reads", (), np.bool_), first, counts
    )
    kept = np.where(joined("goes_on", (), np.bool_), context + prompt + answers, 0)
    signals = None
    if settings.signals is not None:
        signals = settings.signals.draw(
            rng, kind[task].astype(np.int64), normal_scores(settings, kind, size, rng)[task]
        )
    return Calls(task, kind[task].astype(np.int64), predecessors, tool_s, prompt, answers, context, kept, signals)


def with_answers(
    prompt: Integers,
    answers: Integers,
    predecessors: Integers,
    continues: Integers,
    reads: NDArray[np.bool_],
    first: Integers,
    counts: Integers,
) -> tuple[Integers, Integers]:
    """New tokens with the answers that are read, and the context of each call: place by place, as each needs others."""
    prompt, context = prompt.astype(np.int64), np.zeros(len(prompt), dtype=np.int64)
    for place in range(int(counts.max(initial=0))):
        at = (first + place)[counts > place]
        back = continues[at]
        source = at - back
        context[at] = np.where(back > 0, context[source] + prompt[source] + answers[source], 0)
        for column in range(predecessors.shape[1]):
            one = predecessors[at, column]
            prompt[at] += np.where(reads[at] & (one > 0) & (one != back), answers[at - one], 0)
    return prompt, context


def normal_scores(
    settings: TaskSettings, kind: Integers, size: Integers, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Of each task, the normal score of its size among those of its kind: of mean 0 and variance 1, (T,)."""
    upper = [np.cumsum(shares) for shares in settings.size_shares]
    quantile = np.array(
        [
            upper[k][s] - settings.size_shares[k][s] * part
            for k, s, part in zip(kind, size, rng.random(len(kind)), strict=True)
        ]
    )
    normal = NormalDist()
    return np.array([normal.inv_cdf(min(max(one, 1e-9), 1.0 - 1e-9)) for one in quantile.tolist()])


@lru_cache(maxsize=4096)
def table_of(shape: Shape, width: int) -> Table:
    """A shape as arrays, with room for `width` predecessors; to be read only."""
    predecessors = np.zeros((shape.calls, width), dtype=np.int64)
    for call, each in enumerate(shape.predecessors):
        predecessors[call, : len(each)] = [call - one for one in each]
    continued = set(shape.continues)
    return Table(
        predecessors,
        np.array([0 if one < 0 else call - one for call, one in enumerate(shape.continues)], dtype=np.int64),
        np.array(shape.new, dtype=np.int64),
        np.array(shape.reads),
        np.array(shape.tools),
        np.array([call in continued for call in range(shape.calls)]),
    )
