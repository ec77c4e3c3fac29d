"""Hostile notebooks, whole: none gains a point, reads a secret, harms its neighbours, or stays behind.

The table is hostile.toml; what is forged in the notebook's JSON is in tests/support/hostile.py. One examiner takes them
all, one after the other, as a worker does with a class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest
from hostile import SECRET, Attack, attacks, job
from sandbox_world import LEARNERS

from course import gateway
from grader.examine.examination import Examination, Outcome
from grader.examine.examiner import Examiner

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
ATTACKS = attacks()
FORCED = (Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.KERNEL_DIED)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Secrets where a grader has them: in its environment, in files beside its work, in a neighbour's session."""
    (tmp_path_factory.mktemp("class") / "gradebook.db").write_text(f"{SECRET}gradebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIPWAY_GRADER_TOKEN", f"{SECRET}environment")
        yield


@pytest.fixture(scope="module")
def hostile_examiner(secrets: None, engine_url: str) -> Iterator[Examiner]:
    client = gateway.Client(engine_url)
    neighbour = client.open("neighbour-of-the-hostile", "grading")
    try:
        with closing(docker.DockerClient(base_url=neighbour.url)) as docker_:
            docker_.containers.create("course/busybox", ["true"], name="neighbour", environment={"S": f"{SECRET}next"})
        with Examiner(engine_url) as one:
            yield one
    finally:
        client.end(neighbour.id)


@pytest.fixture(autouse=True)
def _settled(hostile_examiner: Examiner) -> Iterator[None]:
    yield
    hostile_examiner.settle()


def test_whoever_solves_it_has_all_points(hostile_examiner: Examiner) -> None:
    examined = hostile_examiner.examine(job(student="Ada"))
    assert (examined.points, examined.out_of, examined.notes) == (7, 7, ()), examined.marks


def test_there_are_enough_of_them() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_gains_nothing_and_leaves_nothing(attack: Attack, hostile_examiner: Examiner) -> None:
    others = _of_sandboxes()  # those of other tests
    examined = hostile_examiner.examine(job(attack))
    said = _learners_output(examined)

    assert examined.points == 0 and examined.out_of == 7, examined.marks
    assert examined.is_complete and examined.evidence.attempts == 1, "its deeds are never taken for the grader's fault"
    assert SECRET not in _without_checks(examined) and SECRET not in said
    assert not re.search(r"text/html|javascript|svg|text/markdown", _without_checks(examined))
    assert _of_sandboxes() <= others, "a process stayed behind"

    first = examined.marks[0].outcome
    assert re.search(attack.shows, said), f"the attack did not take place: {said[-2000:]}"
    assert not attack.outcome or first.value == attack.outcome, examined.marks[0]
    if not attack.shows and not attack.outcome and attack.change is None:
        assert first in FORCED or said, "nothing shows that the attack took place"


def test_the_next_submission_is_as_if_nothing_had_been(hostile_examiner: Examiner) -> None:
    examined = hostile_examiner.examine(job(student="Bo"))
    assert (examined.points, examined.notes, examined.evidence.attempts) == (7, (), 1), examined.marks
    assert "POISONED" not in examined.to_json().decode()


def test_a_neighbour_of_bombs_has_all_points_meanwhile(hostile_examiner: Examiner, engine_url: str) -> None:
    bombs = [one for one in ATTACKS if one.name in ("fork-bomb", "memory-bomb", "processors-in-use")]
    with Examiner(engine_url) as other, ThreadPoolExecutor(1) as thread:
        thrown = thread.submit(lambda: [hostile_examiner.examine(job(bomb)).points for bomb in bombs])
        honest = [other.examine(job(student="Çelik"))]
        while not thrown.done():
            honest.append(other.examine(job(student="Çelik")))
        assert thrown.result() == [0] * len(bombs)
        other.settle()
    assert [(one.points, one.evidence.attempts) for one in honest] == [(7, 1)] * len(honest)


def _learners_output(examined: Examination) -> str:
    """What the learner's own cells printed and showed."""
    cells = json.loads(examined.notebook)["cells"]
    own = [cell for cell in cells if not cell["metadata"].get("nbgrader", {}).get("grade")]
    return "".join(_text(output) for cell in own for output in cell.get("outputs", ()))


def _text(output: dict[str, Any]) -> str:
    parts = [*output.get("traceback", ()), output.get("evalue", ""), *output.get("text", ())]
    return "".join([*parts, *("".join(lines) for lines in output.get("data", {}).values())])


def _without_checks(examined: Examination) -> str:
    """All that is kept of a submission, but for the instructor's own cells and the learner's text."""
    node = json.loads(examined.notebook)
    for cell in node["cells"]:
        cell["source"] = ""
    rest = json.loads(examined.to_json())
    rest["evidence"]["source_digest"] = ""
    return json.dumps({**rest, "notebook": node})


def _of_sandboxes() -> set[str]:
    """The processes with a user id of a sandbox, as "PID NAME"."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        uid = int(re.search(r"^Uid:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
        if uid in LEARNERS and "\nState:\tZ" not in text:
            found.add(f"{status.parent.name} {text.split()[1]}")
    return found
