"""The examiner: one for each worker. It holds an engine, a gateway before it and a warm kernel, and examines jobs."""

from __future__ import annotations

import secrets
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from course.gateway.client import CHECKS, DOOR
from course.gateway.peer import Process, identify, listener_pid
from course.workspace import KEPT_BACK
from grader.examine import evidence as gathering
from grader.examine.alignment import Plan, align
from grader.examine.errors import ExamineError, NotIsolated
from grader.examine.examination import Examination, Outcome
from grader.examine.job import Job
from grader.examine.kernel.client import ExaminerKernel
from grader.examine.reading import NotANotebook
from grader.examine.record import Attempt, Times, examination
from grader.examine.run import Ran, Runner
from grader.examine.source import SourceNotebook, read_source

if TYPE_CHECKING:
    from course.gateway import Session
    from grader.examine.engine import GradingEngine

ATTEMPTS = 3
"""How often a submission is examined when the engine or the grader fails."""
PING_SECONDS = 10
_IF_KNOWN = "or grade with --trust-submissions, if you know everybody who handed in: their "
TRUSTING = _IF_KNOWN + (
    "cells then run as your own "
    "programs, which can read your files, the hidden tests and the gradebook among them, and change their own marks"
)
TRUSTING_CONTAINERS = _IF_KNOWN + "containers then reach what this machine reaches, this machine itself among it"


class Examiner:
    """Examines submissions, one after the other; use it as a context manager.

    Args:
        engine: the address of an engine to grade on; None starts one that only this examiner uses.
        trust_submissions: run the learner's cells without a sandbox where bubblewrap is not to be had, and containers
            in networks with a way out where there is no firewall.
        attempts: how often a submission is examined at most.
    """

    def __init__(self, engine: str | None = None, *, trust_submissions: bool = False, attempts: int = ATTEMPTS) -> None:
        self._given, self._trust, self._attempts = engine, trust_submissions, attempts
        self._stack = ExitStack()
        self._kernel = ExaminerKernel()
        self._own: GradingEngine | None = None
        self._url = engine or ""
        self._ending: Future[Any] | None = None
        self._version = ""

    def __repr__(self) -> str:
        return f"<Examiner on {self._url or 'no engine yet'}, {self._kernel!r}>"

    def __enter__(self) -> Examiner:
        """Start what is needed.

        Raises:
            NotIsolated: there is no sandbox or no firewall here, and submissions are not trusted.
            CourseError: no engine, or no gateway.
        """
        from grader.examine.sandbox.isolation import available

        here = available()
        if not here and not self._trust:
            raise NotIsolated("a sandbox for the learners' cells", here.observed, f"{here.try_next}; {TRUSTING}")
        self._sandboxed = bool(here)
        with ExitStack() as stack:
            if self._given is None:
                from grader.examine.engine import GradingEngine

                self._own = stack.enter_context(GradingEngine())
                self._url = self._own.url
            self._threads = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="ends-sessions"))
            stack.enter_context(self._kernel)
            self._version = gathering.engine_version(self._url)
            self._policy = self._choose_policy()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.settle()
        self._stack.close()

    @property
    def engine(self) -> str:
        """The address of the engine that is graded on."""
        return self._url

    def examine(self, job: Job) -> Examination:
        """Examine one submission. Whatever it does is in the examination; only the instructor's own source raises.

        Raises:
            BadSource: the instructor's notebook cannot be graded with.
        """
        begun, clock = time.time(), time.monotonic()
        source = read_source(job.source[job.notebook])
        plan, refusal = _plan(job, source)
        if refusal:
            return examination(job, source, plan, Attempt(Ran(), refusal=refusal), Times(begun, 0.0, 0), self._version)
        until = clock + job.budgets.submission_seconds
        for attempt in range(1, self._attempts + 1):  # noqa: B007  # the number is reported below
            done = self._attempt(job, source, plan, until)
            if (not done.fault and not _worth_repeating(done.ran)) or time.monotonic() >= until:
                break
        times = Times(begun, time.monotonic() - clock, attempt)
        return examination(job, source, plan, done, times, self._version)

    def _choose_policy(self) -> str:
        """`grading`, which wants a firewall: without one it can only have networks on which no port is published."""
        from course.gateway import Client

        why = Client(self._url).status()["weaker"].get("firewall")
        if not why:
            return "grading"
        if not self._trust:
            wanted = "a firewall around the networks of graded containers"
            raise NotIsolated(wanted, why, f"grade as root on this machine, with iptables; {TRUSTING_CONTAINERS}")
        return "trusted"

    def _attempt(self, job: Job, source: SourceNotebook, plan: Plan, until: float) -> Attempt:
        """Examine once, in a session of its own. Nothing is raised: what fails here is not the learner's fault."""
        ran = Ran()
        try:
            with ExitStack() as stack:
                session = self._session(stack)
                learners = stack.enter_context(self._learners_kernel(job, session))
                runner = Runner(self._kernel, job.budgets, self._engine_answers, lambda: self._paused(session))
                behind = _behind(self._url, session.url)
                ran = runner.run(plan, learners, _environment(session, job.student), until)
                if _behind(self._url, session.url) != behind:  # what a cell missed meanwhile is not the learner's fault
                    raise ExamineError(
                        "one engine and one gateway from the first cell to the last", "one of them began anew", "repeat"
                    )
                self._had_room(session)
                images, bases = gathering.images_of(session.checks_url)
                return Attempt(ran, self._journal(session), images, bases)
        except Exception as error:
            self._mend()
            return Attempt(ran, fault=f"{type(error).__name__}: {error}")

    def _session(self, stack: ExitStack) -> Session:
        """A session that ends after the attempt, in the background: the next submission need not wait for it."""
        from course.gateway import Client, Lease

        lease = Lease(Client(self._url), {"name": f"grading-{secrets.token_hex(6)}", "policy": self._policy})

        def end() -> None:
            self.settle()
            try:
                self._ending = self._threads.submit(lease.end)
            except RuntimeError:  # the program is ending: nothing can be put off any more
                lease.end()

        stack.callback(end)
        return lease.session

    def settle(self) -> None:
        """Wait until the session of the last submission has ended; one that cannot is swept by the gateway later."""
        if self._ending is not None:
            self._ending.exception()
            self._ending = None

    def _learners_kernel(self, job: Job, session: Session) -> Any:
        from grader.examine.sandbox.submission_kernel import SubmissionKernel

        files = files_of(job)
        return SubmissionKernel(
            files, session, job.budgets, job.student, lesson=job.lesson, trusted=not self._sandboxed
        )

    def _journal(self, session: Session) -> tuple[str, ...]:
        from course.gateway import Client

        return gathering.journal_of(Client(self._url), session)

    def _had_room(self, session: Session) -> None:
        """Whether the engine had room all the time; where it had not, only who filled it is at fault."""
        from course.gateway import Client

        if Client(self._url).show(session.id)["starved"]:
            raise ExamineError("room on the engine's disk", "others had nearly filled it", "repeat")

    def _paused(self, session: Session) -> AbstractContextManager[None]:
        from course.gateway import Client

        return Client(self._url).paused(session.id)

    def _engine_answers(self) -> bool:
        import docker
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            with closing(docker.APIClient(base_url=self._url, version="auto", timeout=PING_SECONDS)) as api:
                return bool(api.ping())
        except (DockerException, RequestException):
            return False

    def _mend(self) -> None:
        """Put back what may have failed: the own engine, and the kernel."""
        if self._own is not None and not self._engine_answers():
            self._own.restart()
        if self._kernel.pid is None:
            self._kernel.stop()
            self._kernel.start()


def _behind(*urls: str) -> tuple[Process, ...]:
    """The processes that serve these sockets; others, when one of them was killed and started again."""
    return tuple(identify(listener_pid(Path(url.removeprefix("unix://")))) for url in urls)


def files_of(job: Job) -> dict[str, bytes]:
    """The folder that the learner's cells run in: what was handed in, and over it the instructor's files.

    As nbgrader does it (`Autograde.init_assignment`), but for what learners never get: the source notebook, the
    answers, the notes.
    """
    return {**job.submitted, **{path: content for path, content in job.source.items() if _is_for_learners(path)}}


def _is_for_learners(path: str) -> bool:
    return not path.endswith(".ipynb") and not any(part in KEPT_BACK for part in path.split("/"))


def _environment(session: Session, student: str) -> dict[str, str]:
    """What the checks see: the session by its door for checks, which the learner has no way to."""
    through = replace(session, url=session.checks_url).environment()
    return {**through, DOOR: CHECKS, "SLIPWAY_EXAMINER": "1", "SLIPWAY_LEARNER": student}


def _plan(job: Job, source: SourceNotebook) -> tuple[Plan, str]:
    """What is run; and why nothing can be, "" if it can."""
    notes = [*job.notes, *(f"Left out of the folder: {line}" for line in job.skipped)]
    raw = job.submitted.get(job.notebook)
    others = [path for path in job.submitted if path.endswith(".ipynb") and "/" not in path]
    if raw is None and len(others) == 1:
        raw = job.submitted[others[0]]
        notes.append(f"The notebook is called {others[0]!r}: it was taken as {job.notebook}.")
    if raw is None:
        return Plan(align(source, b'{"cells": []}').steps, tuple(notes)), f"There is no {job.notebook} in the folder."
    try:
        plan = align(source, raw)
    except NotANotebook as error:
        empty = align(source, b'{"cells": []}').steps
        return Plan(empty, tuple(notes)), f"The notebook cannot be read: {error.observed[:300]}. {error.try_next}"
    return Plan(plan.steps, (*notes, *plan.notes)), ""


def _worth_repeating(ran: Ran) -> bool:
    """Whether another attempt could know what this one did not: a check with a mistake fails each time."""
    return any(
        mark.outcome is Outcome.COULD_NOT_CHECK and not mark.said.startswith("The check itself")
        for mark in ran.marks.values()
    )
