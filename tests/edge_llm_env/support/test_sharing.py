"""Sharing rows among threads covers each row once, in as many threads as there should be."""

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_llm_env.support import sharing
from edge_llm_env.support.compilation.compiling import compiled
from tests.support.programs.processes import HANG_GUARD_S


class Recorder:
    """A kernel that notes which rows it took, and in which thread."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int]] = []
        self.threads: set[str] = set()

    def __call__(self, turns: np.ndarray, thread: int) -> None:
        self.parts += parts_of(turns, thread)
        self.threads.add(threading.current_thread().name)


def parts_of(turns: np.ndarray, thread: int) -> list[tuple[int, int]]:
    """All that a thread takes until nothing is left."""
    parts = []
    while (part := sharing.next_rows(turns, thread)) != (0, 0):
        parts.append(part)
    return parts


@pytest.mark.parametrize(
    ("rows", "least", "cores", "threads"),
    [
        (10, 100, 4, 1),
        (100, 100, 4, 1),
        (199, 100, 4, 1),
        (200, 100, 4, 2),
        (1000, 100, 4, 4),
        (1000, 100, 1, 1),
        (7, 1, 3, 3),
    ],
)
def test_every_row_is_in_exactly_one_part(
    rows: int, least: int, cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: cores)
    kernel = Recorder()
    sharing.share_rows(kernel, rows, least)
    assert [row for first, last in sorted(kernel.parts) for row in range(first, last)] == list(range(rows))
    assert len(kernel.threads) <= threads <= len(kernel.parts)


def test_a_thread_takes_its_own_rows_and_then_what_others_have_not_come_to() -> None:
    turns = sharing.turns_of(10, threads=2, size=2)
    assert [sharing.next_rows(turns, 0) for _ in range(2)] == [(0, 2), (2, 4)]
    assert parts_of(turns, 1) == [(5, 7), (7, 9), (9, 10), (4, 5)]
    assert parts_of(turns, 0) == []


def test_no_two_threads_take_the_same_row() -> None:
    """Ten thousand times one row, from four threads at once."""
    turns = sharing.turns_of(10_000, threads=4, size=1)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda thread: parts_of(turns, thread), range(4)))
    assert sorted(part for parts in taken for part in parts) == [(row, row + 1) for row in range(10_000)]


@compiled
def counted(counts: np.ndarray, turns: np.ndarray, thread: int) -> None:
    """Count how often each row is taken."""
    first, last = sharing.next_rows(turns, thread)
    while first < last:
        for row in range(first, last):
            counts[row] += 1
        first, last = sharing.next_rows(turns, thread)


def test_no_two_threads_of_a_kernel_take_the_same_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred times ten thousand rows: kernels hold no lock, so that two cores are at it at once."""
    monkeypatch.setattr(sharing, "cores", lambda: 4)
    counts = np.zeros(10_000, dtype=np.int64)
    for _ in range(100):
        sharing.share_rows(counted, len(counts), sharing.PARTS_PER_THREAD, counts)
    assert (counts == 100).all()


def test_the_other_threads_begin_while_the_caller_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    caller, begun = threading.current_thread(), threading.Event()

    def kernel(turns: np.ndarray, thread: int) -> None:
        if threading.current_thread() is not caller:
            begun.set()

    sharing.share_rows(kernel, 8, 1, meanwhile=lambda: begun.wait(HANG_GUARD_S) or pytest.fail("idle"))
    assert begun.is_set()


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_every_row_is_taken_once_where_the_caller_has_work_of_its_own(
    cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: cores)
    kernel, done = Recorder(), []
    sharing.share_rows(kernel, 1000, 100, meanwhile=lambda: done.append(True))
    assert sorted(row for first, last in kernel.parts for row in range(first, last)) == list(range(1000))
    assert done == [True]


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_have_ended_when_they_have_all_found_nothing_left(threads: int) -> None:
    turns = sharing.turns_of(4, threads=2, size=1)
    for thread in range(threads):
        assert not sharing.have_ended(turns, threads)
        parts_of(turns, thread)
    assert sharing.have_ended(turns, threads)


def test_parts_run_in_threads_of_their_own_beside_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    meet = threading.Barrier(2, timeout=HANG_GUARD_S)  # both parts must be under way at once to pass
    sharing.share_rows(lambda turns, thread: meet.wait(), 2, 1)


def test_an_error_in_any_part_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 3)

    def fails_on(bad: int):
        def kernel(turns: np.ndarray, thread: int) -> None:
            if any(first <= bad < last for first, last in parts_of(turns, thread)):
                raise RuntimeError(f"row {bad}")

        return kernel

    for bad in range(3):
        with pytest.raises(RuntimeError, match=f"row {bad}"):
            sharing.share_rows(fails_on(bad), 3, 1)


def _shared_in_child(answer: "multiprocessing.Queue[int]") -> None:
    kernel = Recorder()
    sharing.share_rows(kernel, 2, 1)
    answer.put(len(kernel.parts))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_it_works_in_a_process_forked_after_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    sharing.share_rows(Recorder(), 2, 1)
    fork = multiprocessing.get_context("fork")
    answer = fork.Queue()
    child = fork.Process(target=_shared_in_child, args=(answer,))
    child.start()
    assert answer.get(timeout=HANG_GUARD_S) == 2
    child.join(timeout=HANG_GUARD_S)
    assert child.exitcode == 0
