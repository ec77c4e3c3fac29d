"""Rules for the cells, hints and answers of an exercise that need no engine."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from course.manifest import Exercise, Lesson
from course.notebooks import Cell, ExerciseCells, LessonNotebook
from grader.authoring.answers import FEWEST_WRONG, PROVEN_FILE, AnswerError, read_answers
from grader.authoring.finding import Finding
from grader.authoring.lint.names import imported

FEWEST_HINTS = 3
CHECK_LINES = range(2, 6)
TELLING = 16
"""A line of a solution from so many characters on gives the answer away when a hint holds it."""

_SOLUTION = re.compile(r"^[^\n]*BEGIN SOLUTION[^\n]*\n(.*?)^[^\n]*END SOLUTION", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(r"(?:#[^\n]*\n)?^### BEGIN HIDDEN TESTS\n(.*)^### END HIDDEN TESTS\s*\Z", re.MULTILINE | re.DOTALL)


def exercises(lesson: Lesson, notebook: LessonNotebook) -> Iterator[Finding]:
    """The findings about all exercises of one lesson."""
    in_notebook = [cells.id for cells in notebook.exercises()]
    declared = [exercise.id for exercise in lesson.exercises]
    if in_notebook != declared:
        yield Finding(
            lesson.name, "lesson.toml", f"the exercises of the notebook, in order: {in_notebook}", f"{declared}",
            "name them alike; the goal cell's id is the exercise id with -goal",
        )  # fmt: skip
    for cells in notebook.exercises():
        if cells.id in declared:
            exercise = lesson.exercise(cells.id)
            yield from _cells(lesson, exercise, cells)
            yield from _hints(lesson, exercise, cells)
            yield from _answers(lesson, cells)
    yield from _orphans(lesson, declared)


def solution_lines(cells: ExerciseCells) -> list[str]:
    """The lines inside the solution regions of an exercise, without indentation and empty lines."""
    regions = [region for cell in cells.of("starter") for region in _SOLUTION.findall(cell.source)]
    return [line.strip() for region in regions for line in region.splitlines() if line.strip()]


def without_solutions(source: str) -> str:
    """A cell as a learner sees it."""
    return _SOLUTION.sub("", source)


def _cells(lesson: Lesson, exercise: Exercise, cells: ExerciseCells) -> Iterator[Finding]:
    for role in ("starter", "check", "hidden"):
        if not cells.of(role) or (role != "starter" and len(cells.of(role)) != 1):
            yield Finding(
                lesson.name, exercise.id, f"one {role} cell", str(len(cells.of(role))), "see notebooks/README.md"
            )
    if cells.points != exercise.points:
        yield Finding(
            lesson.name, exercise.id, f"{exercise.points:g} points in its graded cells", f"{cells.points:g}",
            "make lesson.toml and the nbgrader metadata agree",
        )  # fmt: skip
    yield from _goal(lesson, cells.cells[0])
    for cell in cells.code:
        yield from _nbgrader(lesson, cells.id, cell)
        if cell.role == "starter":
            yield from _starter(lesson, cell)
        elif cell.role in ("check", "hidden"):
            yield from _check(lesson, cell)


def _goal(lesson: Lesson, cell: Cell) -> Iterator[Finding]:
    exercise_id = cell.id.removesuffix("-goal")
    wanted = {
        "what counts as done, as bullets": bool(re.search(r"^- ", cell.source, re.MULTILINE)),
        "the minutes": "minutes" in cell.source,
        f"where hints are: %hint {exercise_id}": f"%hint {exercise_id}" in cell.source,
    }
    for what, there in wanted.items():
        if not there:
            yield Finding(lesson.name, cell.id, what, "it is not there", "add it to the goal cell")


def _nbgrader(lesson: Lesson, exercise_id: str, cell: Cell) -> Iterator[Finding]:
    graded = cell.role in ("check", "hidden")
    wanted_id = f"{exercise_id}-{cell.role}" if graded else cell.id
    flags = {
        "starter": {"grade": False, "solution": True, "locked": False, "task": False},
        "given": {},
    }.get(str(cell.role), {"grade": True, "solution": False, "locked": True, "task": False})
    observed = {key: cell.nbgrader.get(key) for key in flags}
    if observed != flags or (flags and cell.nbgrader.get("grade_id") != cell.id):
        yield Finding(
            lesson.name, cell.id, f"nbgrader metadata {flags} and its id as grade_id", f"{cell.nbgrader}",
            "set the cell's type in JupyterLab's nbgrader panel",
        )  # fmt: skip
    if cell.id != wanted_id or not cell.id.startswith(exercise_id):
        yield Finding(lesson.name, cell.id, f"the id {wanted_id}", cell.id, "rename the cell")
    if graded and cell.points <= 0:
        yield Finding(lesson.name, cell.id, "points above 0", f"{cell.points:g}", "give it points")


def _starter(lesson: Lesson, cell: Cell) -> Iterator[Finding]:
    begins, ends = cell.source.count("### BEGIN SOLUTION"), cell.source.count("### END SOLUTION")
    if not begins == ends == 1:
        yield Finding(
            lesson.name, cell.id, "one solution region", f"{begins} begin, {ends} end",
            "enclose the answer in ### BEGIN SOLUTION and ### END SOLUTION",
        )  # fmt: skip
    if cell.source.split("### BEGIN SOLUTION")[0].count("# TODO") != 1:
        yield Finding(
            lesson.name, cell.id, "one # TODO line before the solution region", "none, or several",
            "say in one line what is to be done",
        )  # fmt: skip


def _check(lesson: Lesson, cell: Cell) -> Iterator[Finding]:
    hidden = _HIDDEN.fullmatch(cell.source)
    if cell.role == "hidden" and hidden is None:
        yield Finding(
            lesson.name, cell.id, "nothing outside ### BEGIN HIDDEN TESTS and ### END HIDDEN TESTS",
            cell.source.splitlines()[0] if cell.source else "an empty cell", "move all lines inside",
        )  # fmt: skip
    if cell.role == "check" and "HIDDEN TESTS" in cell.source:
        yield Finding(
            lesson.name, cell.id, "no hidden test in the visible cell", "a region", "move it to the hidden cell"
        )
    body = hidden[1] if hidden else cell.source
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) not in CHECK_LINES:
        yield Finding(
            lesson.name, cell.id, "a check of two to five lines", str(len(lines)), "use a check that says more"
        )
    if strangers := sorted(_free_names(body)):
        yield Finding(
            lesson.name, cell.id, "a check that uses only what it imports from grader", ", ".join(strangers),
            'read a learner\'s value with checks.submission()["name"]',
        )  # fmt: skip
    if not _ends_in_grade(body):
        yield Finding(
            lesson.name, cell.id, "grade() as the last line", lines[-1] if lines else "an empty cell",
            "nbgrader reads the points from the value of the last line: a line behind it would give all points",
        )  # fmt: skip
    if f'"{cell.id.removesuffix("-check")}"' not in body or f"points={cell.points:g}" not in body:
        yield Finding(
            lesson.name, cell.id, f'grade("{cell.id.removesuffix("-check")}", …, points={cell.points:g})', body.strip(),
            "use the exercise id (with -hidden in the hidden cell) and the points of the cell's metadata",
        )  # fmt: skip


def _ends_in_grade(source: str) -> bool:
    """Whether the value of a cell is that of a call of grade()."""
    try:
        last = ast.parse(source).body[-1:]
    except SyntaxError:
        return True  # that is a finding of its own
    return any(
        isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and ast.unparse(one.value.func).endswith("grade")
        for one in last
    ) and not source.rstrip().endswith(";")


def _free_names(source: str) -> set[str]:
    """The names that a cell uses and neither imports nor assigns."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return {f"a syntax error: {error.msg}"}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)} | imported(tree)
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | set(dir(builtins))
    return {node.id for node in names if isinstance(node.ctx, ast.Load)} - bound


def _hints(lesson: Lesson, exercise: Exercise, cells: ExerciseCells) -> Iterator[Finding]:
    if len(exercise.hints) < FEWEST_HINTS:
        yield Finding(
            lesson.name, exercise.id, f"at least {FEWEST_HINTS} hints", str(len(exercise.hints)),
            "say where to look, which idea, the shape of the answer",
        )  # fmt: skip
    if not exercise.state_hints:
        yield Finding(
            lesson.name, exercise.id, "at least one state hint", "none", "add [[exercises.state_hints]] to lesson.toml"
        )
    for hint in exercise.state_hints:
        if (hint.container is None) == (hint.image is None):
            yield Finding(
                lesson.name, exercise.id, "a container or an image in each state hint", hint.text, "name one of them"
            )
    telling = [_squeezed(line) for line in solution_lines(cells) if len(_squeezed(line)) >= TELLING]
    for text in (*exercise.hints, *(hint.text for hint in exercise.state_hints)):
        if any(line in _squeezed(text) for line in telling):
            yield Finding(
                lesson.name,
                exercise.id,
                "hints without the solving command",
                text,
                "give the shape, with … in it",
            )


def _squeezed(text: str) -> str:
    return re.sub(r"[\s'\"]+", "", text)


def _answers(lesson: Lesson, cells: ExerciseCells) -> Iterator[Finding]:
    try:
        answers = read_answers(lesson, cells)
    except (AnswerError, OSError) as error:
        observed = error.observed if isinstance(error, AnswerError) else str(error)
        yield Finding(lesson.name, f"answers/{cells.id}", "readable answers", observed, "see notebooks/README.md")
        return
    wrong = [answer for answer in answers if not answer.is_right]
    if len(wrong) < FEWEST_WRONG:
        yield Finding(
            lesson.name, f"answers/{cells.id}", f"at least {FEWEST_WRONG} wrong answers", str(len(wrong)),
            "add mistakes that learners make",
        )  # fmt: skip
    if len(wrong) == len(answers):
        yield Finding(
            lesson.name,
            f"answers/{cells.id}",
            "a right answer other than the reference",
            "none",
            "solve it differently",
        )
    for answer in answers:
        lacks = [key for key in (("why",) if answer.is_right else ("mistake", "fails")) if not getattr(answer, key)]
        if lacks or not answer.sources:
            yield Finding(
                lesson.name, f"answers/{cells.id}/{answer.name}", "a change, and words about it in answers.toml",
                f"no {', '.join(lacks) or 'change of a starter cell'}", "add it",
            )  # fmt: skip


def _orphans(lesson: Lesson, declared: list[str]) -> Iterator[Finding]:
    folder = lesson.folder / "answers"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in (*declared, PROVEN_FILE):
            yield Finding(
                lesson.name, f"answers/{path.name}", "an exercise with this id", "none", "rename or remove the folder"
            )
