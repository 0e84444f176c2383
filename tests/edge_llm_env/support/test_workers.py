"""Tasks that another thread does: each once or, where it was taken back, not at all."""

import threading

import pytest

from edge_llm_env.support.workers import Task, Workers
from tests.support.programs.processes import HANG_GUARD_S


def test_a_task_is_done_by_another_thread() -> None:
    done, names = threading.Event(), []

    def work(word: str) -> None:
        names.append((word, threading.current_thread().name))
        done.set()

    task = Workers("others").begin(1, work, ("word",))
    assert done.wait(HANG_GUARD_S)
    task.wait()
    assert names == [("word", "others-0")]
    assert not task.take_back()


def test_a_task_that_is_taken_back_is_never_done() -> None:
    seen: list[int] = []
    task = Task(seen.append, (1,))
    assert task.take_back()
    assert not task.take_back()
    task.do()
    assert seen == []


def test_a_task_that_was_done_cannot_be_taken_back() -> None:
    seen: list[int] = []
    task = Task(seen.append, (1,))
    task.do()
    assert not task.take_back()
    task.wait()
    assert seen == [1]


def test_what_a_task_raises_reaches_who_waits_for_it() -> None:
    def fails() -> None:
        raise RuntimeError("row 3")

    task = Task(fails, ())
    task.do()
    with pytest.raises(RuntimeError, match="row 3"):
        task.wait()


def test_tasks_are_done_side_by_side_by_as_many_threads_as_are_asked_for() -> None:
    workers, meet = Workers("others"), threading.Barrier(3, timeout=HANG_GUARD_S)  # passed by three at once only
    done = threading.Event()
    for _ in range(2):
        workers.begin(2, meet.wait, ())
    meet.wait()
    workers.begin(2, done.set, ())
    assert done.wait(HANG_GUARD_S)
