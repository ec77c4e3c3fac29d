"""Points: full marks and no value, some marks and a number, or none and four lines; and what nbgrader makes of it."""

from __future__ import annotations

import json
import pickle
from contextvars import ContextVar
from pathlib import Path

import docker
import msgspec
import nbclient
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.utils import determine_grade

from grader import checks
from grader.checks import Check, CheckFailed, CouldNotCheck, Outcome, Verdict
from grader.checks.bench import Bench, use
from grader.checks.check import could_not_check, failed, not_attempted


def passing(trial: object) -> str:
    return "as it should be"


def failing(trial: object) -> str:
    raise failed("image.absent", image="shop")


def untouched(trial: object) -> str:
    raise not_attempted("value.absent", name="answer")


def unknown(trial: object) -> str:
    raise could_not_check("engine.unreachable", reason="gone")


YES, NO, NOT_YET, WHO_KNOWS = (Check(q.__name__, q.__name__, q) for q in (passing, failing, untouched, unknown))


@pytest.fixture(autouse=True)
def no_progress():
    with use(Bench(records_progress=False)):
        yield


POINTS = [
    ((YES, YES), 4, Outcome.PASSED, 4.0),
    ((YES, NO), 4, Outcome.FAILED, 2.0),
    ((YES, NO.worth(3)), 4, Outcome.FAILED, 1.0),
    ((YES, NO.worth(0)), 4, Outcome.PASSED, 4.0),
    ((YES, NO.advice()), 4, Outcome.PASSED, 4.0),
    ((YES, NO.required()), 4, Outcome.FAILED, 0.0),
    ((NO, NO), 4, Outcome.FAILED, 0.0),
    ((NOT_YET, NOT_YET), 4, Outcome.NOT_ATTEMPTED, 0.0),
    ((NOT_YET, NO), 4, Outcome.FAILED, 0.0),
    ((YES, NOT_YET.required()), 4, Outcome.NOT_ATTEMPTED, 0.0),
    ((YES, WHO_KNOWS), 4, Outcome.COULD_NOT_CHECK, 0.0),
    ((YES, WHO_KNOWS.advice()), 4, Outcome.PASSED, 4.0),
    ((YES, YES.worth(2), NO.after(NOT_YET)), 1, Outcome.FAILED, 0.75),
    ((YES.worth(1e-9), NO), 1, Outcome.FAILED, 0.001),
    ((YES, NO.worth(1e-6)), 1, Outcome.FAILED, 0.999),
]


@pytest.mark.parametrize(("asked", "points", "outcome", "earned"), POINTS)
def test_points_follow_from_shares(asked: tuple[Check, ...], points: float, outcome: Outcome, earned: float) -> None:
    verdict = checks.judge("t", *asked, points=points)
    assert (verdict.outcome, verdict.earned) == (outcome, pytest.approx(earned))


@pytest.mark.parametrize(("asked", "points", "outcome", "earned"), POINTS)
def test_nbgrader_scores_what_grade_meant(
    capsys: pytest.CaptureFixture[str], asked: tuple[Check, ...], points: float, outcome: Outcome, earned: float
) -> None:
    """The endings of `grade` as a notebook would hold them, scored by the installed nbgrader."""
    outputs = []
    try:
        value = checks.grade("t", *asked, points=points)
    except CheckFailed as error:
        shown = error._render_traceback_()
        outputs.append(new_output("error", ename="CheckFailed", evalue=str(error), traceback=shown))
    else:
        if value is not None:
            outputs.append(new_output("execute_result", data={"text/plain": repr(value)}, execution_count=1))
    said = capsys.readouterr()
    assert said.err == ""
    outputs.insert(0, new_output("stream", name="stdout", text=said.out))
    cell = new_code_cell("", outputs=outputs)
    cell.metadata.nbgrader = {"grade": True, "solution": False, "points": points, "grade_id": "t", "schema_version": 3}
    assert determine_grade(cell)[0] == pytest.approx(earned)


def test_a_check_that_waits_says_what_it_waits_for() -> None:
    waiting = NO.after(NOT_YET).run()
    assert (waiting.outcome, waiting.title, waiting.message) == (Outcome.NOT_ATTEMPTED, NO.title, "value.absent")
    assert waiting.observed == f"first: {NOT_YET.title} ({NOT_YET.run().observed})"
    assert NO.after(YES).run().outcome is Outcome.FAILED


def test_what_was_not_attempted_stops_no_run_of_all_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert checks.grade("t", NOT_YET, NOT_YET, points=4) == 0.0
    assert "not attempted" in capsys.readouterr().out.splitlines()[-1]
    with pytest.raises(CheckFailed):
        checks.grade("t", NOT_YET, NO, points=4)


def test_a_failure_is_four_lines_in_a_real_kernel_and_nothing_goes_to_stderr(tmp_path: Path) -> None:
    setting = "import os; os.environ['SLIPWAY_STATE_DIR'] = '.'\nfrom grader import checks\nx = 3"
    cells = [
        new_code_cell(setting),
        new_code_cell("checks.grade('L00-t', checks.submission()['x'].equals(4), points=1)"),
        new_code_cell("checks.grade('L00-t', checks.submission()['x'].equals(3), points=1)"),
        new_code_cell("checks.grade('L00-t', checks.submission()['y'].equals(3), points=1)"),
        new_code_cell(
            "checks.grade('L00-t', checks.submission()['x'].equals(3), checks.submission()['y'].there(), points=1)"
        ),
    ]
    notebook = new_notebook(cells=cells)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, kernel_name="python3", allow_errors=True, resources=resources).execute()
    wrong, right, not_yet, some = ([o for o in cell.outputs if o.output_type != "stream"] for cell in cells[1:])
    assert not [o for cell in cells for o in cell.outputs if o.get("name") == "stderr"]
    assert wrong[0].ename == "CheckFailed"
    assert [line.partition(":")[0] for line in wrong[0].traceback] == ["✗ failed", "expected", "observed", "try next"]
    assert right == []
    assert not_yet[0].output_type == "execute_result" and not_yet[0].data["text/plain"] == "0.0"
    assert some[0].data["text/plain"] == "0.5"


def test_a_long_log_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def talking(trial: object) -> str:
        raise failed("run.other_output", image="shop", seen="one\n\ntwo\nthree", wanted="four")

    with pytest.raises(CheckFailed) as raised:
        checks.grade("t", Check("t.t", "a talking image", talking), points=1)
    assert len(raised.value._render_traceback_()) == len(str(raised.value).splitlines()) == 4
    assert "one / two / three" in capsys.readouterr().out.splitlines()[0]


def test_the_result_that_matters_is_shown_first() -> None:
    with pytest.raises(CheckFailed) as raised:
        checks.grade("t", NOT_YET, NO, YES.required(), NO.required().titled("the condition"), points=1)
    assert raised.value.decisive.title == "the condition"
    with pytest.raises(CouldNotCheck) as unsure:
        checks.grade("t", NO, WHO_KNOWS, points=1)
    assert unsure.value.decisive.message == "engine.unreachable"


def test_a_failure_survives_a_process_boundary() -> None:
    with pytest.raises(CheckFailed) as raised:
        checks.grade("t", NO, points=1)
    again = pickle.loads(pickle.dumps(raised.value))
    assert again.verdict == raised.value.verdict
    assert str(again) == str(raised.value)


@pytest.mark.parametrize(
    ("asked", "points"), [((), 1), ((YES.worth(0),), 1), ((YES,), 0), ((YES,), -1), ((YES,), float("inf"))]
)
def test_an_exercise_without_points_is_its_authors_mistake(asked: tuple[Check, ...], points: float) -> None:
    with pytest.raises(ValueError, match="needed"):
        checks.grade("t", *asked, points=points)
    with pytest.raises(ValueError, match="share"):
        YES.worth(-1)


def test_nothing_is_asked_before_a_check_is_run() -> None:
    asked = []
    check = Check("t.t", "t", lambda trial: asked.append(trial) or "done").worth(2).required().titled("u")
    assert asked == []
    assert check.run().passed
    assert len(asked) == 1


def test_a_verdict_is_data_with_a_schema() -> None:
    verdict = checks.judge("t", YES, NO, points=2)
    assert Verdict.from_json(verdict.to_json()) == verdict
    told = json.loads(verdict.to_json())
    assert told["results"][1]["message"] == "image.absent"
    told["outcome"] = "perfect"
    with pytest.raises(msgspec.ValidationError):
        Verdict.from_json(json.dumps(told))


def test_verdicts_go_to_a_sink_or_a_file_and_progress_is_kept_in_lessons_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from course import progress

    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "state"))
    taken: list[Verdict] = []

    class Sink:
        def take(self, verdict: Verdict) -> None:
            taken.append(verdict)

    with use(Bench(sink=Sink(), records_progress=False)):
        checks.grade("L00-t", YES, points=1)
    assert [verdict.exercise for verdict in taken] == ["L00-t"]
    monkeypatch.setenv("SLIPWAY_VERDICTS", str(tmp_path / "verdicts"))
    monkeypatch.setenv("SLIPWAY_EXAMINER", "1")
    with use(Bench()):
        checks.grade("L00-t", YES, points=1)
        checks.grade("L00-u", YES, NO, points=1)
    lines = (tmp_path / "verdicts").read_bytes().splitlines()
    assert [Verdict.from_json(line).earned for line in lines] == [1.0, 0.5]
    assert progress.read().lesson("L00-t").checks == {}
    monkeypatch.delenv("SLIPWAY_EXAMINER")
    with use(Bench()):
        checks.grade("L00-t", YES, points=1)
    assert progress.read().lesson("L00-t").checks["L00-t"].best == 1.0


def test_a_lesson_leaves_no_connection_open(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine_url)
    monkeypatch.setattr("grader.checks.bench._current", ContextVar("none", default=None))
    opened = []
    monkeypatch.setattr("grader.checks.bench._from_env", lambda: opened.append(docker.from_env()) or opened[-1])
    closed = []
    monkeypatch.setattr(docker.DockerClient, "close", lambda self: closed.append(self) or self.api.close())
    verdict = checks.judge("t", checks.image("course/busybox").exists(), checks.network("none").exists(), points=1)
    assert verdict.outcome is Outcome.PASSED
    assert len(opened) == 1
    assert closed == opened


def test_progress_that_cannot_be_kept_changes_no_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(tmp_path / "file"))
    with use(Bench()):
        assert checks.grade("L00-t", YES, points=1) is None
    assert "progress was not kept" in capsys.readouterr().out
