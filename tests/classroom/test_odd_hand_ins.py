"""Whatever is odd about a hand-in, it is one row: graded, or with a sentence about what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_class import MadeClass
from odd_ways import WAYS, Odd
from small_course import LESSON

from grader.classroom.class_run import ClassRun
from grader.classroom.errors import NoNotebook
from grader.classroom.keeping import Keeping
from grader.classroom.submission import Source
from grader.examine.folder import NotAFolder


@pytest.mark.parametrize("odd", WAYS, ids=[odd.name for odd in WAYS])
def test_an_odd_hand_in_is_read_or_refused_in_words(made_once: MadeClass, tmp_path: Path, odd: Odd) -> None:
    made = made_once.copy(tmp_path)
    folder = made.hands_in("ada")
    odd.deed(folder, folder / f"{LESSON}.ipynb")
    source = Source(made.workspace, LESSON)
    try:
        taken, skipped = source.read(made.submission("ada"))
    except (NotAFolder, NoNotebook) as error:
        assert not odd.is_graded and odd.says.format(f"{LESSON}.ipynb") in f"{error.observed}; {error.try_next}"
        return
    assert odd.is_graded and f"{LESSON}.ipynb" in taken.files
    said = "; ".join([*taken.notes, *(f"Left out of the folder: {line}" for line in skipped)])
    assert odd.notes.format(f"{LESSON}.ipynb") in said and (said == "" or odd.notes)
    assert not any(b"root:" in content for content in taken.files.values()), "nothing of /etc"
    assert source.job(made.submission("ada")).submitted == taken.files


def test_a_class_of_odd_ones_is_planned_with_one_outcome_each(made_once: MadeClass, tmp_path: Path) -> None:
    made = made_once.copy(tmp_path)
    for number, odd in enumerate(WAYS):
        folder = made.hands_in(f"odd{number:02}")
        odd.deed(folder, folder / f"{LESSON}.ipynb")
    run = ClassRun(made.workspace, made.steps, LESSON, Keeping(made.workspace))
    todo = run.plan(made.steps.submissions(LESSON))
    refused = {one.student: why for one, why in todo.refused}
    assert set(refused) == {f"odd{number:02}" for number, odd in enumerate(WAYS) if not odd.is_graded}
    assert all(LESSON in why and "\n" not in why for why in refused.values())
    assert len(todo.examine) == len(WAYS) - len(refused) + len(made.students)
