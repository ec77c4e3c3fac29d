"""Many jobs on many workers: retries that are bounded, and one outcome for each job, whatever dies."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from distributed import Future

from grader.classroom.cluster import Opened, Workers, number_of_workers
from grader.classroom.errors import NoNotebook, Unreachable
from grader.classroom.submission import Submission
from grader.classroom.workers import examine
from grader.examine.errors import BadData, NotIsolated
from grader.examine.examination import Examination
from grader.examine.folder import NotAFolder
from grader.examine.source import BadSource

TRIES = 4  # for one submission in one run; the next run tries again
LOOK_SECONDS = 1.0
TOO_LONG = "something in this hand-in keeps the examiner busy without end"
ALONE_SECONDS = 120.0
"""How long there may be no worker at all; one that was killed is back within seconds, or never."""


@dataclass(frozen=True)
class Came:
    """What came back for one submission.

    Args:
        submission: which.
        examination: None when no try brought one.
        why: then, what the last try failed of.
        tries: how many there were.
    """

    submission: Submission
    examination: Examination | None
    why: str = ""
    tries: int = 1


class Stop:
    """Asked for by Ctrl-C: nothing new is handed out, what is being examined is waited for."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """Ask for it."""
        self._asked.set()

    @property
    def is_asked(self) -> bool:
        """Whether somebody did."""
        return self._asked.is_set()


def examine_all(
    submissions: Iterable[Submission], job: Callable[[Submission], bytes], workers: Workers, stop: Stop
) -> Iterator[Came]:
    """Examine submissions on workers, as many at once as these can take; yields each as it comes back.

    A job is read when it is handed out, so the memory that a run needs does not grow with the class. A worker that
    dies, an engine that fails, an examination with cells that could not be checked: each costs a try and lowers the
    pace; after `TRIES` the best that came is given.

    Raises:
        Unreachable: no workers at the start.
        NotIsolated: learners' cells cannot be kept apart there, and are not trusted.
        BadSource: the instructor's notebook cannot be graded with.
    """
    waiting = deque(submissions)
    if waiting:
        with workers.open(len(waiting)) as opened:
            yield from _Handing(opened, waiting, job, stop, workers.longest).all()


class _Handing:
    def __init__(
        self,
        opened: Opened,
        waiting: deque[Submission],
        job: Callable[[Submission], bytes],
        stop: Stop,
        longest: float,
    ) -> None:
        self._client, self._pace, self._mend, self._refill = opened.client, opened.pace, opened.mend, opened.refill
        self._most = opened.pace.most
        self._waiting, self._job, self._stop = waiting, job, stop
        self._done: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
        self._running: dict[Future[bytes], Submission] = {}
        self._longest = longest
        self._handed: dict[Submission, float] = {}  # when, for those that run
        self._tries: dict[Submission, int] = {}
        self._best: dict[Submission, Examination] = {}
        self._met = time.monotonic()  # when there last was a worker

    def all(self) -> Iterator[Came]:
        try:
            while self._running or (self._waiting and not self._stop.is_asked):
                yield from self._hand_out()
                came = self._next()
                if came is not None:
                    yield came
        finally:
            self._client.cancel(list(self._running), force=True)

    def _hand_out(self) -> Iterator[Came]:
        while self._waiting and not self._stop.is_asked and self._pace.has_room(len(self._running)):
            submission = self._waiting.popleft()
            try:
                job = self._job(submission)
            except (OSError, ValueError, BadData, NotAFolder, NoNotebook) as error:  # one row
                yield Came(submission, None, f"{type(error).__name__}: {error}")
                continue
            future = self._client.submit(examine, job, pure=False, retries=0)
            self._running[future] = submission
            self._handed[submission] = time.monotonic()
            future.add_done_callback(self._done.put)

    def _next(self) -> Came | None:
        try:
            future = self._done.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            if (number := number_of_workers(self._client)) is not None:
                self._pace.most = max(1, number)
                if number < self._most:
                    self._refill()
                self._refuse_alone(number)
            return None
        submission = self._running.pop(future)
        tries = self._tries[submission] = self._tries.get(submission, 0) + 1
        is_lost, took = future.status != "finished", time.monotonic() - self._handed.pop(submission)
        why = self._take(future, submission)
        future.release()
        best = self._best.get(submission)
        if why:
            self._mend()
        is_stuck = is_lost and took >= self._longest
        if is_stuck:
            why = f"{TOO_LONG}: its worker was ended after {self._longest:g} s; look at its text by hand"
        if why and not is_stuck and tries < TRIES and not self._stop.is_asked:
            self._waiting.append(submission)
            return None
        return Came(submission, self._best.pop(submission, None), "" if best else why, tries)

    def _take(self, future: Future[bytes], submission: Submission) -> str:
        """Keep what came; say what makes another try worth while, "" for nothing."""
        try:
            examination = Examination.from_json(future.result())
        except (NotIsolated, BadSource):
            raise  # no submission can be examined
        except Exception as error:  # anything that a worker can die or fail of
            self._refuse_lost(error)
            self._pace.went_wrong()
            return str(error) or type(error).__name__
        known = self._best.get(submission)
        if known is None or _unknown(examination) < _unknown(known):
            self._best[submission] = examination
        if examination.is_complete:
            self._pace.went_well()
            return ""
        self._pace.went_wrong()
        return "could not be checked"

    def _refuse_alone(self, workers: int) -> None:
        if workers:
            self._met = time.monotonic()
        elif time.monotonic() - self._met > ALONE_SECONDS:
            raise Unreachable(
                "a worker",
                f"for {ALONE_SECONDS:g} s there has been none",
                "start this command again: it goes on with what is not complete",
            )

    def _refuse_lost(self, error: Exception) -> None:
        if self._client.status not in ("running", "connecting"):
            raise Unreachable(
                "the scheduler that this run began with", f"it is gone: {error}", "start it, and this command, again"
            ) from error


def _unknown(examination: Examination) -> int:
    return sum(mark.earned is None for mark in examination.marks)
