"""The proofs themselves: a sound lesson passes them, and a lesson that is unsound in one way gives that finding."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from course import manifest, notebooks
from course.manifest import Course
from grader.authoring.answers import Answer, read_answers, reference
from grader.authoring.prove import claims
from grader.authoring.prove.attempt import Attempt, Marked, Prover
from grader.authoring.source.text import from_text, to_text
from grader.checks.result import Outcome, Result

DOCKERFILE_EXERCISE = """
%%% exercise L07-image-goal
## Exercise: an image

- there is an image `greeting`. This takes 5 minutes: `%hint L07-image`.

%%% starter L07-image
%%dockerfile greeting
# TODO: write it
### BEGIN SOLUTION
FROM course/busybox
CMD ["echo", "hello"]
### END SOLUTION

%%% check L07-image-check points=1
from grader import checks
checks.grade("L07-image", checks.image("greeting").runs(prints="hello"), points=1)

%%% hidden L07-image-hidden points=1
### BEGIN HIDDEN TESTS
from grader import checks
checks.grade("L07-image-hidden", checks.image("greeting").exec_form("CMD"), points=1)
### END HIDDEN TESTS

"""


@pytest.fixture
def prover_of(engine_url: str, fresh: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prover:
    """A prover of the lesson that `grader lesson new` wrote, with a Dockerfile exercise added to its notebook."""
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("SLIPWAY_NOTEBOOKS", str(fresh.root))
    path = fresh.lessons[0].notebook
    text = to_text(notebooks.read(path).cells).replace("%%% recap", DOCKERFILE_EXERCISE.lstrip() + "%%% recap")
    nbformat.write(from_text(text), path)
    return Prover(manifest.load(fresh.root).lessons[0], tmp_path / "room")


def test_a_new_lesson_is_proven_by_its_own_answers_and_so_is_a_dockerfile(prover_of: Prover) -> None:
    with prover_of as prover:
        lesson, cells = prover.lesson, prover.notebook.exercise("L07-hello")
        assert not [*claims.starts_unattempted(lesson, prover.untouched("L07-hello"))]
        assert not [*claims.earns_all(lesson, prover.attempt(reference(cells)))]
        attempts = [prover.attempt(answer) for answer in read_answers(lesson, cells)]
        wrong = [attempt for attempt in attempts if not attempt.answer.is_right]
        for attempt in attempts:
            judge = claims.earns_all if attempt.answer.is_right else claims.fails_as_meant
            assert not "\n".join(str(finding) for finding in judge(lesson, attempt))
        assert not [*claims.hidden_checks_matter(lesson, wrong)]

        image = prover.notebook.exercise("L07-image")
        untouched = prover.untouched("L07-image")
        assert not [*claims.starts_unattempted(lesson, untouched)]
        assert prover.attempt(reference(image)).earned == 2
        shell = {"L07-image": "%%dockerfile greeting\nFROM course/busybox\nCMD echo hello"}
        assert prover.attempt(Answer("L07-image", "wrong-shell-form", shell)).earned == 1


def attempt(name: str, *outcomes: str, message: str = "container.absent") -> Attempt:
    """What an answer gave: a check cell with these outcomes, all of hidden checks."""
    results = tuple(
        Result("container.log", "its log", Outcome(outcome), "" if outcome == "passed" else message, hidden=True)
        for outcome in outcomes
    )
    earned = float(all(outcome == "passed" for outcome in outcomes))
    answer = Answer("L07-x", name, {}, mistake="a mistake", fails="container.absent")
    return Attempt(answer, (Marked("L07-x-check", earned, 1.0, results, "" if earned else message),), ())


def test_a_starter_that_earns_or_fails_is_found(course: Course) -> None:
    lesson = course.lessons[0]
    assert not [*claims.starts_unattempted(lesson, attempt("untouched", "not_attempted"))]
    assert [*claims.starts_unattempted(lesson, attempt("untouched", "passed"))]
    assert [*claims.starts_unattempted(lesson, attempt("untouched", "not_attempted", "failed"))]


def test_a_right_answer_without_full_points_is_found(course: Course) -> None:
    lesson = course.lessons[0]
    assert not [*claims.earns_all(lesson, attempt("right-a", "passed"))]
    assert [*claims.earns_all(lesson, attempt("right-a", "passed", "failed"))]


def test_a_wrong_answer_with_full_points_or_another_message_is_found(course: Course) -> None:
    lesson = course.lessons[0]
    assert not [*claims.fails_as_meant(lesson, attempt("wrong-a", "failed"))]
    assert [*claims.fails_as_meant(lesson, attempt("wrong-a", "passed"))]
    assert [*claims.fails_as_meant(lesson, attempt("wrong-a", "failed", message="container.gone"))]


def test_a_hidden_check_that_never_catches_alone_is_found(course: Course) -> None:
    lesson = course.lessons[0]
    both = [attempt("wrong-a", "failed", "failed"), attempt("wrong-b", "failed", "passed")]
    assert [finding.expected for finding in claims.hidden_checks_matter(lesson, both)] == [
        "check 2 (container.log), a hidden one, is the only one to catch a wrong answer"
    ]
    assert not [*claims.hidden_checks_matter(lesson, [*both, attempt("wrong-c", "passed", "failed")])]
