"""Four examiners on one engine: who fills its disk loses their own marks, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile import Attack, job
from msgspec import structs

from course.gateway import Client
from grader.examine.engine import GradingEngine
from grader.examine.examination import Examination
from grader.examine.examiner import Examiner
from grader.examine.job import Budgets

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
RUN = """
import docker
client = docker.from_env()
try:
    while True:  # each within the memory of a container, which files in memory count towards
        client.containers.run("course/python", ["python3", "-c", {text!r}], detach=True)
except docker.errors.APIError as error:
    print(error)
"""
STEPS = """
import docker, io
text = "FROM course/python\\n" + "RUN python3 -c " + repr("for n in range(30000): open(str(n), 'w').close()") + "\\n"
text += "RUN python3 -c " + repr("for n in range(30000, 60000): open(str(n), 'w').close()") + "\\n"
text += "RUN python3 -c " + repr("for n in range(60000, 120000): open(str(n), 'w').close()") + "\\n"
try:
    docker.from_env().images.build(fileobj=io.BytesIO(text.encode()), rm=True)
    docker.from_env().images.build(fileobj=io.BytesIO(text.encode()), rm=True)
except (docker.errors.BuildError, docker.errors.APIError) as error:
    print(error)
"""
BUDGETS = Budgets(cell_seconds=600)
"""So long that a cell is ended by its share and not by its time: 100,000 files take minutes beside three neighbours."""
BLOCKS = "block = bytes(1 << 20)\nwith open('/f', 'wb') as f:\n for _ in range(200): f.write(block)\n{then}\n"
SLEEPS = "import time\ntime.sleep(600)"
ATTACKS = {
    "bytes": RUN.format(text=BLOCKS.format(then="") + SLEEPS),
    "files": RUN.format(text="for n in range(40000): open(f'/tmp/{n}', 'wb').close()\n" + SLEEPS),
    "files-without-a-name": RUN.format(
        text=BLOCKS.format(then=" import os; os.unlink('/f'); f.flush()\n import time; time.sleep(600)")
    ),
    "steps-of-builds": STEPS,
}


@pytest.fixture(scope="module")
def engine() -> Iterator[GradingEngine]:
    with GradingEngine() as one:
        yield one


@pytest.mark.parametrize("name", ATTACKS)
def test_whoever_fills_it_loses_their_own_marks_only(name: str, engine: GradingEngine) -> None:
    attack = structs.replace(job(Attack(name, ATTACKS[name])), budgets=BUDGETS)
    with Examiner(engine.url) as one, ThreadPoolExecutor(4) as threads:
        attacked = threads.submit(one.examine, attack)
        neighbours = [threads.submit(_examine_until, engine.url, attacked) for _ in range(3)]
        examined = attacked.result()
        honest = [done for neighbour in neighbours for done in neighbour.result()]
        one.settle()
    assert [(done.points, done.evidence.attempts) for done in honest] == [(7, 1)] * len(honest), honest[0].marks
    assert len(honest) >= 3
    assert (examined.points, examined.evidence.attempts, examined.is_complete) == (0, 1, True), examined.marks
    said = "".join(examined.evidence.journal) + examined.notebook
    assert "quota.kill" in said or "quota of bytes written" in said or "quota of files written" in said, said[-3000:]


def _examine_until(url: str, attacked: object) -> list[Examination]:
    with Examiner(url) as examiner:
        done = [examiner.examine(job(student="Ada"))]
        while not attacked.done():  # type: ignore[attr-defined]
            done.append(examiner.examine(job(student="Ada")))
        examiner.settle()
        return done


def test_what_a_neighbour_does_to_the_disk_is_not_the_learners_fault(
    engine: GradingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Client.show
    told: list[str] = []

    def show(self: Client, ref: str) -> dict[str, object]:
        told.append(ref)
        return shown(self, ref) | {"starved": len(told) == 1}

    monkeypatch.setattr(Client, "show", show)
    with Examiner(engine.url) as one:
        examined = one.examine(job(student="Ada"))
        one.settle()
    assert (examined.points, examined.evidence.attempts, len(told)) == (7, 2, 2)
