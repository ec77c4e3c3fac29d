"""A check in a cell that a person sees: a card, whose text is what nbgrader reads; elsewhere printed lines."""

from __future__ import annotations

import docker
import pytest
from live_kernel import LiveKernel

from course.paths import state_dir
from course.widgets.snapshot import WIDGET_VIEW

EXERCISE = "L00-first-container"
CHECK = f'from grader import checks\nchecks.all_of("{EXERCISE}")'
ANSWER = 'docker.from_env().containers.run("course/busybox", ["echo", "the shop is ready"], name="first")'
KEEP = f'import docker\nfrom grader import checks\ncard = checks.all_of("{EXERCISE}")\ncard'


@pytest.fixture(autouse=True)
def _begun(warm: LiveKernel, clean: docker.DockerClient) -> None:
    (state_dir() / "progress" / "progress.json").unlink(missing_ok=True)
    warm.must("import docker\n%setup L00")


def test_nobody_sees_a_bare_number(warm: LiveKernel) -> None:
    ran = warm.must(CHECK, "L00-first-container-check")
    assert ran.value == "0.0" and ran.stdout == ""
    assert "○ not attempted" in ran.result["text/html"] and WIDGET_VIEW in ran.result


def test_a_wrong_answer_says_what_to_do_next(warm: LiveKernel) -> None:
    warm.must('docker.from_env().containers.run("course/busybox", ["echo", "closed"], name="first")')
    ran = warm.must(CHECK, "L00-first-container-check")
    page = ran.result["text/html"]
    assert 0 < float(ran.value) < 3
    for fact in (
        "… partly done",
        "✓ passed",
        "✗ failed",
        "<dt>expected</dt>",
        "<dt>observed</dt>",
        "<dt>try next</dt>",
    ):
        assert fact in page, fact


def test_full_points_end_a_cell_without_a_result(warm: LiveKernel) -> None:
    warm.must(ANSWER)
    ran = warm.must(CHECK, "L00-first-container-check")
    assert ran.result == {} and "✓ passed" in ran.displays[0]["text/html"]
    assert "You can now " in ran.displays[0]["text/html"]


def test_without_a_person_the_lines_are_printed_as_before(warm: LiveKernel) -> None:
    warm.must(ANSWER)
    ran = warm.must(CHECK)
    assert ran.displays == [] and f"{EXERCISE}: 3 of 3 points" in ran.stdout


def test_the_buttons_check_hint_and_begin_again(warm: LiveKernel) -> None:
    warm.must(KEEP, "L00-first-container-check")
    warm.must("from course.widgets.exercise_card import Again, Check, Hint, Solution")
    warm.must("card.perform(Hint())")
    assert warm.must("print(card.state['hints'][0])").stdout.startswith("Hint 1 of 3: ")
    warm.must(ANSWER)
    warm.must("card.perform(Check())")
    assert (
        warm.must("print(card.state['status'], card.state['points'])").stdout == f"passed {EXERCISE}: 3 of 3 points\n"
    )
    again = warm.must("print(card.perform(Again())['notice'])")
    assert again.stdout == "○ the answer has made nothing to remove\n", "the cell of the answer did not make it"


def test_the_solution_opens_after_three_checks_and_counts_as_seen(warm: LiveKernel) -> None:
    warm.must(KEEP, "L00-first-container-check")
    warm.must("from course.widgets.exercise_card import Check, Solution")
    early = warm.run("card.perform(Solution())")
    assert early.error == "NotYet" and "1 check without full points so far" in early.shown_error
    for _ in range(2):
        warm.must("card.perform(Check())")
    warm.must("card.perform(Solution())")
    assert 'name="first"' in warm.must("print(card.state['solution'])").stdout
    seen = warm.must(f"from course import progress; print('{EXERCISE}' in progress.read().lesson('L00').solutions)")
    assert seen.stdout == "True\n"
