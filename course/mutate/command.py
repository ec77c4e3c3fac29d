"""`course mutate [LESSON …]`: derive faults from each reference solution, and report those that get full marks."""

from __future__ import annotations

from typing import Annotated

import typer


def mutate(
    names: Annotated[list[str] | None, typer.Argument(help="Lesson or exercise ids; none means all.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the mutants and run nothing.")] = False,
) -> None:
    """Run faulty variants of each reference solution; exit code 1 when one gets full marks and has no reason."""
    import tempfile
    from pathlib import Path

    from course import manifest, notebooks
    from course.mutate.mutants import mutants
    from course.mutate.trial import sort_mutants
    from course.proof.attempt import Prover

    course, failed = manifest.load(), 0
    for lesson in course.lessons:
        chosen = [e.id for e in lesson.exercises if not names or {lesson.id, lesson.name, e.id} & set(names)]
        if show:
            for exercise in chosen:
                for mutant in mutants(notebooks.read(lesson.notebook).exercise(exercise)):
                    typer.echo(mutant.name)
        elif chosen:
            with tempfile.TemporaryDirectory() as room, Prover(lesson, Path(room)) as prover:
                for exercise in chosen:
                    result = sort_mutants(prover, exercise, _tell)
                    typer.echo(
                        f"{exercise}: {result.total} mutants, {len(result.caught)} caught, "
                        f"{len(result.explained)} explained, {len(result.survived)} survived"
                    )
                    for finding in result.findings(lesson.name):
                        failed += 1
                        typer.echo(f"✗ {finding.where}\n  mend: {finding.mend}")
    if failed:
        raise typer.Exit(1)


def _tell(name: str, full: bool) -> None:
    typer.echo(f"  {'! full marks' if full else '✓ caught'}  {name}")
