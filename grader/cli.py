"""The `grader` command: what an instructor does with a class."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from course.errors import CourseError
from grader.classroom.errors import NothingSubmitted
from grader.classroom.roster import read_roster
from grader.classroom.workspace import Workspace, open_workspace
from grader.classroom.workspace import init as init_workspace
from grader.examine.command import doctor

if TYPE_CHECKING:  # nbgrader takes a second to load: only the commands that need it do
    from grader.classroom.autograder import Autograder, Graded
    from grader.classroom.steps import Steps, Submission

app = typer.Typer(help="Slipway for instructors: release lessons, grade submissions, hand back.", no_args_is_help=True)
app.command()(doctor)

Lesson = Annotated[str, typer.Argument(help="A lesson's id or folder: L01 or L01-containers.")]
Where = Annotated[Path, typer.Option("--workspace", "-C", help="The instructor's workspace.")]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The workspace to make.")],
    notebooks: Annotated[
        Path | None, typer.Option(help="The folder with course.toml; the course's by default.")
    ] = None,
    course: Annotated[str, typer.Option(help="nbgrader's name of the course.")] = "slipway",
) -> None:
    """Make an instructor's workspace with every lesson in it."""
    workspace = init_workspace(folder, notebooks, course)
    typer.echo(f"✓ {workspace.root}: {', '.join(workspace.lessons())}")
    typer.echo(f"Next: write your learners into {workspace.roster.name}, then `grader release LESSON` in that folder.")
    typer.echo("For the formgrader, start `jupyter lab` in that folder.")


@app.command()
def release(lesson: Lesson, workspace: Where = Path()) -> None:
    """Write the learners' copy of a lesson: without solutions, without hidden tests."""
    opened, steps = _steps(workspace)
    name = opened.lesson(lesson)
    with Console().status(f"releasing {name}"):
        folder = steps.release(name)
    typer.echo(f"✓ {folder}")


@app.command()
def grade(
    lesson: Lesson,
    only: Annotated[list[str] | None, typer.Option(help="Only this learner; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    workspace: Where = Path(),
) -> None:
    """Collect and grade the submissions of a lesson."""
    opened, steps = _steps(workspace)
    name = opened.lesson(lesson)
    steps.collect(name)
    wanted = [one for one in steps.submissions(name) if not only or one.student in only]
    if not wanted:
        raise NothingSubmitted(
            f"submissions of {name} in {opened.root / 'submitted'} or on the exchange",
            "there are none" if not only else f"none of {', '.join(only)}",
            f"put each learner's folder there as submitted/LEARNER/{name}, or let them use `nbgrader submit`",
        )
    graded = _grade_all(_autograder(steps), wanted, quiet=as_json)
    if as_json:
        typer.echo(json.dumps([_as_data(one) for one in graded], indent=2))
    else:
        _show(graded)
    raise typer.Exit(1 if any(one.failure for one in graded) else 0)


@app.command()
def feedback(
    lesson: Lesson,
    only: Annotated[str | None, typer.Option(help="Only this learner.")] = None,
    workspace: Where = Path(),
) -> None:
    """Write the feedback pages of a lesson that has been graded."""
    opened, steps = _steps(workspace)
    with Console().status("writing feedback"):
        pages = steps.feedback(opened.lesson(lesson), only)
    typer.echo(f"✓ {len(pages)} pages in {opened.root / 'feedback'}")


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="The CSV file to write.")] = Path("grades.csv"),
    lesson: Annotated[list[str] | None, typer.Option(help="Only this lesson; may be repeated.")] = None,
    workspace: Where = Path(),
) -> None:
    """Write the marks as CSV, one line for each learner and lesson."""
    from grader.classroom.table import write_marks

    opened, steps = _steps(workspace)
    with steps.api.gradebook as book:
        lines = write_marks(book, to, [opened.lesson(one) for one in lesson or ()])
    typer.echo(f"✓ {to}: {lines} lines")


def main() -> None:
    """Run the command; exit code 1 with three lines on standard error for a failure."""
    try:
        app()
    except CourseError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


def _steps(folder: Path) -> tuple[Workspace, Steps]:
    """Open the workspace, with its roster in the gradebook."""
    from grader.classroom.steps import Steps

    workspace = open_workspace(folder)
    steps = Steps(workspace)
    if workspace.roster.exists():
        steps.enrol(read_roster(workspace.roster))
    return workspace, steps


def _autograder(steps: Steps) -> Autograder:
    """What grades: the one place where another `Autograder` is put in."""
    from grader.classroom.autograder import StockAutograder

    return StockAutograder(steps)


def _grade_all(autograder: Autograder, wanted: list[Submission], *, quiet: bool) -> list[Graded]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    graded = []
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task("grading", total=len(wanted))
        for submission in wanted:
            progress.update(task, description=f"grading {submission.student}")
            graded.append(autograder.grade(submission))
            progress.advance(task)
    return graded


def _show(graded: list[Graded]) -> None:
    table = Table("learner", "points", "of", "", box=None)
    for one in graded:
        note = "✗ not graded" if one.failure else "✓"
        look = [score.cell for score in one.scores if score.needs_a_look]
        table.add_row(
            one.submission.student, f"{one.points:g}", f"{one.out_of:g}", f"look at {', '.join(look)}" if look else note
        )
    Console().print(table)
    for one in graded:
        if one.failure:
            typer.echo(f"\n{one.submission.student}\n{one.failure}")


def _as_data(graded: Graded) -> dict[str, object]:
    return {
        "student": graded.submission.student,
        "lesson": graded.submission.lesson,
        "points": graded.points,
        "out_of": graded.out_of,
        "failure": graded.failure,
        "scores": [asdict(score) for score in graded.scores],
    }


if __name__ == "__main__":
    main()
