"""Values that differ between learners and stay the same over attempts, so that copying an answer is of no use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from course.errors import CourseError

_KEY = b"org.slipway.parameter"
_Value = TypeVar("_Value")


class NoParameter(CourseError):
    """The lesson does not declare that parameter."""


def derive(learner: str, name: str, choices: Sequence[_Value]) -> _Value:
    """Choose a value for a learner: the same arguments give the same value on every machine and in every year.

    A keyed hash (BLAKE2b) of the learner and the name picks the position, so neighbours in a list of names are as
    likely to differ as any two learners.

    Args:
        learner: who it is for, as `learner()` says; the grader passes the name from its gradebook.
        name: the parameter with its lesson, such as `L04/word`.
        choices: the values, in a fixed order; not empty.
    """
    text = f"{learner}\0{name}".encode()
    number = int.from_bytes(hashlib.blake2b(text, key=_KEY, digest_size=16).digest())
    return choices[number % len(choices)]


def learner(environment: Mapping[str, str] = os.environ) -> str:
    """The learner's name: what the environment says (the grader sets SLIPWAY_LEARNER), else the workspace's owner."""
    for variable in ("SLIPWAY_LEARNER", "JUPYTERHUB_USER", "NB_USER"):
        if environment.get(variable):
            return environment[variable]
    from course.session.attach import workspace_of

    folder = workspace_of(Path.cwd())
    try:
        return folder.owner()
    except KeyError:  # a user without an account, as `docker run --user` and some clusters make them
        return f"user {folder.stat().st_uid}"


def parameter(name: str, *, lesson: str | None = None, learner: str | None = None) -> str | int:
    """This learner's value of a parameter that the lesson declares in lesson.toml.

    Args:
        name: the parameter's name, such as `word`.
        lesson: the lesson's id; None is the one that was set up, else the one whose folder is the current one.
        learner: whose value; None is this learner.

    Returns:
        One of its choices, or a whole number between its bounds.

    Raises:
        NoParameter: the lesson declares none of that name.
    """
    from course.lesson.current import current

    home = current(lesson)
    whose = globals()["learner"]() if learner is None else learner
    for declared in home.parameters:
        if declared.name != name:
            continue
        path = f"{home.id}/{name}"
        if declared.between:
            lowest, highest = declared.between
            return derive(whose, path, range(lowest, highest + 1))
        return derive(whose, path, declared.choices)
    known = ", ".join(declared.name for declared in home.parameters) or "none"
    raise NoParameter(f"a parameter of {home.id}", f"{name!r} is not among: {known}", "use a name from lesson.toml")
