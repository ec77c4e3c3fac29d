"""Look at an exercise's goals while the learner works: the checks of the check cell, as far as looking is enough.

A look sends nothing but GET: a check that starts, executes or builds something has no answer here. Neither has one that
asks the learner's own program, because that leaves a line in its log. Nothing is recorded, and nobody gets points.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from course.errors import CourseError
from grader.checks import card, trial
from grader.checks.bench import Bench, in_examiner
from grader.checks.check import Check
from grader.checks.exercise import parts_of
from grader.checks.grade import HIDDEN, Part
from grader.checks.result import Outcome, Result

if TYPE_CHECKING:
    from docker import DockerClient

    from course.widgets.exercise_card import Goal

NEEDS_MORE = frozenset(
    {
        *("container.serves", "containers.distinct_answers", "containers.survive_a_kill"),
        *("registry.answers", "registry.holds"),
        *("dockerfile.builds", "dockerfile.reuses_cache"),
    }
)
"""Checks that ask a program of the learner's over HTTP, or copy what is built."""
SECONDS = 30
AGAIN_SECONDS = 0.2
"""The pause before a look asks the engine the same once more: it may be slower than a check."""
_ARE_DEEDS = re.compile(r"/(?:logs|archive|top|changes)(?:\?|$)")
_IS_LONG = re.compile(r"/(?:get|export)(?:\?|$)")


class NotByLooking(CourseError):
    """The question needs more than a look, or the look has to give way."""

    def __init__(self, what: str) -> None:
        super().__init__("a question that a look answers", what, "press Check")


def look(exercise: str, goals: int, stale: Callable[[], bool]) -> Iterator[tuple[int, Goal]]:
    """Ask an exercise's checks, in order, and give each answer that a look can have.

    Args:
        exercise: its id.
        goals: how many goals its card has: in a class the visible ones, in self-study all.
        stale: whether to give up.

    Yields:
        The number of a goal, and how it is now.
    """
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        checks = _checks(exercise, goals)
        if in_examiner() or not checks:
            return
        with closing(docker.from_env(timeout=SECONDS)) as client:
            _only_look(client.api, stale)
            with _Look(_LookBench(machines={"": client}), exercise.partition("-")[0]) as on:
                for number, check in enumerate(checks):
                    if stale():
                        return
                    if check.id not in NEEDS_MORE and (result := _asked(check, on)) is not None:
                        yield number, card._goal(result)
    except (CourseError, DockerException, RequestException, OSError):
        return  # no session, no lesson: Check says so


def _asked(check: Check, on: trial.Trial) -> Result | None:
    """The answer; None where a look cannot have it."""
    try:
        result = check.run(on)
    except Exception:  # a check of the lesson's author has a mistake: the check cell shows it
        return None
    return None if result.outcome is Outcome.COULD_NOT_CHECK else result


def _checks(exercise: str, goals: int) -> Sequence[Check]:
    """The checks behind the goals of a card; none where the card has others than the lesson's source."""
    from course import manifest

    source = manifest.load().lesson(exercise).notebook
    parts = _parts(exercise, source.stat().st_mtime_ns)
    every = [check for part in parts for check in part.checks]
    visible = [check for part in parts for check in part.checks if not part.exercise.endswith(HIDDEN)]
    return next((found for found in (every, visible) if len(found) == goals), ())


@lru_cache(maxsize=64)
def _parts(exercise: str, _changed: int) -> list[Part]:
    return parts_of(exercise)


class _Look(trial.Trial):
    """A trial that leaves no time of its own behind, in which what the learner does would not be theirs."""

    def __exit__(self, *_: object) -> None:
        self.on_exit.close()


@dataclass(frozen=True)
class _LookBench(Bench):
    """The learner's own machine alone: asking for another one would make it."""

    def client(self, machine: str = "") -> DockerClient:
        if machine:
            raise NotByLooking(f"it is asked of the machine {machine}")
        return self.machines[machine]


def _only_look(api: Any, stale: Callable[[], bool]) -> None:
    """From here on this client sends nothing but GET, and pauses before it asks the same again."""
    send, asked = api.send, set[str]()

    def look_only(request: Any, **options: Any) -> Any:
        if request.method not in ("GET", "HEAD") or _IS_LONG.search(request.path_url):
            raise NotByLooking(f"it needs {request.method} {request.path_url}")
        if request.path_url in asked:
            time.sleep(AGAIN_SECONDS)
        if stale():
            raise NotByLooking("there was another change meanwhile")
        asked.add(request.path_url)
        began = time.time()
        try:
            return send(request, **options)
        finally:
            if _ARE_DEEDS.search(request.path_url):  # to read a log is a deed that a check may ask for
                _is_not_the_learners(began)

    def build(*_: Any, **__: Any) -> Any:
        raise NotByLooking("it needs a build")

    api.send, api.build = look_only, build


def _is_not_the_learners(began: float) -> None:
    ended = time.time()
    trial._times.append((began, ended))
    trial._keep_on_disk(began, ended)
