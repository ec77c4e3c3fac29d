"""`course lint [LESSON …]`: the invariants of the lessons, each finding with its mend."""

from __future__ import annotations

from typing import Annotated

import typer


def lint(
    lessons: Annotated[list[str] | None, typer.Argument(help="Lesson ids, such as L01; none means all.")] = None,
) -> None:
    """Check every lesson against the rules that need no engine; exit code 1 when one does not hold."""
    from course import manifest
    from course.lint import lint_course, lint_lesson

    course = manifest.load()
    if lessons:
        found = [finding for id_ in lessons for finding in lint_lesson(course, course.lesson(id_))]
    else:
        found = lint_course(course)
    for finding in found:
        typer.echo(
            f"✗ {finding.lesson} {finding.where}\n  expected: {finding.expected}\n  found:    {finding.observed}"
        )
        typer.echo(f"  mend:     {finding.mend}")
    if found:
        typer.echo(f"{len(found)} to mend; the proofs on an engine run with: pytest tests/lessons")
        raise typer.Exit(1)
    typer.echo("✓ every rule holds; the proofs on an engine run with: pytest tests/lessons")
