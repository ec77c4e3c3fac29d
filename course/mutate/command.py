"""`course mutate [LESSON …]`: derive faults from each reference solution, and report those that get full marks."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from course.manifest import Lesson
    from course.proof.attempt import Prover


def mutate(
    names: Annotated[list[str] | None, typer.Argument(help="Lesson or exercise ids; none means all.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the mutants and run nothing.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Run also those whose result is on record.")] = False,
) -> None:
    """Run faulty variants of each reference solution; exit code 1 when one gets full marks and has no reason.

    The results are kept beside the answers (mutants.json), and only what has changed since is run.
    """
    from course import manifest, notebooks
    from course.mutate.mutants import mutants
    from course.mutate.trial import sort_mutants

    course, failed = manifest.load(), 0
    for lesson in course.lessons:
        chosen = [e.id for e in lesson.exercises if not names or {lesson.id, lesson.name, e.id} & set(names)]
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
                for finding in result.findings(lesson.name):
                    failed += 1
                    typer.echo(f"✗ {finding.where}\n  mend: {finding.mend}")
    if failed:
        raise typer.Exit(1)


class _Provers:
    """Opens the prover of a lesson when the first mutant needs it, and ends it with the block."""

    def __init__(self, lesson: Lesson) -> None:
        self._lesson, self._stack = lesson, ExitStack()
        self._prover: Prover | None = None

    def __enter__(self) -> _Provers:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def open(self) -> Prover:
        from course.proof.attempt import Prover

        if self._prover is None:
            room = self._stack.enter_context(TemporaryDirectory())
            self._prover = self._stack.enter_context(Prover(self._lesson, Path(room)))
        return self._prover


def _tell(name: str, full: bool) -> None:
    typer.echo(f"  {'! full marks' if full else '✓ caught'}  {name}")
