"""A heap of boxes, highest bound first, for best-first search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_llm_env.support.compilation.compiling import compiled_allocating, compiled_apart


class Heap(NamedTuple):
    """Boxes and their bounds; the entry with the highest bound is the first."""

    used: NDArray[np.int64]
    """(1,) entries in use."""
    bound: NDArray[np.float64]
    """(room,)"""
    boxes: NDArray[np.int64]
    """(room, 3, 2)"""


@compiled_allocating
def heap_of_room(room: int) -> Heap:
    """An empty heap with room for that many boxes."""
    return Heap(np.zeros(1, dtype=np.int64), np.empty(room), np.empty((room, 3, 2), dtype=np.int64))


@compiled_allocating
def with_room(heap: Heap, more: int) -> Heap:
    """The same heap, or if it has not the room for so many more boxes a copy of at least twice its size."""
    count = heap.used[0]
    if count + more <= len(heap.bound):
        return heap
    larger = heap_of_room(2 * len(heap.bound) + more)
    larger.used[0] = count
    for at in range(count):
        move(heap, at, larger, at)
    return larger


@compiled_apart
def highest(heap: Heap) -> float:
    """The highest bound, -inf if the heap is empty."""
    return heap.bound[0] if heap.used[0] > 0 else -np.inf


@compiled_apart
def insert_box(heap: Heap, box: NDArray[np.int64], bound: float) -> None:
    """Add a box."""
    at = heap.used[0]
    heap.used[0] += 1
    while at > 0 and heap.bound[(at - 1) // 2] < bound:
        move(heap, (at - 1) // 2, heap, at)
        at = (at - 1) // 2
    heap.bound[at] = bound
    for dimension in range(3):
        for end in range(2):
            heap.boxes[at, dimension, end] = box[dimension, end]


@compiled_apart
def pop_box(heap: Heap, box: NDArray[np.int64]) -> float:
    """Take off the box with the highest bound and write it to `box`; returns its bound."""
    bound = heap.bound[0]
    for dimension in range(3):
        for end in range(2):
            box[dimension, end] = heap.boxes[0, dimension, end]
    heap.used[0] -= 1
    last = heap.used[0]
    at = 0
    while True:
        child = 2 * at + 1
        if child + 1 < last and heap.bound[child + 1] > heap.bound[child]:
            child += 1
        if child >= last or heap.bound[child] <= heap.bound[last]:
            break
        move(heap, child, heap, at)
        at = child
    move(heap, last, heap, at)
    return bound


@compiled_apart
def move(source: Heap, at: int, target: Heap, to: int) -> None:
    """Copy an entry from one heap to another, or within one."""
    target.bound[to] = source.bound[at]
    for dimension in range(3):
        for end in range(2):
            target.boxes[to, dimension, end] = source.boxes[at, dimension, end]
