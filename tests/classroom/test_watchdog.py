"""No worker outlives its run, and none works for ever on one learner's text."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from stuck_examiner import STUCK

from grader.classroom.cluster import Workers
from grader.classroom.examining import TOO_LONG, Stop, examine_all
from grader.classroom.submission import Submission
from grader.examine.job import Job

LESSON = "T01-greeter"
PATIENCE = 120.0  # seconds, on a busy machine
RUN = """
import sys
sys.path[:0] = {path!r}
from test_watchdog import run
if __name__ == "__main__":
    run({told!r}, 1e6, ["stuck"])
"""


def run(told: str, longest: float, students: list[str]) -> dict[str, tuple[bool, str, int]]:
    """Examine hand-ins of these learners on two workers; what came of each."""
    workers = Workers(2, engine="unix:///nowhere", examiner="stuck_examiner:Stuck", options={"told": told})
    workers = Workers(**{**workers.__dict__, "longest": longest})
    submissions = [Submission(student, LESSON, Path(told) / student / LESSON) for student in students]
    came = examine_all(submissions, _job, workers, Stop())
    return {one.submission.student: (one.examination is not None, one.why, one.tries) for one in came}


def _job(submission: Submission) -> bytes:
    notebook = f"{LESSON}.ipynb"
    return Job(
        student=submission.student, lesson=LESSON, notebook=notebook, source={notebook: b"{}"}, submitted={}
    ).to_json()


def test_a_worker_that_is_stuck_is_ended_once_and_costs_nobody_else_anything(tmp_path: Path) -> None:
    came = run(str(tmp_path), 8.0, [STUCK, *"abcdef"])
    assert {who: came[who] for who in "abcdef"} == dict.fromkeys("abcdef", (True, "", 1))
    examined, why, tries = came[STUCK]
    assert (examined, tries) == (False, 1) and why.startswith(TOO_LONG) and "by hand" in why
    assert not any(psutil.pid_exists(int(told.name)) for told in tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has ended")
def test_a_stuck_worker_ends_with_its_run(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    told = tmp_path / "told"
    told.mkdir()
    script.write_text(RUN.format(path=[*sys.path, str(Path(__file__).parent)], told=str(told)))
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen([sys.executable, script], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not (stuck := [int(one.name) for one in told.iterdir()]):
            assert started.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.05)
        worker = psutil.Process(stuck[0])
        started.send_signal(signal.SIGKILL)
        started.wait()
    psutil.wait_procs([worker], timeout=PATIENCE)
    assert not worker.is_running()
