"""An exercise as a card: what was checked, how it came out, the points, and the next step; with buttons."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import msgspec

from course.errors import CourseError
from course.widgets.drawn import Drawn, source
from course.widgets.feed import STILL
from course.widgets.looker import looker
from course.widgets.looking import LOOKING
from course.widgets.words import counted

FAILED_CHECKS = 3
"""After so many checks without full points, or after all hints, the solution may be seen."""


@dataclass(frozen=True)
class Goal:
    """One thing that was checked.

    Args:
        status: "passed", "failed", "open" (not attempted), "unknown" (could not be checked) or "advice".
        words: the same as a sign and a word, such as "✗ failed".
        title: what was asked.
        observed: what was found instead; "" where it passed.
    """

    status: str
    words: str
    title: str
    observed: str = ""


@dataclass(frozen=True)
class Verdict:
    """How the checks of an exercise came out.

    Args:
        exercise: its id, such as `L01-stay-up`.
        title: its title.
        status: as `Goal.status`, of the whole exercise; "partly" where some points were earned.
        words: the same as a sign and a word.
        earned: points, of `points`.
        goals: in the order of the checks.
        steps: what was expected and observed, and what to try next, of the goal to look at first.
        shown: one sentence of what the exercise has shown; "" before it is solved.
        following: the path of the next lesson's notebook and its name, where the exercise is its lesson's last.
    """

    exercise: str
    title: str
    status: str
    words: str
    earned: float
    points: float
    goals: tuple[Goal, ...]
    steps: tuple[tuple[str, str], ...] = ()
    shown: str = ""
    following: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Help:
    """What the buttons of a card do.

    Args:
        check: run the checks again.
        hint: the lines of the next hint.
        again: remove what the answer's cell made; a sentence says what went.
        solution: the answer of the lesson's author, or None where a class does not show it.
        hints: how many hints were read, of how many.
        attempts: how often the exercise was checked, 0 once it has had full points.
    """

    check: Callable[[], Verdict]
    hint: Callable[[], list[str]]
    again: Callable[[], str]
    solution: Callable[[], str] | None
    hints: Callable[[], tuple[int, int]]
    attempts: Callable[[], int]


class Check(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="check"):
    """Run the checks again."""


class Hint(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="hint"):
    """Show the next hint."""


class Again(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="again"):
    """Remove what the answer made."""


class Solution(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="solution"):
    """Show the author's answer."""


class NotYet(CourseError):
    """The solution is not shown yet."""


class ExerciseCard(Drawn):
    """The card of one exercise.

    nbgrader reads the text of a graded cell's result as its points, so the text is that number alone where some points
    are missing. The page has all of it.

    While it is on show its goals are looked at again after each change (`looking`); points change by Check alone.

    Args:
        verdict: of the checks that have just run.
        help: what the buttons do.
    """

    kind = "exercise"
    commands = Check | Hint | Again | Solution
    _esm = source("parts.js", "beside.js", "exercise.js")
    _css = source("tokens.css", "exercise.css")

    def __init__(self, verdict: Verdict, help: Help) -> None:
        self.verdict, self._help = verdict, help
        self._hints: list[str] = []
        self._solution = ""
        self._goals, self._change, self._drawing = list(verdict.goals), "", threading.RLock()
        super().__init__()
        self._draw()

    def close(self) -> None:
        """End the card: nobody looks at its goals any more."""
        LOOKING.leave(self)
        super().close()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._live and not os.environ.get(STILL):
            LOOKING.follow(self)
        return super()._repr_mimebundle_(**options)

    def look(self, stale: Callable[[], bool]) -> None:
        """Look at the goals as far as looking is enough, and show what is different now."""
        verdict, look = self.verdict, looker()
        if look is None or self.busy:
            return
        ticked: list[str] = []
        for number, goal in look(verdict.exercise, len(verdict.goals), stale):
            with self._drawing:
                if self.busy or self.verdict is not verdict:
                    return  # a check has begun or ended meanwhile, which knows better
                before, self._goals[number] = self._goals[number], goal
                if before.status != goal.status:
                    ticked.append(f"{goal.words}: {goal.title}")
                    self._change = "; ".join(ticked)
                if before != goal:
                    self._draw()

    def text(self) -> str:
        """The points as nbgrader reads them; with full points, what was checked."""
        if self.verdict.earned < self.verdict.points:
            return repr(float(self.verdict.earned))
        return "\n".join([f"{one.words}: {one.title}" for one in self.verdict.goals] + [self.state["points"]])

    def html(self) -> str:
        """The same as the live card, without buttons."""
        one = self.verdict
        goals = "".join(
            f"<li>{escape(goal.words)}: {escape(goal.title)}{escape(_observed(goal))}</li>" for goal in self._goals
        )
        steps = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in self._steps())
        return (
            f"<p><strong>{escape(one.words)}: {escape(one.title)}</strong>, {escape(self.state['points'])}</p>"
            f"<ul style='list-style:none;padding-left:0'>{goals}</ul>"
            + (f"<p>{escape(self.state['note'])}</p>" if self.state["note"] else "")
            + (f"<dl>{steps}</dl>" if steps else "")
            + (f"<p>{escape(one.shown)}</p>" if one.shown else "")
            + "".join(f"<p>{escape(line)}</p>" for line in self._hints)
            + (f"<pre>{escape(self._solution)}</pre>" if self._solution else "")
        )

    def perform(self, command: Any) -> dict[str, str]:
        """Carry out what a button asks for."""
        match command:
            case Check():
                checked = self._help.check()
                with self._drawing:
                    self.verdict, self._goals, self._change = checked, list(checked.goals), ""
                notice = f"{self.verdict.words}: {_points(self.verdict)}"
            case Hint():
                self._hints = self._help.hint()
                notice = ""
            case Again():
                notice = self._help.again()
            case _:
                if not self._solution_open() or self._help.solution is None:
                    raise NotYet(
                        f"{FAILED_CHECKS} checks without full points, or all hints",
                        self._way(),
                        "check, or ask for a hint",
                    )
                self._solution = self._help.solution()
                notice = "○ your progress says that you saw the solution"
        self._draw()
        LOOKING.changed()
        return {"notice": notice}

    def _draw(self) -> None:
        with self._drawing:
            self.state = self._state()

    def _state(self) -> dict[str, Any]:
        one = self.verdict
        return {
            "id": one.exercise,
            "title": one.title,
            "status": one.status,
            "words": one.words,
            "points": f"{one.exercise}: {_points(one)}",
            "share": 100 * one.earned / one.points if one.points else 0,
            "goals": [
                {
                    "id": str(number),
                    "status": goal.status,
                    "words": goal.words,
                    "title": goal.title,
                    "observed": goal.observed,
                }
                for number, goal in enumerate(self._goals)
            ],
            "change": self._change,
            "note": self._note(),
            "steps": [{"id": name, "name": name, "text": text} for name, text in self._steps()],
            "shown": one.shown,
            "link": one.following[0],
            "link_words": one.following[1],
            "hints": self._hints,
            "solution": self._solution,
            "acts": self._acts(),
        }

    def _note(self) -> str:
        """What the learner should know when the goals are others than those of the last check."""
        if [goal.status for goal in self._goals] == [goal.status for goal in self.verdict.goals]:
            return ""
        return "○ The goals have changed since the last check. Press Check to count them."

    def _steps(self) -> tuple[tuple[str, str], ...]:
        """What to try next, as long as the goal that it is about is not met."""
        observed = dict(self.verdict.steps).get("observed")
        about = [now for now, then in zip(self._goals, self.verdict.goals, strict=True) if then.observed == observed]
        return () if about and about[0].status == "passed" else self.verdict.steps

    def _acts(self) -> list[dict[str, str]]:
        read, total = self._help.hints()
        acts = [{"id": "check", "words": "Check", "refusal": ""}]
        if self.verdict.earned < self.verdict.points:
            acts.append({"id": "hint", "words": f"Hint {min(read + 1, total)} of {total}", "refusal": ""})
        acts.append({"id": "again", "words": "Try again", "refusal": ""})
        if self._help.solution and not self._solution:
            refusal = "" if self._solution_open() else f"○ the solution opens later: {self._way()}"
            acts.append({"id": "solution", "words": "Solution", "refusal": refusal})
        return acts

    def _solution_open(self) -> bool:
        read, total = self._help.hints()
        solved = self.verdict.earned >= self.verdict.points
        return solved or read >= total or self._help.attempts() >= FAILED_CHECKS

    def _way(self) -> str:
        read, total = self._help.hints()
        tried = counted(self._help.attempts(), "check")
        return f"{tried} without full points so far (it takes {FAILED_CHECKS}), {read} of {total} hints read"


def _points(verdict: Verdict) -> str:
    return f"{verdict.earned:g} of {verdict.points:g} points"


def _observed(goal: Goal) -> str:
    return f" — {goal.observed}" if goal.observed else ""
