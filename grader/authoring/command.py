"""`grader lesson new|lint|prove|mutate` and `grader lesson source text|pack|outputs`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from course.manifest import Course, Lesson
    from grader.authoring.finding import Finding
    from grader.authoring.prove.attempt import Prover

app = typer.Typer(help="For authors: write, check and prove lessons.", no_args_is_help=True)
source = typer.Typer(help="A lesson's notebook as plain text and back, and its stored outputs.", no_args_is_help=True)
app.add_typer(source, name="source")

LessonName = Annotated[str, typer.Argument(help="A lesson's id or folder name.")]
LessonIds = Annotated[list[str] | None, typer.Argument(help="Lesson ids, such as L01; all lessons by default.")]
Names = Annotated[list[str] | None, typer.Argument(help="Lesson or exercise ids; all lessons by default.")]


@app.command()
def new(name: Annotated[str, typer.Argument(help="The folder's name, such as L02-images.")]) -> None:
    """Write a new lesson that already follows every rule of `grader lesson lint`."""
    from course import manifest
    from grader.authoring.source.new import new_lesson

    folder = new_lesson(manifest.load(), name)
    typer.echo(f"✓ wrote {folder}\nnext: add “{name}” to the lessons in course.toml, then run grader lesson lint")


@app.command()
def lint(lessons: LessonIds = None) -> None:
    """Check lessons against the rules that need no engine. Exits with code 1 if one is broken."""
    from course import manifest
    from grader.authoring.lint import lint_course, lint_lesson

    course = manifest.load()
    if lessons:
        found = [finding for id_ in lessons for finding in lint_lesson(course, course.lesson(id_))]
    else:
        found = lint_course(course)
    _report(found)
    if found:
        typer.echo(f"{len(found)} to fix")
        raise typer.Exit(1)
    typer.echo("✓ every rule holds; run the proofs on an engine with: grader lesson prove")


@app.command()
def prove(names: Names = None) -> None:
    """Run the untouched starter, the reference solution and every answer of each exercise on the engine.

    Exits with code 1 if one of them isn't graded as its author meant.
    """
    from course import manifest
    from grader.authoring.prove.lesson import prove as proofs

    course, failed = manifest.load(), 0
    for lesson in course.lessons:
        with _Provers(lesson) as provers:
            for exercise in lesson.exercises:
                if not _is_chosen(lesson, exercise.id, names):
                    continue
                found = list(proofs(provers.open(), exercise))
                typer.echo(f"{'✗' if found else '✓'} {exercise.id}")
                _report(found)
                failed += len(found)
    if failed:
        raise typer.Exit(1)


@app.command()
def mutate(
    names: Names = None,
    show: Annotated[bool, typer.Option("--list", help="List the mutants and run none.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run those with a recorded result too.")] = False,
) -> None:
    """Run faulty variants of each reference solution. Exits with code 1 if one gets full marks for no stated reason.

    The results are kept beside the answers (mutants.json); only mutants that changed since then run.
    """
    from course import manifest, notebooks
    from grader.authoring.mutate.mutants import mutants
    from grader.authoring.mutate.trial import sort_mutants

    course, failed = manifest.load(), 0
    for lesson in course.lessons:
        chosen = [exercise.id for exercise in lesson.exercises if _is_chosen(lesson, exercise.id, names)]
        if show:
            for exercise in chosen:
                for mutant in mutants(notebooks.read(lesson.notebook).exercise(exercise)):
                    typer.echo(mutant.name)
            continue
        with _Provers(lesson) as provers:
            for exercise in chosen:
                result = sort_mutants(provers.open, lesson, exercise, _tell, again=again)
                typer.echo(
                    f"{exercise}: {result.total} mutants, {len(result.caught)} caught, "
                    f"{len(result.explained)} explained, {len(result.survived)} survived"
                )
                found = result.findings(lesson.name)
                _report(found)
                failed += len(found)
    if failed:
        raise typer.Exit(1)


@source.command()
def text(lesson: LessonName) -> None:
    """Print a lesson's notebook as text, one block for each cell."""
    from course import manifest, notebooks
    from grader.authoring.source.text import to_text

    folder = _folder(manifest.notebooks_dir(), lesson)
    typer.echo(to_text(notebooks.read(folder / f"{folder.name}.ipynb").cells), nl=False)


@source.command()
def pack(
    lesson: LessonName,
    file: Annotated[
        Path, typer.Argument(help="The edited text that `grader lesson source text` printed.", exists=True)
    ],
) -> None:
    """Write a lesson's notebook from text; cell ids, tags and nbgrader metadata come from each cell's first line."""
    import nbformat

    from course import manifest
    from grader.authoring.source.stored import carried_over
    from grader.authoring.source.text import from_text

    folder = _folder(manifest.notebooks_dir(), lesson)
    path = folder / f"{folder.name}.ipynb"
    packed = from_text(file.read_text("utf-8"))
    if path.exists():
        carried_over(nbformat.read(path, as_version=nbformat.NO_CONVERT), packed)
    nbformat.write(packed, path)
    typer.echo(f"✓ wrote {folder.name}.ipynb; next: grader lesson lint {folder.name[:3]}")


@source.command()
def outputs(
    lessons: LessonIds = None,
    engine: Annotated[
        list[str] | None, typer.Option(help="An engine to run on, as unix:///PATH; may be repeated.")
    ] = None,
) -> None:
    """Run lessons and store the outputs that are the same in every run, for nbval to compare."""
    from course import manifest
    from grader.authoring.source.outputs import keep_outputs
    from grader.authoring.source.stored import FEWEST

    for lesson in _lessons(manifest.load(), lessons):
        kept = keep_outputs(lesson, engine or ())
        mark = "✓" if len(kept) >= FEWEST else "✗"
        typer.echo(f"{mark} {lesson.name}: {len(kept)} outputs kept: {', '.join(kept)}")


class _Provers:
    """Opens a lesson's prover when something first has to run, and closes it with the block."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson, self._stack = lesson, ExitStack()
        self._prover: Prover | None = None

    def __enter__(self) -> _Provers:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def open(self) -> Prover:
        from grader.authoring.prove.attempt import Prover

        if self._prover is None:
            room = self._stack.enter_context(TemporaryDirectory())
            self._prover = self._stack.enter_context(Prover(self._lesson, Path(room)))
        return self._prover


def _is_chosen(lesson: Lesson, exercise_id: str, names: list[str] | None) -> bool:
    return not names or bool({lesson.id, lesson.name, exercise_id} & set(names))


def _lessons(course: Course, ids: list[str] | None) -> Iterable[Lesson]:
    return [course.lesson(id_) for id_ in ids] if ids else course.lessons


def _folder(root: Path, lesson: str) -> Path:
    """A lesson's folder, even if course.toml doesn't list it yet."""
    for path in sorted(root.glob(f"{lesson.split('-')[0]}-*")):
        return path
    raise typer.BadParameter(f"no folder {lesson} in {root.name}; grader lesson new writes one")


def _report(found: Iterable[Finding]) -> None:
    for finding in found:
        typer.echo(
            f"✗ {finding.lesson} {finding.where}\n  expected: {finding.expected}\n  found:    {finding.observed}\n"
            f"  fix:      {finding.fix}"
        )


def _tell(name: str, full: bool) -> None:
    typer.echo(f"  {'! full marks' if full else '✓ caught'}  {name}")
