"""Sharing rows among threads covers each row once, in as many threads as there should be."""

import multiprocessing
import threading

import pytest

from edge_llm_env.support import sharing
from tests.support.processes import HANG_GUARD_S


class Recorder:
    """A kernel that notes which rows it was given, and in which thread."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int]] = []
        self.threads: set[str] = set()

    def __call__(self, first: int, last: int) -> None:
        self.parts.append((first, last))
        self.threads.add(threading.current_thread().name)


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
    assert all(last - first >= min(rows, least) // 2 for first, last in kernel.parts)


def test_a_thread_that_is_done_takes_what_others_have_not_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    rest_done = threading.Event()
    taken: list[tuple[int, int]] = []

    def kernel(first: int, last: int) -> None:
        taken.append((first, last))
        if sum(end - begin for begin, end in taken) == 8:
            rest_done.set()
        elif first == 0:
            rest_done.wait(HANG_GUARD_S)

    sharing.share_rows(kernel, 8, 1)
    assert sorted(taken) == [(0, 2), (2, 3), (3, 4), (4, 6), (6, 7), (7, 8)]


def test_the_other_threads_begin_while_the_caller_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    begun = threading.Event()
    sharing.share_rows(
        lambda first, last: begun.set(), 8, 1, meanwhile=lambda: begun.wait(HANG_GUARD_S) or pytest.fail("idle")
    )
    assert begun.is_set()


def test_parts_run_in_threads_of_their_own_beside_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 2)
    meet = threading.Barrier(2, timeout=HANG_GUARD_S)  # both parts must be under way at once to pass
    sharing.share_rows(lambda first, last: meet.wait(), 2, 1)


def test_an_error_in_any_part_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores", lambda: 3)

    def fails_on(bad: int):
        def kernel(first: int, last: int) -> None:
            if first <= bad < last:
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
