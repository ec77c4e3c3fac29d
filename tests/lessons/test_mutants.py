"""Faults are derived from each reference solution, and an exercise catches them or says why it need not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from course import manifest, notebooks
from course.manifest import Exercise, Lesson
from course.mutate.dockerfile_faults import dockerfile_faults, is_dockerfile
from course.mutate.mutants import explained, mutants
from course.mutate.python_faults import python_faults
from course.mutate.trial import Sorted, sort_mutants
from course.proof.attempt import Prover

COURSE = manifest.load()
EVERY = list(COURSE.exercises())
# All mutants of the course take half an hour; `course mutate` runs them, and a change of this list does too.
RUN = EVERY if os.environ.get("SLIPWAY_MUTANTS") == "all" else EVERY[:1]

DOCKERFILE = """\
# the shop
FROM course/python
WORKDIR /srv
COPY shop.py .
EXPOSE 8000
USER app
CMD ["python3", "shop.py"]
"""


def test_each_kind_of_fault_is_derived_from_a_dockerfile() -> None:
    faults = dict(dockerfile_faults(DOCKERFILE))
    assert "USER app" not in faults["without USER app"]
    assert "CMD python3 shop.py" in faults["CMD in shell form"]
    assert "EXPOSE 8001" in faults["EXPOSE 8001"]
    assert "FROM course/node" in faults["FROM course/node"]
    swapped = faults["COPY shop.py . before WORKDIR /srv"].splitlines()
    assert swapped.index("COPY shop.py .") < swapped.index("WORKDIR /srv")
    assert all(text.count("FROM") == 1 for text in faults.values())


def test_instructions_of_several_lines_and_stages_are_kept_whole() -> None:
    text = "FROM course/node AS build\nRUN echo one && \\\n    echo two\nFROM course/busybox\nCOPY --from=build /a /a\n"
    faults = list(dockerfile_faults(text))
    dropped = next(text for words, text in faults if words.startswith("without RUN"))
    assert dropped == "FROM course/node AS build\nFROM course/busybox\nCOPY --from=build /a /a"
    assert any("FROM course/python AS build" in text for words, text in faults if words == "FROM course/python")
    assert not any("before FROM" in words for words, _ in faults)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        (DOCKERFILE, True),
        ("ARG V=1\nFROM course/busybox", True),
        ("from x import y", False),
        ("hello", False),
        ("", False),
    ],
)
def test_a_text_that_reads_as_a_dockerfile_is_taken_for_one(text: str, is_one: bool) -> None:
    assert is_dockerfile(text) is is_one


SOLUTION = """\
web = client.containers.run("course/node", ["node", "-e", "0"], name="web", ports={"8000/tcp": 8000}, detach=True)
web.stop()
code = web.wait()["StatusCode"]
"""


def test_each_kind_of_fault_is_derived_from_python() -> None:
    faults = dict(python_faults(SOLUTION))
    assert "detach" not in faults["without detach=True"]
    assert "'8001/tcp': 8000" in faults["8001/tcp for 8000/tcp"]
    assert "'8000/tcp': 8001" in faults["8001 for 8000"]
    assert "'course/python'" in faults["course/python for course/node"]
    assert "code = 0" in faults["code = 0, hard-coded"]
    assert "web.kill()" in faults["kill for web.stop()"]
    assert "web.stop()" not in faults["without web.stop()"]
    assert "without the argument ['node', '-e', '0']" in faults
    swapped = faults["code = web.wait()['StatusCode'] before web.stop()"]
    assert swapped.index("web.wait") < swapped.index("web.stop")


def test_a_dockerfile_inside_python_is_changed_too() -> None:
    faults = dict(python_faults(f"Path('Dockerfile').write_text({DOCKERFILE!r})"))
    assert "without USER app" in faults


def test_an_import_and_a_print_are_left_alone() -> None:
    assert not [*python_faults("import os\nprint(code)")]


@pytest.mark.parametrize(("lesson", "exercise"), EVERY, ids=[exercise.id for _, exercise in EVERY])
def test_every_exercise_gives_mutants_that_differ_from_its_reference(lesson: Lesson, exercise: Exercise) -> None:
    cells = notebooks.read(lesson.notebook).exercise(exercise.id)
    derived = list(mutants(cells))
    reference = {cell.id: cell.source for cell in cells.of("starter")}
    assert len(derived) >= 3
    assert len({mutant.name for mutant in derived}) == len(derived)
    assert all(reference[id_] != text for mutant in derived for id_, text in mutant.sources.items())
    assert {entry.mutant for entry in explained(lesson, exercise.id)} <= {mutant.name for mutant in derived}


@pytest.mark.parametrize(("lesson", "exercise"), RUN, ids=[exercise.id for _, exercise in RUN])
def test_an_exercise_catches_every_fault_that_is_not_explained(
    lesson: Lesson, exercise: Exercise, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    with Prover(lesson, tmp_path / "room") as prover:
        result = sort_mutants(prover, exercise.id)
    assert result.caught
    assert not "\n".join(str(finding) for finding in result.findings(lesson.name))


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_found() -> None:
    result = Sorted("L07-x", caught=("a",), explained=("b",), survived=("c",), stale=("d",))
    assert result.total == 3
    assert [(finding.where, finding.observed) for finding in result.findings("L07")] == [
        ("c", "full marks"),
        ("d", "it is caught, or not derived"),
    ]
