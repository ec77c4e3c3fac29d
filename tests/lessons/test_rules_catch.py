# ruff: noqa: E501 (in the tables below, one fault stands on one line)
"""Every rule catches the fault that it is for: a sound lesson, broken in one place, gives the finding that says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from course import manifest, notebooks
from course.manifest import Course
from grader.authoring.lint import lint_course
from grader.authoring.lint.words import grade, syllables
from grader.authoring.source.stored import COMPARED
from grader.authoring.source.text import from_text, to_text

LONG = "word " * 1300
HARD = "Notwithstanding institutional considerations, containerisation necessitates reconceptualisation. "

NOTEBOOK_FAULTS = {
    "second H1": ("## The story", "# The story", "one H1"),
    "heading level skipped": ("## The story", "#### The story", "level"),
    "unknown order": ("%%% recap", "%%% story", "role story"),
    "role out of order": ("%%% lead L07-lead-first", "%%% title L07-lead-first", "role title"),
    "id of another lesson": ("%%% run L07-run-first", "%%% run L06-run-first", "readable cell id"),
    "id twice": ("%%% change L07-change-first", "%%% change L07-run-first", "every cell id once"),
    "picture without words": ("## The story", "## The story\n\n![](ship.png)", "alternative text"),
    "html picture without words": ("## The story", '## The story\n\n<img src="a.png">', "alternative text"),
    "host path": ('word = "hello"', 'word = "/home/mara/shop.py"', "absolute path"),
    "story too long": ("Tell here", "word " * 130, "at most 120 words"),
    "lesson too long": ("Write two sentences", LONG, "at most 1200 words"),
    "too many cells": ("%%% recap", "".join(f"%%% lead L07-x{i}\nText.\n" for i in range(36)) + "%%% recap", "at most 35 cells"),
    "contraction": ("Say in one", "Don't say in one", None),
    "words of a translation": ("Say in one", "Say anew in one", "English of a technical writer"),
    "possessive is no contraction": ("Say in one", "Say the shop's name in one", None),
    "belittling": ("Say in one", "Simply say in one", "how easy"),
    "hard prose": ("Write two sentences", HARD * 40, "Flesch-Kincaid"),
    "objective not in the title": ("- start a container and read its output", "- start something", "the objective"),
    "question without a mark": ("1. What prints the word hello?", "1. What prints.", "two questions"),
    "no predict cell": ('predict("L07-first")', "pass", 'predict("L07-first")'),
    "no explain cell": ('explain("L07-first")', "pass", 'explain("L07-first")'),
    "box without ids": (" misconceptions=", " tags=", "misconception box"),
    "goal without bullets": ("- there is a container with the name `hello` (`name=` in Python, `--name` in a terminal);\n- its log holds the word `hello`;\n- it", "It", "bullets"),
    "goal without hint": ("%hint L07-hello", "a hint", "where hints are"),
    "no solution region": ("### BEGIN SOLUTION\n", "", "one solution region"),
    "no TODO": ("# TODO:", "# Now", "one # TODO"),
    "points disagree": ("L07-hello-check points=2", "L07-hello-check points=3", "3 points in its graded cells"),
    "grade call with other points": ("points=2)", "points=1)", "points=2"),
    "check uses a learner's variable": ("hello.exists()", "output.exists()", "uses only what it imports"),
    "check takes the name of a learner's variable": ("hello = checks", "word = checks.submission()\nhello = checks", "names of its own in a graded cell"),
    "name of a comprehension in a check": ("hello = checks", "[word for word in 'ab']\nhello = checks", None),
    "check takes the name of a learner's import": ("hello = checks", "reset = hello = checks", "names of its own in a graded cell"),
    "check imports what a learner imports": ("hello = checks", "import docker\nhello = checks", None),
    "grade call not last": ("points=2)", "points=2)\nprint('done')", "grade() as the last line"),
    "check too long": ("hello = checks", "a = 1\nb = 2\nc = 3\nhello = checks", "two to five lines"),
    "hidden test outside": ("### BEGIN HIDDEN TESTS\n", "x = 1\n### BEGIN HIDDEN TESTS\n", "nothing outside"),
    "hidden test in the visible cell": ("hello = checks", "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\nhello = checks", "no hidden test"),
    "solution outside its region": ("# TODO:", 'client.containers.run("course/busybox", ["echo", "hello"], name="hello")\n# TODO:', "without solutions"),
    "program that no base has": ('["echo", "hello"], remove', '["bash", "-c", "true"], remove', "the contract of the bases"),
    "program in a shell's text": ('["echo", "hello"], remove', '["sh", "-c", "cd /tmp && curl x | wc"], remove', "curl"),
    "program by its name": ('print(client', 'ask = ["jq", "."]\nbox.exec_run(ask)\nprint(client', "jq"),
    "program of a Dockerfile": ('print(client', 'recipe = """\nRUN pip install x\n"""\nprint(client', "pip"),
    "programs of the contract": ('["echo", "hello"], remove', '["sh", "-c", "A=1; if [ -e /x ]; then wc -l > /tmp/a; fi"], remove', None),
    "user that no base has": ('["echo", "hello"], remove', '["echo", "hello"], user="www", remove', "a user out of"),
    "loop without an end": ('print(client', 'while box.status != "exited":\n    box.reload()\nprint(client', "a loop that ends"),
    "events without an end": ('print(client', 'for event in client.events():\n    pass\nprint(client', "a loop that ends"),
    "loop with an end": ('print(client', 'for _ in range(100):\n    box.reload()\nprint(client', None),
    "visible check with the answer": ("hello.exists()", 'checks.submission()["word"].equals("ahoy")', "a visible check without an answer"),
    "no terminal work": ("### In a terminal", "### At home", "docker commands"),
    "too few commands": ("docker logs said\n", "", "three to six docker commands"),
    "option that nothing shows": ('["echo", "hello"], name="hello")\n### END', '["echo", "hello"], name="hello", hostname="h")\n### END', "hostname= in a cell or an example"),
    "call that nothing shows": ('name="hello")\n### END', 'name="hello").rename("x")\n### END', "rename in a cell or an example"),
    "instruction that nothing shows": ('client.containers.run("course/busybox", ["echo", "hello"], name="hello")\n### END', 'recipe = """\nSTOPSIGNAL SIGINT\n"""\n### END', "STOPSIGNAL in a cell or an example"),
    "no clean-up": ("%%% cleanup L07-cleanup\nreset()\n", "", "role cleanup"),
}  # fmt: skip

FILE_FAULTS = {
    "minutes": ("lesson.toml", "minutes = 30", "minutes = 90", "20 to 40 minutes"),
    "vague verb": ("lesson.toml", '"choose the image', '"understand the image', "verb that can be observed"),
    "objective without exercise": ("lesson.toml", 'met_by = ["L07-hello"]', "met_by = []", "observes"),
    "two hints": ("lesson.toml", '  "A container runs one command and ends with it.",\n', "", "at least 3 hints"),
    "hint that tells": ("lesson.toml", "The shape is client.containers.run(IMAGE, COMMAND, name=NAME).", "client.containers.run('course/busybox', ['echo', 'hello'], name='hello')", "without the solving command"),
    "state hint about nothing": ("lesson.toml", 'container = "hello"\nstatus = "absent"', 'status = "absent"', "a container or an image"),
    "exercise unknown to the notebook": ("lesson.toml", 'id = "L07-hello"', 'id = "L07-bye"', "exercises of the notebook"),
    "option without misconception": ("questions.toml", '", misconception = "M1" },\n  { text = "another', '" },\n  { text = "another', "known misconception"),
    "two right options": ("questions.toml", 'misconception = "M1"', "right = true", "exactly one right"),
    "unknown misconception": ("questions.toml", '"M1"', '"M99"', "known misconception"),
    "needs a later lesson": ("lesson.toml", "needs = []", 'needs = ["L09"]', "earlier lessons"),
    "wrong answer without message": ("answers/L07-hello/answers.toml", 'fails = "container.absent"', "", "words about it"),
    "words of a translation in a hint": ("lesson.toml", "Look at the cell", "Mend the cell", "English of a technical writer"),
}  # fmt: skip


def broken(course: Course, change: Callable[[Path], None]) -> str:
    lesson = course.lessons[0]
    change(lesson.folder)
    return "\n".join(str(finding) for finding in lint_course(manifest.load(course.root)))


ON_SHOW = {
    "the starter hands the answer out": (
        ("# TODO: run", 'word = parameter("word")\n# TODO: run'),
        ("hello.exists()", 'checks.submission()["said"].equals(parameter("word", lesson="L07"))'),
        "the exercise hands out parameter('word')",
    ),
    "only the solution and the check hold a text": (
        ('"hello"], name="hello")\n### END', '"hello"], name="hello", labels=["quietly"])\n### END'),
        ("hello.exists()", 'hello.label("quietly")'),
        "'quietly', which the solution holds",
    ),
}


@pytest.mark.parametrize(("starter", "check", "says"), ON_SHOW.values(), ids=ON_SHOW.keys())
def test_an_answer_in_plain_sight_is_found(
    fresh: Course, starter: tuple[str, str], check: tuple[str, str], says: str
) -> None:
    def change(folder: Path) -> None:
        path = folder / f"{folder.name}.ipynb"
        text = to_text(notebooks.read(path).cells)
        for old, new in (starter, check):
            assert old in text
            text = text.replace(old, new, 1)
        nbformat.write(from_text(text), path)

    assert says in broken(fresh, change)


@pytest.mark.parametrize(("old", "new", "says"), NOTEBOOK_FAULTS.values(), ids=NOTEBOOK_FAULTS.keys())
def test_a_fault_in_the_notebook_is_found(fresh: Course, old: str, new: str, says: str | None) -> None:
    def change(folder: Path) -> None:
        path = folder / f"{folder.name}.ipynb"
        text = to_text(notebooks.read(path).cells)
        assert old in text
        # nbformat.write would give a new id to a cell whose id is there already
        path.write_text(json.dumps(from_text(text.replace(old, new, 1))), "utf-8")

    found = broken(fresh, change)
    assert says in found if says else not found


@pytest.mark.parametrize(("file", "old", "new", "says"), FILE_FAULTS.values(), ids=FILE_FAULTS.keys())
def test_a_fault_in_a_file_is_found(fresh: Course, file: str, old: str, new: str, says: str) -> None:
    def change(folder: Path) -> None:
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")

    assert says in broken(fresh, change)


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("instructor.md", "complete lesson folder"),
        ("answers/L07-hello/wrong-no-name.py", "only on one side"),
        ("answers", "readable answers"),
        ("L07-a-new-one.ipynb", "a notebook"),
    ],
)
def test_a_missing_file_is_found(fresh: Course, missing: str, says: str) -> None:
    def change(folder: Path) -> None:
        path = folder / missing
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    found = broken(fresh, change)
    assert says in found.replace(" is only on one side", " only on one side")


def test_a_stored_output_and_another_kernel_are_found(fresh: Course) -> None:
    def change(folder: Path) -> None:
        path = folder / f"{folder.name}.ipynb"
        node = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        node.metadata.kernelspec.name = "python3"
        cell = next(cell for cell in node.cells if cell.cell_type == "code")
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="old")]
        nbformat.write(node, path)

    found = broken(fresh, change)
    assert "a stored output where the tag" in found
    assert "the kernel slipway" in found


def test_a_misconception_must_return_two_lessons_later(fresh: Course) -> None:
    for name in ("L08-second", "L09-third"):
        folder = fresh.root / name
        shutil.copytree(fresh.lessons[0].folder, folder)
        questions = folder / "questions.toml"
        questions.write_text(questions.read_text("utf-8").replace('"M1"', '"M2"'), "utf-8")
    listing = fresh.root / "course.toml"
    text = listing.read_text("utf-8").replace('"L07-a-new-one"', '"L07-a-new-one", "L08-second", "L09-third"')
    listing.write_text(text, "utf-8")
    found = [str(f) for f in lint_course(manifest.load(fresh.root)) if f.lesson == "L09-third"]
    assert any("M1, which L07 introduced" in text for text in found)


@pytest.mark.parametrize(("word", "count"), [("shop", 1), ("open", 2), ("image", 2), ("engine", 2), ("people", 2), ("named", 1), ("started", 2)])  # fmt: skip
def test_syllables_are_counted_about_as_spoken(word: str, count: int) -> None:
    assert syllables(word) == count


def test_long_words_and_sentences_need_more_years_of_school_than_short_ones() -> None:
    assert grade(HARD) > 20 > 6 > grade("The shop is open. It sells tea. Mara is glad.")


@pytest.mark.parametrize(
    ("tagged", "text", "count", "says"),
    [
        (True, "hello\n", 1, None),
        (True, "hello\n", None, "an execution count"),
        (False, "hello\n", 1, "a stored output where the tag"),
        (True, "", 1, "a stored output where the tag"),
        (True, "container 0123456789ab\n", 1, "without ids, sizes and times"),
    ],
)
def test_only_an_output_that_is_the_same_everywhere_may_stay(
    fresh: Course, tagged: bool, text: str, count: int | None, says: str | None
) -> None:
    def change(folder: Path) -> None:
        path = folder / f"{folder.name}.ipynb"
        node = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        (cell,) = [cell for cell in node.cells if cell.id == "L07-run-first"]
        cell.metadata.tags += [COMPARED] if tagged else []
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)] if text else []
        cell.execution_count = count
        nbformat.write(node, path)

    found = broken(fresh, change)
    assert says in found if says else not found
