"""A lesson with three exercises and secrets in it, and submissions that attack: cells of a table, or whole files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from course.release import release
from grader.examine.job import Budgets, Job

LESSON = "H01-hostile"
NOTEBOOK = f"{LESSON}.ipynb"
SECRET = "CANARY-"
VALUE = f"{SECRET}value-91c2"
RIGHT = """\
import docker
from pathlib import Path
Path("Dockerfile").write_text('FROM course/busybox\\nRUN echo ahoy > /greeting.txt\\nCMD ["cat", "/greeting.txt"]')
docker.from_env().images.build(path=".", tag="greeter", rm=True)"""
CELLS = [
    ("H01-image", 0, RIGHT),
    (
        "H01-image-check",
        3,
        "from grader import checks\ngreeter = checks.image('greeter')\n"
        "checks.grade('H01-image', greeter.descends_from('course/busybox').required(),"
        " greeter.has_file('/greeting.txt', contains='ahoy'), points=3)",
    ),
    (
        "H01-image-hidden",
        1,
        f"### BEGIN HIDDEN TESTS\n# {SECRET}hidden-7f3a\nfrom grader import checks\n"
        "greeter = checks.image('greeter')\nchecks.grade('H01-image-hidden',"
        " greeter.descends_from('course/busybox').required(), greeter.runs(prints='ahoy'), points=1)\n"
        "### END HIDDEN TESTS",
    ),
    (
        "H01-file-check",
        1,
        "from grader import checks\nchecks.grade('H01-file', checks.dockerfile('Dockerfile').builds(), points=1)",
    ),
    ("H01-value", 0, f"answer = {VALUE!r}"),
    (
        "H01-value-check",
        2,
        f"### BEGIN HIDDEN TESTS\nfrom grader import checks\n"
        f"checks.grade('H01-value', checks.submission()['answer'].equals({VALUE!r}), points=2)\n### END HIDDEN TESTS",
    ),
]
BUDGETS = Budgets(
    cell_seconds=6,
    build_seconds=30,
    notebook_seconds=60,
    memory_bytes=384 * 1024**2,
    processes=64,
    output_bytes=100_000,
    disk_bytes=16 * 1024**2,
)


@dataclass(frozen=True)
class Attack:
    """One behaviour: what is handed in, and how it is known that it took place."""

    name: str
    cell: str = "pass"
    shows: str = ""
    outcome: str = ""
    files: dict[str, str] = field(default_factory=dict)
    change: Callable[[Any], None] | None = None


def attacks() -> list[Attack]:
    """Those of the table, and those that are changes of the notebook's JSON."""
    table = tomllib.loads(Path(__file__).parents[1].joinpath("examine/hostile.toml").read_text("utf-8"))
    return [Attack(name, **row) for name, row in table.items()] + [
        Attack(f"notebook-{change.__name__}", change=change) for change in CHANGES
    ]


def job(attack: Attack | None = None, *, student: str = "Mallory") -> Job:
    """The submission of an attacker; without an attack that of somebody who solved all."""
    node = json.loads(nbformat.writes(release(_source())))
    for cell in node["cells"]:
        name = cell["metadata"]["nbgrader"]["grade_id"]
        if attack is None and name in ("H01-image", "H01-value"):
            cell["source"] = next(source for id_, _, source in CELLS if id_ == name)
        elif attack is not None and name == "H01-image":
            cell["source"] = attack.cell
        elif attack is not None and name == "H01-value":
            cell["source"] = "pass"
    if attack is not None and attack.change is not None:
        attack.change(node)
    files = {path: text.encode() for path, text in (attack.files if attack else {}).items()}
    return Job(
        student=student,
        lesson=LESSON,
        notebook=NOTEBOOK,
        source={
            NOTEBOOK: nbformat.writes(_source()).encode(),
            "answers/H01-image/right.py": f"{SECRET}answers".encode(),
            "instructor.md": f"{SECRET}notes".encode(),
        },
        submitted={**files, NOTEBOOK: json.dumps(node).encode()},
        budgets=BUDGETS,
    )


def _source() -> Any:
    cells = []
    for name, points, source in CELLS:
        graded = points > 0
        text = source if graded else f"### BEGIN SOLUTION\n{source}\n### END SOLUTION"
        cell = new_code_cell(text, id=name)
        cell.metadata.nbgrader = {
            "grade": graded,
            "grade_id": name,
            "locked": graded,
            "schema_version": 3,
            "solution": not graded,
            "task": False,
            "cell_type": "code",
            **({"points": points} if graded else {}),
        }
        cells.append(cell)
    kernel = {"name": "slipway", "display_name": "Docker course", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


# ---- notebooks that are forged as files


def with_more_points(node: Any) -> None:
    for cell in node["cells"]:
        cell["metadata"]["nbgrader"]["points"] = 1000


def with_ungraded_checks(node: Any) -> None:
    for cell in node["cells"]:
        cell["metadata"]["nbgrader"].update(grade=False, solution=True, locked=False)


def with_outputs_of_success(node: Any) -> None:
    for cell in node["cells"]:
        cell["outputs"] = [
            {"output_type": "execute_result", "data": {"text/plain": "3.0"}, "metadata": {}, "execution_count": 1}
        ]


def with_checks_that_pass(node: Any) -> None:
    for cell in node["cells"][1:]:
        cell["source"] = "3.0"


def without_checks(node: Any) -> None:
    node["cells"] = [cell for cell in node["cells"] if "check" not in cell["metadata"]["nbgrader"]["grade_id"]]


def with_checks_as_text(node: Any) -> None:
    for cell in node["cells"]:
        cell["cell_type"] = "markdown"


def with_checks_twice(node: Any) -> None:
    copies = json.loads(json.dumps(node["cells"]))
    for cell in copies:
        cell["source"] = "3.0"
    node["cells"] += copies


def with_checks_first(node: Any) -> None:
    node["cells"].reverse()


def with_other_names(node: Any) -> None:
    names = [cell["metadata"]["nbgrader"]["grade_id"] for cell in node["cells"]]
    for cell, name in zip(node["cells"], [*names[1:], names[0]], strict=True):
        cell["metadata"]["nbgrader"]["grade_id"] = name
        cell["source"] = "3.0"


def with_a_check_of_its_own(node: Any) -> None:
    extra = json.loads(json.dumps(node["cells"][1]))
    extra["metadata"]["nbgrader"].update(grade_id="bonus", points=100)
    extra["source"] = "100.0"
    node["cells"].append(extra)


def with_ids_and_metadata_of_strange_kinds(node: Any) -> None:
    for number, cell in enumerate(node["cells"]):
        cell["id"] = ["a", 5, None, "x" * 1000, {"a": 1}, "../../etc"][number]
        cell["metadata"].update(tags="check", slipway={"role": "hidden"}, editable="no")
        cell["metadata"]["nbgrader"]["schema_version"] = [0, 1, 2, 99, "3", None][number]
    node["metadata"] = {"kernelspec": {"name": "bash", "language": "../../bin/sh"}, "nbgrader": {"points": 7}}


def of_another_format(node: Any) -> None:
    node.update(nbformat=99, nbformat_minor=-1)


CHANGES = (
    with_more_points,
    with_ungraded_checks,
    with_outputs_of_success,
    with_checks_that_pass,
    without_checks,
    with_checks_as_text,
    with_checks_twice,
    with_checks_first,
    with_other_names,
    with_a_check_of_its_own,
    with_ids_and_metadata_of_strange_kinds,
    of_another_format,
)
