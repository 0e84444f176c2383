"""The thread that computes: it takes jobs in, steps the scheduler, and hands out tokens."""

from __future__ import annotations

import threading
from math import inf

from edge_llm_agents.machine.live.jobs import Events, Job, Outcome, Scheduler, wall_s
from edge_llm_agents.machine.live.warming import warm
from edge_llm_agents.machine.serving.metrics import Metrics


class Engine:
    """A scheduler in a thread of its own, with a limit on how many jobs wait."""

    def __init__(self, scheduler: Scheduler, queue: int) -> None:
        self._scheduler, self._queue, self.metrics = scheduler, queue, Metrics()
        self._changed = threading.Condition()
        self._came, self._gone = list[Job](), list[Job]()
        self._alive: set[Job] = set()
        self._waiting = 0
        self._stopping = False
        warm(scheduler)
        self._thread = threading.Thread(target=self._work, name="engine")

    @property
    def stopped(self) -> bool:
        """Whether it takes nothing in any more, told to or because its decoder failed."""
        return self._stopping

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def submit(self, job: Job) -> bool:
        """Take a job in; False where as many wait as may, or the engine has stopped."""
        with self._changed:
            if self._stopping or self._waiting + len(self._came) >= self._queue:
                return False
            job.arrival_s = wall_s()
            self._came.append(job)
            self.metrics.accepted()
            self._changed.notify()
            return True

    def cancel(self, job: Job) -> None:
        """Free what a job holds; one that has ended stays as it is."""
        with self._changed:
            self._gone.append(job)
            self._changed.notify()

    def stop(self) -> None:
        """End the thread; jobs that are left fail."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        try:
            until_s = inf
            while self._take(until_s):
                stepped = self._scheduler.step(wall_s())
                until_s = -inf
                if isinstance(stepped, float):
                    until_s, stepped = min([stepped, *(job.due_s for job in self._scheduler.waiting)]), []
                self._hand_out(stepped)
        finally:  # a decoder that fails leaves nobody waiting for it
            with self._changed:
                self._stopping = True
                self._alive.update(self._came)
            self._hand_out([(job, Outcome.FAILED) for job in self._alive])

    def _take(self, until_s: float) -> bool:
        """Let in who came and out who is gone or overdue, once it is that late or somebody did; False at the end."""
        with self._changed:
            left_s = until_s - wall_s()
            if not (self._came or self._gone or self._stopping) and left_s > 0.0:
                self._changed.wait(None if left_s == inf else left_s)
            (came, self._came), (gone, self._gone) = (self._came, []), (self._gone, [])
            self._alive.update(came)
            if self._stopping:
                return False
            self._waiting += len(came)
        for job in came:
            self._scheduler.add(job)
        now_s = wall_s()
        ends = {job: Outcome.EXPIRED for job in self._scheduler.waiting if job.due_s < now_s}
        ends |= {job: Outcome.CANCELLED for job in gone if job in self._alive}
        for job in ends:
            self._scheduler.remove(job)
        self._hand_out(list(ends.items()))
        return True

    def _hand_out(self, events: Events) -> None:
        now_s = wall_s()
        for job, event in events:
            if isinstance(event, Outcome):
                self._alive.remove(job)
                self.metrics.ended(job, event)
            else:
                job.made, job.last_s = job.made + 1, now_s
                job.first_s = job.first_s if job.made > 1 else now_s
            job.deliver(event)
        with self._changed:
            self._waiting = len(self._scheduler.waiting)
            self.metrics.stands(self._waiting, self._scheduler.running)
