"""What a cell shows of a build: text and HTML with the same facts."""

from __future__ import annotations

import pytest

from course.engine.advice import Advice, lint
from course.engine.build import BuildDone, StepDone, StepFailed, StepOutput, StepStarted
from course.engine.instructions import instruction_at, instructions_of
from course.kernel.build_view import LINE_WIDTH, MOST_OUTPUT, BuildView
from course.kernel.last_builds import MOST_NAMES, beside, last_build, remember

SOURCE = ["FROM course/busybox", "RUN echo one", "", "RUN echo <two>", "CMD true"]


def shown(view: BuildView) -> tuple[str, str]:
    bundle = view._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"]


def test_a_running_step_shows_its_last_line_of_output() -> None:
    view = BuildView("shop", SOURCE)
    for event in (StepStarted(1, 2, "RUN echo one", 2), StepOutput(1, "first\nsecond\n")):
        view.take(event)
    text, _ = shown(view)
    assert text == "1/2  RUN echo one  … running    second"


def test_text_and_html_say_the_same_of_a_build_that_ended() -> None:
    view = BuildView("shop", SOURCE)
    for event in (
        StepStarted(1, 1, "FROM course/busybox", 1),
        StepDone(1, True, 0.123),
        BuildDone("sha256:" + "a" * 64, ("shop",), 0.5, 1, 1),
    ):
        view.take(event)
    view.advice = (Advice(1, "DL1", "tag it"),)
    for rendering in shown(view):
        for fact in ("FROM course/busybox", "✓ cached", "0.12 s", "✓ shop is built", "1 of 1 instructions", "DL1"):
            assert fact in rendering, fact


def test_a_failure_points_at_the_offending_line_between_its_neighbours() -> None:
    view = BuildView("shop", SOURCE)
    for event in (StepStarted(3, 4, "RUN echo <two>", 4), StepFailed(3, 4, "no")):
        view.take(event)
    text, markup = shown(view)
    assert "→   4 RUN echo <two>" in text and "    2 RUN echo one" in text and "FROM" not in text
    assert "→   4 RUN echo &lt;two&gt;" in markup, "the learner's text is data, not markup"


def test_the_line_of_a_step_is_not_guessed_where_the_engine_added_one() -> None:
    found = instructions_of("FROM a\nRUN x && \\\n  y\nCMD z\n")
    assert [one.line for one in found] == [1, 2, 4]
    assert instruction_at(found, 2, "RUN x &&   y") == 2
    assert instruction_at(found, 3, "LABEL added=1") is None
    assert instruction_at(found, 4, "LABEL added=1") is None


def test_hadolint_advises_with_a_line_and_never_about_the_courses_own_tags_and_users() -> None:
    advice = lint("FROM course/busybox\nUSER app\nCMD echo hi\n")
    assert [(one.line, one.rule) for one in advice] == [(3, "DL3025")]


def test_what_is_no_dockerfile_is_left_to_the_engine() -> None:
    assert lint("FORM x\n") == ()


def test_instructions_wait_run_and_stand_beside_the_last_build() -> None:
    before = [("FROM course/busybox", "a" * 12), ("RUN echo one", "b" * 12)]
    view = BuildView("shop", SOURCE, ["FROM course/busybox", "RUN echo two", "CMD true"], before)
    assert shown(view)[0].count("○ waiting") == 3
    for event in (
        StepStarted(1, 3, "FROM course/busybox", 1),
        StepDone(1, False, 0.1, "a" * 12),
        StepStarted(2, 3, "RUN echo two", 2),
    ):
        view.take(event)
    assert [row["status"] for row in view.as_state()["rows"]] == ["done", "running", "waiting"]
    view.take(StepDone(2, False, 0.1, "c" * 12))
    view.take(StepStarted(3, 3, "CMD true", 3))
    view.take(StepDone(3, False, 0.1, "d" * 12))
    text, markup = shown(view)
    for fact in ("= as in the last build", "≠ last build: RUN echo one", "+ not in the last build"):
        assert fact in text and fact in markup, fact
    assert view.carried_out()[1] == ("RUN echo two", "c" * 12)


def test_the_output_of_the_failing_instruction_is_shown_and_bounded() -> None:
    view = BuildView("shop", SOURCE, ["FROM course/busybox", "RUN echo one"])
    view.take(StepStarted(2, 2, "RUN echo one", 2))
    for number in range(10_000):
        view.take(StepOutput(2, f"<b>line {number}</b>{'x' * 1000}\n"))
    view.take(StepFailed(2, 2, "no"))
    view.end(())
    text, markup = shown(view)
    assert text.count("output: <b>line ") == markup.count("&lt;b&gt;line ") == MOST_OUTPUT
    assert len(text) < 2 * MOST_OUTPUT * LINE_WIDTH and "<b>" not in markup
    assert not view.as_state()["running"] and "line 9999" in view.as_state()["output"]


@pytest.mark.parametrize("piece", ["", "\n", "  \r\n"])
def test_a_piece_of_output_without_a_word_changes_nothing(piece: str) -> None:
    view = BuildView("shop", SOURCE, ["FROM course/busybox"])
    view.take(StepStarted(1, 1, "FROM course/busybox", 1))
    view.take(StepOutput(1, "almost\n"))
    view.take(StepOutput(1, piece))
    assert "almost" in shown(view)[0]


def test_the_last_builds_of_fifty_names_are_known() -> None:
    for number in range(MOST_NAMES + 1):
        remember(f"name{number}", [("FROM a", "1")])
    assert last_build("name0") == () and last_build(f"name{MOST_NAMES}") == (("FROM a", "1"),)
    assert beside((), 1, "FROM a", "1") == ""
    assert beside([("FROM a", "1")], 1, "FROM a", "2") == "≠ ran again"


def test_a_cached_instruction_is_never_said_to_have_run_again() -> None:
    assert beside([("RUN a", "1")], 1, "RUN a", "2", cached=True) == "= as in an earlier build"
    assert beside([("RUN a", "1")], 1, "RUN a", "1", cached=True) == "= as in the last build"


def test_where_nothing_builds_there_is_nothing_to_cancel() -> None:
    view = BuildView("shop", ["# write it here"])
    view.not_attempted()
    state = view.as_state()
    assert (state["title"], state["running"]) == ("No build of shop yet", False)
