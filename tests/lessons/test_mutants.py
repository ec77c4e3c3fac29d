"""Faults are derived from each reference solution, and an exercise catches them or says why it need not."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import nbformat
import pytest

from course import manifest, notebooks
from course.manifest import Course, Exercise, Lesson
from grader.authoring.mutate.dockerfile_faults import dockerfile_faults, is_dockerfile
from grader.authoring.mutate.mutants import mutants
from grader.authoring.mutate.python_faults import python_faults
from grader.authoring.mutate.record import SAMPLE, Judged, derived, due_today, read, standing, write
from grader.authoring.mutate.trial import Sorted, gets_full_marks, sort_mutants, sort_record
from grader.authoring.prove.attempt import Prover
from grader.authoring.source.text import from_text, to_text

COURSE = manifest.load()
EVERY = list(COURSE.exercises())
MUTANTS = [
    (exercise.id, name)
    for lesson, exercise in EVERY
    for name in derived(lesson, notebooks.read(lesson.notebook), exercise.id)
]
ALL = os.environ.get("SLIPWAY_MUTANTS") == "all" or "SLIPWAY_EVERYTHING" in os.environ
# The results of all mutants are on record; a sample of each day holds the record against the engine.
DUE = MUTANTS if ALL else due_today(MUTANTS, datetime.now(UTC).toordinal())
SAMPLES = {id_: [name for _, name in group] for id_, group in groupby(sorted(DUE), key=lambda pair: pair[0])}

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


by_exercise = pytest.mark.parametrize(("lesson", "exercise"), EVERY, ids=[exercise.id for _, exercise in EVERY])


@by_exercise
def test_every_exercise_gives_mutants_that_differ_from_its_reference(lesson: Lesson, exercise: Exercise) -> None:
    cells = notebooks.read(lesson.notebook).exercise(exercise.id)
    found = list(mutants(cells))
    reference = {cell.id: cell.source for cell in cells.of("starter")}
    assert len(found) >= 3
    assert len({mutant.name for mutant in found}) == len(found)
    assert all(reference[id_] != text for mutant in found for id_, text in mutant.sources.items())


@pytest.mark.parametrize(("lesson", "exercise"), EVERY, ids=[exercise.id for _, exercise in EVERY])
def test_every_mutant_is_on_record_as_it_is_now_and_none_survives_without_a_reason(
    lesson: Lesson, exercise: Exercise
) -> None:
    wanted = derived(lesson, notebooks.read(lesson.notebook), exercise.id)
    record = read(lesson, exercise.id)
    missing = wanted.keys() - standing(record, wanted).keys()
    assert not missing, f"run `grader lesson mutate {exercise.id}` and commit its mutants.json: {sorted(missing)}"
    assert record.keys() == wanted.keys(), f"run `grader lesson mutate {exercise.id}`: some are no longer derived"
    result = sort_record(lesson, exercise.id, record)
    assert result.caught
    assert not "\n".join(str(finding) for finding in result.findings(lesson.name))


@pytest.mark.parametrize("exercise_id", SAMPLES)
def test_a_mutant_gets_the_marks_that_are_on_record(
    exercise_id: str, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    lesson = COURSE.lesson(exercise_id)
    wanted, record = derived(lesson, notebooks.read(lesson.notebook), exercise_id), read(lesson, exercise_id)
    with Prover(lesson, tmp_path / "room") as prover:
        found = {name: gets_full_marks(prover, wanted[name][0]) for name in SAMPLES[exercise_id]}
    assert found == {name: record[name].full_marks for name in SAMPLES[exercise_id]}


def test_the_samples_of_all_days_are_the_whole_course() -> None:
    some = [("L07-x", str(number)) for number in range(3 * SAMPLE - 1)]
    assert {one for day in range(3) for one in due_today(some, day)} == set(some)
    assert due_today(some[:2], 7) == [some[0], some[1]] or due_today(some[:2], 7) == [some[1], some[0]]


def test_only_what_changed_is_run_again(fresh: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = fresh.lessons[0]

    def due() -> set[str]:
        wanted = derived(lesson, notebooks.read(lesson.notebook), "L07-hello")
        return wanted.keys() - standing(read(lesson, "L07-hello"), wanted).keys()

    def change(old: str, new: str) -> None:
        text = to_text(notebooks.read(lesson.notebook).cells)
        assert old in text
        nbformat.write(from_text(text.replace(old, new)), lesson.notebook)

    every = due()
    wanted = derived(lesson, notebooks.read(lesson.notebook), "L07-hello")
    write(lesson, "L07-hello", {name: Judged(digest, False) for name, (_, digest) in wanted.items()})
    assert every and not due()
    change("## The story", "## Another story")
    change("import docker\n", "import docker\nimport json\n")
    assert not due(), "neither prose nor an import of the set-up cell changes a verdict"
    change("hello.exists()", "hello.exists(), hello.exists()")
    assert due() == every, "the checks do"
    (lesson.folder / "data.txt").write_text("one")
    change("hello.exists(), hello.exists()", "hello.exists()")
    assert due() == every, "a file of the lesson does"


def test_mutants_on_record_need_no_engine(fresh: Course) -> None:
    lesson = fresh.lessons[0]
    wanted = derived(lesson, notebooks.read(lesson.notebook), "L07-hello")
    write(lesson, "L07-hello", {name: Judged(digest, False) for name, (_, digest) in wanted.items()})

    def never() -> Prover:
        raise AssertionError("nothing is due")

    assert sort_mutants(never, lesson, "L07-hello").total == len(wanted)


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_found() -> None:
    result = Sorted("L07-x", caught=("a",), explained=("b",), survived=("c",), stale=("d",))
    assert result.total == 3
    assert [(finding.where, finding.observed) for finding in result.findings("L07")] == [
        ("c", "full marks"),
        ("d", "it is caught, or not derived"),
    ]
