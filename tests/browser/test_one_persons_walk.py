"""One person's walk on `make lab`: one JupyterLab, the whole course in order, nothing closed; tomorrow it goes on.

Each exercise is done wrong first (its message is on the page), then comes a hint, then the right answer, and at a
lesson's end Restart Kernel and Run All Cells. Then the server is stopped with Ctrl-C and started again.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from front_end import PATIENCE, saved_outputs
from lesson_page import LessonPage
from notebook_server import START_SECONDS, wait_until_listening
from playwright.sync_api import Browser, Page, WebSocket, expect
from terminal import CTRL_C, Terminal
from walk import LEFT_OUT, refusals, sockets, wrong_answer

from course import manifest, notebooks, progress
from course.gateway import Client, attach
from course.gateway.errors import NoSession
from course.gateway.lease import workspace_name
from course.manifest import Lesson
from course.notebooks import Cell, ExerciseCells
from course.workspace import KEPT_BACK, self_study
from grader.authoring.answers import Answer, reference

COURSE = manifest.load()
FIRST, LAST = os.environ.get("SLIPWAY_WALK", f"{COURSE.lessons[0].id} {COURSE.lessons[-1].id}").split()
"""For who works on a lesson: where the walk begins and ends."""
LESSONS = tuple(lesson for lesson in COURSE.lessons if FIRST <= lesson.id <= LAST)
QUESTIONS = {question.id: question for lesson in LESSONS for question in lesson.questions}
ROOT = Path(__file__).resolve().parents[2]
ADDRESS = r"http://127\.0\.0\.1:\d+/\S*\?token=\w+(?=\s)"
KEPT = r"✓ kept for 7 days after the last use: [^;\n]+; `course session end [^`]+` removes all of it"
POINTS = re.compile(r"(\S+) of (\S+) points")
MOST_SOCKETS = 100
MOST_GROWTH = 24 * 1024
"""Of the gateway's resident memory (KiB, `VmRSS` in proc(5)), from the end of the third lesson to that of the last."""
ABOUT_NOBODY = re.compile(r"nbgrader|without encryption|not trusted|Traceback|\[E ")
"""What a line of the server's log must not say: it is not about the learner."""


@dataclass
class Walk:
    """One person, one page, one folder.

    Args:
        page: the browser's page.
        folder: the learner's.
        artefacts: where the screenshots go.
    """

    page: Page
    folder: Path
    artefacts: Path
    open: dict[str, LessonPage] = field(default_factory=dict)
    predicted: str = ""
    memory: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def take(self, lesson: Lesson) -> None:
        """A lesson from its first cell to Restart & Run All; its tab is in front."""
        source = notebooks.read(lesson.notebook)
        copy = notebooks.parse(self_study(lesson.notebook), lesson.notebook)
        tab = self.open[lesson.id] = LessonPage(self.page, [cell.id for cell in copy.cells])
        tab.wait_until_ready()
        exercises = {cell.id: exercise for exercise in copy.exercises() for cell in exercise.cells}
        done: list[str] = []
        answered = False
        for cell in copy.cells:
            exercise = exercises.get(cell.id)
            if exercise is not None and exercise.id not in done:
                done.append(exercise.id)
                self.exercise(lesson, tab, exercise, source.exercise(exercise.id))
            elif exercise is None and cell.kind == "code" and cell.role not in LEFT_OUT:
                answered = self.cell(tab, cell, answered)
        tab.restart_and_run_all()
        tab.save()
        self.picture(f"{lesson.id}-done")
        assert not tab.errors(), (lesson.id, tab.errors())
        outputs = saved_outputs(self.folder / lesson.name / lesson.notebook.name)
        assert outputs and not [one for one in outputs if one["output_type"] == "error"]
        for exercise in copy.exercises():
            assert full(tab.text(f"{exercise.id}-check")), tab.text(f"{exercise.id}-check")
        assert "nothing was removed" in tab.text(f"{lesson.id}-cleanup")

    def cell(self, tab: LessonPage, cell: Cell, answered: bool) -> bool:
        """One cell of a lesson's text; whether it was a question, which leaves the focus on the next one."""
        said = tab.run_next(cell.id) if answered else tab.run(cell.id)
        assert not tab.failed(cell.id), (cell.id, said)
        if "explain(" in cell.source:
            self.judged(cell, said)
        if cell.role == "predict":
            self.predicted = tab.predict(cell.id)
        return cell.role == "predict"

    def judged(self, cell: Cell, said: str) -> None:
        """ "✓" is beside a prediction only where it is right."""
        question = QUESTIONS[cell.source.partition('explain("')[2].partition('"')[0]]
        right = question.answer.text.rstrip(".") in self.predicted
        assert ("✓ right" in said) is right and ("✗ not so" in said) is not right, (self.predicted, said)

    def exercise(self, lesson: Lesson, tab: LessonPage, copy: ExerciseCells, source: ExerciseCells) -> None:
        """Wrong, a hint, right."""
        check, answer = f"{copy.id}-check", wrong_answer(lesson, source)
        self.attempt(lesson, tab, copy, answer)
        said, verdict = tab.text(check), self.verdict()
        assert not full(said) and verdict["exercise"] == copy.id, said
        self.the_message_is_there(answer, verdict, said)
        self.picture(f"{copy.id}-wrong")
        hint = tab.add_below(check, f"hint-{copy.id}", f"%hint {copy.id}")
        assert "Hint 1 of" in hint and not tab.failed(f"hint-{copy.id}"), hint
        self.files_back(lesson)
        self.attempt(lesson, tab, copy, reference(source))
        assert full(tab.text(check)), (tab.text(check), self.verdict())

    def attempt(self, lesson: Lesson, tab: LessonPage, copy: ExerciseCells, answer: Answer) -> None:
        """Type an answer, run the exercise's cells."""
        for name, content in answer.files.items():
            (self.folder / lesson.name / name).write_bytes(content)
        for cell in copy.with_starters(answer.sources).code:
            if cell.role == "starter":
                tab.write(cell.id, cell.source)
            said = tab.run(cell.id)
            assert answer.name.startswith("wrong-") or not tab.failed(cell.id), (answer, cell.id, said)

    def the_message_is_there(self, answer: Answer, verdict: dict[str, Any], said: str) -> None:
        """The page shows what the learner must read first, and it is the message that the answer's author meant."""
        opened = [one for one in verdict["results"] if one["outcome"] != "passed" and not one.get("advice")]
        meant = next((one for one in opened if one["message"] == answer.fails), None)
        assert meant is not None, (answer.name, answer.fails, opened)
        for part in (meant["title"], meant["observed"]):
            assert " ".join(part.split()) in " ".join(said.split()), (meant, said)

    def verdict(self) -> dict[str, Any]:
        """The last verdict of a check cell."""
        lines = (self.folder / ".verdicts.jsonl").read_text("utf-8").splitlines()
        return dict(json.loads(lines[-1]))

    def files_back(self, lesson: Lesson) -> None:
        """The lesson's files as they were, without the notebook: a wrong answer may have changed them."""
        for path in lesson.folder.rglob("*"):
            at = path.relative_to(lesson.folder)
            if path.is_file() and path != lesson.notebook and not set(at.parts) & set(KEPT_BACK):
                target = self.folder / lesson.name / at
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())

    def go_on(self, lesson: Lesson) -> None:
        """Click "Go on with …" in the card of the last exercise: the next lesson opens in a tab beside it."""
        before = LESSONS[LESSONS.index(lesson) - 1]
        tab = self.open[before.id]
        card = tab.cell(f"{before.exercises[-1].id}-check")
        card.get_by_role("link", name=f"Go on with {lesson.id}").click()
        expect(tab.panel.locator("h1").first).to_contain_text(lesson.id, timeout=PATIENCE)

    def note(self, lesson: Lesson) -> None:
        """How much memory the gateway has, and how many connections, after a lesson."""
        client = Client()
        pid = (client.home.announcement() or {})["pid"]
        (line,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        self.memory[lesson.id] = int(line)
        self.held[lesson.id] = sum(sockets(one["url"]) for one in client.sessions())
        (self.artefacts / "walk.json").write_text(json.dumps({"memory": self.memory, "sockets": self.held}, indent=1))

    def a_terminal_opens_in(self, lesson: Lesson) -> None:
        """File ▸ New ▸ Terminal: it is in the lesson's folder, and has `course`."""
        printed: list[object] = []

        def listen(socket: WebSocket) -> None:
            if "/terminals/" in socket.url:
                socket.on("framereceived", lambda frame: printed.extend(json.loads(frame)[1:]))

        def wait_for(text: str) -> None:
            end = time.monotonic() + PATIENCE / 1000
            while text not in "".join(map(str, printed)):
                assert time.monotonic() < end, printed
                self.page.wait_for_timeout(50)

        self.page.on("websocket", listen)
        self.open[lesson.id].menu("File", "New", "Terminal")
        wait_for(lesson.name)  # the prompt: before, keys go nowhere
        self.page.locator(".jp-Terminal:visible").click()
        self.page.keyboard.type("pwd; command -v course; course progress\n")
        wait_for(f"{self.folder / lesson.name}\r\n")
        wait_for(f"{Path(sys.executable).with_name('course')}\r\n")
        wait_for(f"{LESSONS[0].id}  {LESSONS[0].title}")
        self.picture("terminal")

    def nothing_was_refused(self) -> None:
        """By the gateway; and it kept within its bounds."""
        last = LESSONS[-1].id
        assert sum(self.held.values()) and self.held[last] < MOST_SOCKETS, self.held
        assert self.memory[last] - self.memory[LESSONS[min(2, len(LESSONS) - 1)].id] < MOST_GROWTH, self.memory
        for one in Client().sessions():
            assert not refusals(one["id"])

    def holds(self) -> dict[str, str]:
        """What the session has: its containers with their states, and the names of its images."""
        with attach(self.folder) as lease, closing(docker.DockerClient(lease.session.url, timeout=60)) as client:
            containers = {f"container {one.name}": one.status for one in client.containers.list(all=True)}
            return {**containers, **{f"image {tag}": "" for image in client.images.list() for tag in image.tags}}

    def work(self) -> dict[str, bytes]:
        """The notebooks as they are on disk."""
        return {one.id: (self.folder / one.name / one.notebook.name).read_bytes() for one in LESSONS}

    def goes_on(self, lesson: Lesson) -> None:
        """Tomorrow: the tabs are back, the lesson runs again, and the record has all that was earned."""
        tab = self.open[lesson.id]
        tab.wait_until_ready()
        self.picture("tomorrow")
        tab.restart_and_run_all()
        assert not tab.errors()
        for exercise in lesson.exercises:
            assert full(tab.text(f"{exercise.id}-check"))
        record = progress.read()
        for one in LESSONS:
            for exercise in one.exercises:
                check = record.lesson(one.id).checks[exercise.id]
                assert check.best == check.out_of == exercise.points

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.artefacts / f"walk-{name}.png")


def full(said: str) -> bool:
    """Whether a check cell's text gives all points."""
    points = POINTS.findall(said)
    return bool(points) and all(earned == out_of for earned, out_of in points)


@pytest.fixture
def person(
    engine_url: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A learner's folder, with a record, a gateway and a memory of their own; what was made goes with the session."""
    for name in ("DOCKER_HOST", "SLIPWAY_SESSION"):
        monkeypatch.delenv(name, raising=False)
    run = tmp_path_factory.mktemp("r")
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    monkeypatch.setenv("SLIPWAY_STATE_DIR", str(run / "state"))
    monkeypatch.setenv("SLIPWAY_RUNTIME_DIR", str(run / "run"))
    monkeypatch.setenv("SLIPWAY_VERDICTS", str(tmp_path / ".verdicts.jsonl"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(run / "jupyter"))
    monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(run / "layouts"))  # which tabs are open
    yield tmp_path
    with suppress(NoSession):
        Client().end(workspace_name(tmp_path))
    Client.stop_running()


def lab(folder: Path) -> Terminal:
    """`make lab`, in a terminal."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--no-browser --port={port} --workspace={folder}"
    return Terminal(["make", "--directory", str(ROOT), "lab", f"ARGS={options}"], {**os.environ, "TERM": "xterm"})


def stopped(terminal: Terminal) -> str:
    """Ctrl-C, and yes to the server's question; what was printed after it."""
    begun = len(terminal.read_what_came())
    terminal.press(CTRL_C)
    terminal.read_until(r"Shut down this Jupyter server \(y/\[n\]\)\?", PATIENCE / 1000)
    terminal.press(b"y\n")
    return terminal.read_to_the_end(PATIENCE / 1000)[begun:]


def opened(terminal: Terminal) -> str:
    """The address that the server prints, once it answers there."""
    url = terminal.read_until(ADDRESS, START_SECONDS)
    wait_until_listening(url)
    return url


@pytest.fixture
def walk(person: Path, chromium: Browser, artefacts: Path) -> Iterator[Walk]:
    """A browser for this person. What it shows when the test ends is kept."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    walk = Walk(page, person, artefacts)
    yield walk
    walk.picture("at-the-end")
    context.close()


@pytest.mark.timeout(5400)
def test_one_person_takes_the_whole_course_and_goes_on_tomorrow(walk: Walk) -> None:
    with lab(walk.folder) as terminal:
        walk.page.goto(opened(terminal).replace(COURSE.lessons[0].name, LESSONS[0].name))
        for lesson in LESSONS:
            if lesson is not LESSONS[0]:
                walk.go_on(lesson)
            walk.take(lesson)
            walk.note(lesson)
            log = terminal.read_what_came()
            assert not [line for line in log.splitlines() if ABOUT_NOBODY.search(line)], log
        walk.a_terminal_opens_in(LESSONS[-1])
        walk.nothing_was_refused()
        before = walk.holds()
        work = walk.work()
        assert re.search(KEPT, stopped(terminal)), terminal.text[-3000:]
    walk.page.goto("about:blank")  # the evening
    with lab(walk.folder) as terminal:
        url = opened(terminal)
        assert re.search(KEPT, terminal.text), terminal.text
        after = walk.holds()
        assert after.keys() == before.keys()
        assert ("running" in after.values()) is ("running" in before.values())
        assert walk.work() == work
        assert f"/lab/tree/{LESSONS[-1].name}/" in url, url
        walk.page.goto(url)
        walk.goes_on(LESSONS[-1])
        stopped(terminal)
