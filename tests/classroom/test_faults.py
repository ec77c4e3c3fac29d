"""kill -9 of the run, of a worker, of the gateway and of the engine: no mark is lost, doubled or changed.

SLIPWAY_CLASS_FAULTS says how often; `make faults` sets 50. Each kill waits for the run to have got a random number of
records further, so that it hits another moment each time; SLIPWAY_SEED repeats an order.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from made_class import CHECK, HIDDEN, MadeClass
from nbgrader.api import Gradebook
from small_course import LESSON

from grader.classroom.journal import Examined, Journal, Written

FAULTS = int(os.environ.get("SLIPWAY_CLASS_FAULTS", "4"))
VICTIMS = ("worker", "gateway", "engine", "run")
KINDS = {"right": (3.0, 1.0), "partly": (2.0, 0.0), "broken": (0.0, 0.0)}
LEARNERS = {f"{kind}-{place}": kind for place in range(3) for kind in KINDS}
PATIENCE = 600.0  # seconds without a new record, on a busy machine

pytestmark = pytest.mark.timeout(1200 + 300 * FAULTS)


@pytest.fixture
def school(made_once: MadeClass, tmp_path: Path, on_the_engine: str) -> MadeClass:
    """The class with nine learners more, whose marks are known."""
    made = made_once.copy(tmp_path)
    for student, kind in LEARNERS.items():
        made.hands_in(student, kind)
    return made


def test_no_mark_is_lost_doubled_or_changed_by_kills(school: MadeClass) -> None:
    seed = int(os.environ.get("SLIPWAY_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    chance = random.Random(seed)
    print(f"SLIPWAY_SEED={seed}")
    victims = [VICTIMS[place % len(VICTIMS)] for place in range(FAULTS)]
    chance.shuffle(victims)
    killed: Counter[str] = Counter()
    runs = []
    while sum(killed.values()) < FAULTS:
        # when all is graded and kills are left, all is graded anew
        run = Run(school, force=not _wanted(school))
        runs.append(run)
        while run.is_alive and sum(killed.values()) < FAULTS:
            victim = victims[sum(killed.values())]
            if run.gets_further(chance.randrange(1, 4)) and run.kill(victim):
                killed[victim] += 1
        if sum(killed.values()) < FAULTS or victims[-1] != "run":
            run.ends()
    print(f"killed: {dict(killed)}")

    final = Run(school)
    assert final.ends() == 0, final.said
    assert not _wanted(school)
    assert marks(school) == {
        **{student: KINDS[kind] for student, kind in LEARNERS.items()},
        **dict.fromkeys(school.students, KINDS["right"]),
    }
    _nothing_changed(school)
    _all_end(runs)


class Run:
    """One `grader grade` in a process of its own, with two workers and an engine that it started."""

    def __init__(self, school: MadeClass, *, force: bool = False) -> None:
        self._journal = Journal(school.root / ".grader")
        self._log = school.root.parent / "run.log"
        command = [sys.executable, "-m", "grader.cli", "grade", LESSON, "--workers", "2", "--json"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, *(["--force"] if force else [])], cwd=school.root, stdout=log, stderr=log
            )
        self._of_run = psutil.Process(self._process.pid)
        self._seen: set[psutil.Process] = set()

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8", "replace")[-3000:]

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def gets_further(self, records: int) -> bool:
        """Wait until the journal has so many lines more; False when the run ended first."""
        target = self._records() + records
        deadline = time.monotonic() + PATIENCE
        while self._records() < target:
            if not self.is_alive:
                return False
            assert time.monotonic() < deadline, f"no record in {PATIENCE} s: {self.said}"
            time.sleep(0.02)
        return True

    def kill(self, victim: str) -> bool:
        """Kill one of the kind; False when there is none now."""
        found = {"run": self._run, "worker": self._workers, "gateway": self._gateways, "engine": self._engines}[
            victim
        ]()
        for process in found[:1]:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                return False
        if found and victim == "run":
            self._process.wait(60)
        return bool(found)

    def ends(self) -> int:
        """Wait for its end; the exit code."""
        return self._process.wait(PATIENCE)

    def left_behind(self) -> list[psutil.Process]:
        """Processes of runs that still are there when all runs have ended."""
        return [one for one in self._seen if one.is_running() and _line(one)]  # a zombie has no command line

    def _run(self) -> list[psutil.Process]:
        self._below()
        return [self._of_run]

    def _below(self) -> list[psutil.Process]:
        try:
            found = self._of_run.children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        self._seen.update(found)
        return found

    def _workers(self) -> list[psutil.Process]:
        return [one for one in self._below() if "spawn_main" in _line(one)]

    def _engines(self) -> list[psutil.Process]:
        return [one for one in self._below() if _line(one).startswith("dockerd ")]

    def _gateways(self) -> list[psutil.Process]:
        """The gateways before the engines of this run: they are nobody's children."""
        sockets = [word for one in self._engines() for word in _line(one).split() if "docker.sock" in word]
        addresses = {word.partition("=")[2] or word for word in sockets}
        return [
            one
            for one in psutil.process_iter()
            if "course.gateway" in _line(one) and any(address in _line(one) for address in addresses)
        ]

    def _records(self) -> int:
        return self._journal.path.read_bytes().count(b"\n") if self._journal.path.exists() else 0


def _all_end(runs: list[Run]) -> None:
    """Wait until every process of every run is gone: what a killed run leaves is ended by its keeper."""
    deadline = time.monotonic() + PATIENCE
    while left := [process for run in runs for process in run.left_behind()]:
        assert time.monotonic() < deadline, [_line(process) for process in left]
        time.sleep(0.1)


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return ""


def _wanted(school: MadeClass) -> bool:
    """Whether the journal and the gradebook say that something is not complete."""
    plan = school.grader("grade", LESSON, "--dry-run").stdout
    return ": 0 to examine, 0 to write" not in plan


def marks(school: MadeClass) -> dict[str, tuple[float, ...]]:
    """The automatic points of the two graded cells, by learner; a doubled row would be a third one."""
    with Gradebook(f"sqlite:///{school.root / 'gradebook.db'}", "slipway") as book:
        found = {}
        for submission in book.assignment_submissions(LESSON):
            rows = {grade.name: grade.auto_score for notebook in submission.notebooks for grade in notebook.grades}
            assert sum(len(notebook.grades) for notebook in submission.notebooks) == 2 == len(rows)
            found[submission.student_id] = (rows[CHECK], rows[HIDDEN])
        return found


def _nothing_changed(school: MadeClass) -> None:
    """All that was ever written for a learner is the same."""
    records = list(Journal(school.root / ".grader").records())
    written = [one for one in records if isinstance(one, Written)]
    assert {one.student for one in written} == {*LEARNERS, *school.students}
    by_learner = {
        student: {
            json.dumps(one.earned, sort_keys=True) for one in written if one.student == student and one.is_complete
        }
        for student in {one.student for one in written}
    }
    assert all(len(different) == 1 for different in by_learner.values()), by_learner
    assert sum(isinstance(one, Examined) for one in records) >= len(by_learner)
