"""Between a check's look and its answer threads, daemons and calls of the learner change nothing and see nothing."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.release import release
from grader.examine.examination import Examination
from grader.examine.examiner import Examiner
from grader.examine.job import Budgets, Job

pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

LESSON, SECRET = "W01-while", "CANARY-hidden-71c"
CHECK = f"""\
### BEGIN HIDDEN TESTS
from grader import checks
greeter, box = checks.image("greeter"), checks.container("box")
checks.grade("W01-image", greeter.descends_from("course/busybox"), greeter.runs("cat", "/ahoy", prints="ahoy"),
    greeter.runs("sh", "-c", "echo $S; sleep 0.5", prints="{SECRET}", environment={{"S": "{SECRET}"}}), points=3)
checks.grade("W01-box", box.state("exited").after(checks.journal().shows("exec", "box")).worth(2),
    box.executes("echo", "{SECRET}", prints="{SECRET}").advice(), points=2)
### END HIDDEN TESTS"""
BOTH = """\
import docker, io, threading, time
client = docker.from_env()
text = {"right": "FROM course/busybox\\nRUN echo no > /ahoy", "wrong": "FROM course/node\\nRUN echo ahoy > /ahoy"}
for name in text:
    client.images.build(fileobj=io.BytesIO(text[name].encode()), tag=name, rm=True)
client.images.get("wrong").tag("greeter")
box = client.containers.run("course/busybox", ["sleep", "600"], name="box", detach=True)
"""
MOVES_TAGS = """
def move():
    while True:
        for name in text:
            client.images.get(name).tag("greeter")
threading.Thread(target=move, daemon=True).start()
"""
LOOKS = """
seen, own = [], {box.id}
def look():
    mine = docker.from_env()
    while True:
        try:
            for one in mine.api.containers(all=True):
                if one["Id"] not in own:
                    seen.append(mine.api.inspect_container(one["Id"])); mine.api.remove_container(one["Id"], force=True)
            seen.extend(mine.api.exec_inspect(one) for one in mine.api.inspect_container(box.id)["ExecIDs"] or ())
            seen.extend(mine.api.top(box.id)["Processes"])
        except docker.errors.APIError as error:
            seen.append(error)
def follow():
    for event in docker.from_env().events(decode=True):
        seen.append(event)
for work in (look, follow):
    threading.Thread(target=work, daemon=True).start()
"""
TELLS = """
try:
    told = list(client.events(since=1, until=int(time.time()) + 1, decode=True))
    print("told", seen, told, [one.id for one in client.containers.list(all=True)] == [box.id])
except NameError:
    print("nothing to tell")
"""
FLOOD = """
deeds = [client.api.exec_create(box.id, ["true"]) for _ in range(3)]  # none of them begins
"""


def submission(cell: str) -> Job:
    """An attacker's: the cell before the checks, and one after them that tells what was seen."""
    cells = [("W01-image", 0, "pass"), ("W01-check", 5, CHECK), ("W01-tells", 0, "pass")]
    made = []
    for name, points, source in cells:
        text = source if points else f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
        one = new_code_cell(text, id=name)
        one.metadata.nbgrader = {
            "grade": points > 0, "grade_id": name, "locked": points > 0, "schema_version": 3,
            "solution": points == 0, "task": False, "cell_type": "code", **({"points": points} if points else {}),
        }  # fmt: skip
        made.append(one)
    kernel = {"name": "slipway", "display_name": "Docker course", "language": "python"}
    source = new_notebook(cells=made, metadata={"kernelspec": kernel})
    instructors = nbformat.writes(source).encode()  # before it is made the learners' copy, in place
    node = json.loads(nbformat.writes(release(source)))
    for one in node["cells"]:
        name = one["metadata"]["nbgrader"]["grade_id"]
        one["source"] = {"W01-image": cell, "W01-tells": TELLS}.get(name, one["source"])
    return Job(
        student="Mallory",
        lesson=LESSON,
        notebook=f"{LESSON}.ipynb",
        source={f"{LESSON}.ipynb": instructors},
        submitted={f"{LESSON}.ipynb": json.dumps(node).encode()},
        budgets=Budgets(cell_seconds=40),
    )


def answers(examined: Examination) -> dict[str, str]:
    (mark,) = examined.marks
    return {result.check + result.title[-8:]: result.outcome.value for result in mark.results}


def told(examined: Examination) -> str:
    cells: list[dict[str, Any]] = json.loads(examined.notebook)["cells"]
    return "".join("".join(output.get("text", ())) for output in cells[-1]["outputs"])


def test_a_tag_that_moves_stands_for_one_image_throughout(examiner: Examiner) -> None:
    examined = examiner.examine(submission(BOTH + MOVES_TAGS))
    (mark,) = examined.marks
    by_check = [result.outcome.value for result in mark.results[:2]]
    assert by_check in (["passed", "failed"], ["failed", "passed"]), mark.results
    assert examined.evidence.attempts == 1


def test_what_a_check_does_is_not_seen_and_not_removed(examiner: Examiner) -> None:
    examined = examiner.examine(submission(BOTH + LOOKS))
    said = told(examined)
    assert said.startswith("told") and said.rstrip().endswith("True"), said[-500:]
    assert SECRET not in said and "'container': 'create'" not in said
    assert [result.outcome.value for result in examined.marks[0].results[:3]] == ["failed", "passed", "passed"]
    assert examined.evidence.attempts == 1 and examined.is_complete


def test_an_exec_that_never_began_is_no_evidence(examiner: Examiner) -> None:
    (mark,) = examiner.examine(submission(BOTH + FLOOD + "box.kill()")).marks
    assert mark.results[3].message == "journal.not_done", mark.results
    (mark,) = examiner.examine(submission(BOTH + "box.exec_run('true'); box.kill()")).marks
    assert mark.results[3].passed, mark.results
