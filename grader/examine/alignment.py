"""Which cells of a submission run, and in which order: the learner's cells unchanged, the instructor's graded cells.

The rules are nbgrader's (0.9.6: `DeduplicateIds`, `OverwriteCells` with `add_missing_cells`, `Autograde`), with two
differences that never change the marks of a notebook as it was released: nothing is taken from the learner's metadata
but the names of cells, and a graded cell never comes before the solution that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.examine.reading import SubmittedCell, read_submitted, repeated
from grader.examine.source import SourceCell, SourceNotebook


@dataclass(frozen=True)
class Step:
    """One cell of the executed notebook.

    Args:
        kind: "code", "markdown" or "raw".
        source: the text that is run or shown.
        known: the instructor's cell of that name; None for a cell that nbgrader does not know.
        exercise: the exercise that it belongs to, by where it stands.
    """

    kind: str
    source: str
    known: SourceCell | None = None
    exercise: str = ""

    @property
    def is_graded(self) -> bool:
        """Whether it runs in the examiner and gives points; every other code cell runs in the submission kernel."""
        return self.known is not None and self.known.is_graded


@dataclass(frozen=True)
class Plan:
    """What is run, in order, and what was odd about the submission."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def align(source: SourceNotebook, submitted: bytes) -> Plan:
    """Lay the learner's notebook beside the instructor's.

    Args:
        source: the instructor's.
        submitted: the learner's file, as it was handed in.

    Raises:
        NotANotebook: it cannot be read at all.
    """
    cells, notes = read_submitted(submitted)
    notes += [f"The cell {_shown(name)} is there more than once: the last one counts." for name in _once(cells)]
    known = {cell.grade_id: cell for cell in source.cells}
    last = {cell.grade_id: index for index, cell in enumerate(cells) if cell.grade_id in known}
    steps = [
        _step(cell, known[cell.grade_id], notes) if last.get(cell.grade_id) == index else Step(cell.kind, cell.source)
        for index, cell in enumerate(cells)
    ]
    strangers = sorted({cell.grade_id for cell in cells if cell.grade_id and cell.grade_id not in known})
    notes += [f"The lesson has no cell {_shown(name)}: it was run as the learner's own." for name in strangers[:20]]
    steps = _with_missing(steps, source, notes)
    steps = _in_order(steps, source, notes)
    return Plan(tuple(_placed(steps)), tuple(notes))


def _once(cells: list[SubmittedCell]) -> list[str]:
    return sorted(set(repeated(cells)))[:20]


def _step(cell: SubmittedCell, known: SourceCell, notes: list[str]) -> Step:
    """The step for a cell of a known name: the instructor's text, unless it is a solution."""
    name = known.grade_id
    if cell.kind != known.kind:
        notes.append(f"The cell {name} was made a {cell.kind} cell: it was taken as the {known.kind} cell that it was.")
    if _differs(cell, known):
        notes.append(f"What nbgrader keeps about the cell {name} was changed: the instructor's values were used.")
    if known.is_solution:
        return Step(known.kind, cell.source, known)
    if cell.source != known.released and cell.source != known.source:
        notes.append(f"The text of the cell {name} was changed: the instructor's was used.")
    return Step(known.kind, known.source, known)


def _differs(cell: SubmittedCell, known: SourceCell) -> bool:
    claimed, true = cell.claims, known.metadata
    if any(bool(claimed.get(flag)) != bool(true.get(flag)) for flag in ("grade", "solution", "locked", "task")):
        return True
    return known.is_graded and claimed.get("points") != true.get("points")


def _with_missing(steps: list[Step], source: SourceNotebook, notes: list[str]) -> list[Step]:
    """Put what is missing back after the last cell before it that is there, as nbgrader does."""
    steps = list(steps)
    before: str | None = None
    for cell in source.cells:
        if _find(steps, cell.grade_id) is None:
            notes.append(
                f"The cell {cell.grade_id} was missing: "
                + ("nothing was handed in for it." if cell.is_solution else "it was put back.")
            )
            if cell.is_solution:  # with the text that was given, so that nothing is run and all is shown
                back = Step(cell.kind if cell.kind != "code" else "raw", cell.released, None, cell.exercise)
                if cell.is_manual:
                    back = Step(cell.kind, cell.released, cell, cell.exercise)
            else:
                back = Step(cell.kind, cell.source, cell)
            at = _find(steps, before) if before is not None else None
            steps.insert(0 if before is None else len(steps) if at is None else at + 1, back)
            if back.known is None:
                continue
        before = cell.grade_id
    return steps


def _in_order(steps: list[Step], source: SourceNotebook, notes: list[str]) -> list[Step]:
    """Move each graded cell that comes before its solution behind it."""
    steps = list(steps)
    solution: str | None = None
    behind: str | None = None  # the solution, or the last graded cell that was moved behind it
    for cell in source.cells:
        if cell.is_solution:
            solution = behind = cell.grade_id
        if not cell.is_graded:
            continue
        here, there, end = (_find(steps, name) for name in (cell.grade_id, solution, behind))
        if here is not None and there is not None and end is not None and here < there:
            steps.insert(end, steps.pop(here))
            behind = cell.grade_id
            notes.append(f"The cell {cell.grade_id} stood before its exercise: it was run after it.")
    present = [step.known.grade_id for step in steps if step.known]
    wanted = [cell.grade_id for cell in source.cells if cell.grade_id in set(present)]
    if present != wanted:
        notes.append("The cells are in another order than in the lesson; they were run in the learner's order.")
    return steps


def _find(steps: list[Step], grade_id: str | None) -> int | None:
    return next((i for i, step in enumerate(steps) if step.known and step.known.grade_id == grade_id), None)


def _placed(steps: list[Step]) -> list[Step]:
    """Each cell of the learner's own belongs to the exercise whose cells come next."""
    placed: list[Step] = []
    exercise = ""
    for step in reversed(steps):
        exercise = step.known.exercise if step.known is not None else step.exercise or exercise
        placed.append(Step(step.kind, step.source, step.known, exercise))
    return placed[::-1]


def _shown(name: str) -> str:
    return repr(name[:80])
