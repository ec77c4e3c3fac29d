"""The `grader` command: what an instructor does with a class."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from course.errors import CourseError
from grader.authoring.command import app as lesson
from grader.classroom.errors import FullDisk, is_full
from grader.classroom.roster import read_roster
from grader.classroom.shown import shown
from grader.classroom.workspace import Workspace, open_workspace, plan_init
from grader.classroom.workspace import init as init_workspace
from grader.examine.command import doctor

if TYPE_CHECKING:  # nbgrader takes a second to load: only the commands that need it do
    from grader.classroom.steps import Steps

app = typer.Typer(help="Slipway for instructors: release lessons, grade submissions, hand back.", no_args_is_help=True)
app.command()(doctor)
app.add_typer(lesson, name="lesson", rich_help_panel="For authors")

Lesson = Annotated[str, typer.Argument(help="A lesson's id or folder: L01 or L01-containers.")]
Where = Annotated[Path, typer.Option("--workspace", "-C", help="The instructor's workspace.")]
Only = Annotated[list[str] | None, typer.Option(help="Only this learner; may be repeated.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Number = Annotated[int | None, typer.Option(min=1, help="Workers on this machine; by default what it can take.")]
Scheduler = Annotated[str, typer.Option(help="The address of a running Dask scheduler, for several machines.")]
Engine = Annotated[
    str, typer.Option(help="An engine to grade on, unix://…; by default one is started and thrown away.")
]
Trust = Annotated[
    bool,
    typer.Option("--trust-submissions", help="Run submissions with your own rights where they cannot be kept apart."),
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The workspace to make.")],
    notebooks: Annotated[
        Path | None, typer.Option(help="The folder with course.toml; the course's by default.")
    ] = None,
    course: Annotated[str, typer.Option(help="nbgrader's name of the course.")] = "slipway",
    dry_run: DryRun = False,
) -> None:
    """Make an instructor's workspace with every lesson in it."""
    if dry_run:
        typer.echo(f"would make {folder.resolve()}: {', '.join(plan_init(folder, notebooks))}")
        return
    workspace = init_workspace(folder, notebooks, course)
    typer.echo(f"✓ {workspace.root}: {', '.join(workspace.lessons())}")
    typer.echo(f"Next: write your learners into {workspace.roster.name}, then `grader release LESSON` in that folder.")
    typer.echo("For the formgrader, start `jupyter lab` in that folder.")


@app.command()
def release(
    lesson: Lesson,
    due: Annotated[
        str,
        typer.Option(help="When it is due: 2026-12-24 18:00, by the class's clocks, or with +02:00 or Europe/Berlin."),
    ] = "",
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Write the learners' copy of a lesson: without solutions, without hidden tests."""
    from grader.classroom.commands import due_line, release_lines
    from grader.classroom.keeping import Keeping

    opened, steps = _steps(workspace, writes=not dry_run)
    name = opened.lesson(lesson)
    if dry_run:
        typer.echo(f"would write {opened.root / 'release' / name}{', and put it on the exchange' * steps.has_exchange}")
        typer.echo(due_line(steps, name, due))
        return
    with Keeping(opened).alone(), Console().status(f"releasing {name}"):
        folder = steps.release(name, due)
    typer.echo(f"✓ {folder}")
    for line in release_lines(steps, name, folder):
        typer.echo(line)


@app.command()
def collect(
    lesson: Lesson,
    download: Annotated[
        Path | None,
        typer.Option("--from", exists=True, help="A learning platform's download: a zip file or an unpacked folder."),
    ] = None,
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Copy hand-ins from the exchange, or from a platform's download (matched with the roster), to submitted/."""
    from grader.classroom.commands import collect_lesson

    opened, steps = _steps(workspace, writes=not dry_run)
    lines, is_all = collect_lesson(opened, steps, opened.lesson(lesson), download, dry_run=dry_run)
    for line in lines:
        typer.echo(line)
    sys.exit(0 if is_all else 1)


@app.command()
def grade(
    lesson: Lesson,
    workers: Number = None,
    scheduler: Scheduler = "",
    engine: Engine = "",
    only: Only = None,
    force: Annotated[bool, typer.Option("--force", help="Grade again what is already graded.")] = False,
    trust_submissions: Trust = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    workspace: Where = Path(),
) -> None:
    """Collect and grade the submissions of a lesson; skip those that are already graded."""
    from grader.classroom.commands import grade_class, workers_of

    opened, steps = _steps(workspace, writes=not dry_run)
    chosen = workers_of(workers, scheduler, engine, trust_submissions)
    sys.exit(grade_class(opened, steps, opened.lesson(lesson), only, chosen, force, dry_run, as_json))


@app.command("try")
def try_(
    lesson: Lesson,
    tried: Annotated[
        Path | None, typer.Argument(help="A notebook, or a folder with one; the lesson's own solutions by default.")
    ] = None,
    engine: Engine = "",
    trust_submissions: Trust = False,
    as_json: Json = False,
    workspace: Where = Path(),
) -> None:
    """Examine one notebook like a submission, and show its points and messages, hidden ones too. Writes nothing."""
    from grader.classroom import trying

    opened = open_workspace(workspace)
    job = trying.job_of(opened, opened.lesson(lesson), tried)
    with Console(stderr=True).status(f"examining {job.lesson}"):
        examination = trying.examined(job, engine, trust=trust_submissions)
    if as_json:
        typer.echo(examination.to_json().decode())
    else:
        for line in trying.lines(examination):
            typer.echo(line)
    sys.exit(0 if examination.is_complete else 1)


@app.command()
def regrade(
    lesson: Lesson,
    workers: Number = None,
    scheduler: Scheduler = "",
    engine: Engine = "",
    only: Only = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write what changes; without it nothing is written.")] = False,
    trust_submissions: Trust = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    workspace: Where = Path(),
) -> None:
    """Re-grade everyone with the current tests in source/ and preview the changes; --yes writes them."""
    from grader.classroom.commands import regrade_class, workers_of

    opened, steps = _steps(workspace, writes=not dry_run)
    chosen = workers_of(workers, scheduler, engine, trust_submissions)
    sys.exit(regrade_class(opened, steps, opened.lesson(lesson), only, chosen, yes, dry_run, as_json))


@app.command()
def feedback(
    lesson: Lesson,
    only: Annotated[str | None, typer.Option(help="Only this learner.")] = None,
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Write the feedback pages of a lesson that has been graded."""
    from grader.classroom.nbgrader_side.converting import chosen

    opened, steps = _steps(workspace, writes=not dry_run)
    name = opened.lesson(lesson)
    if dry_run:
        graded = chosen(opened.root / "autograded", name, only or "*")
        typer.echo(f"would write {len(graded)} pages: {', '.join(graded)}")
        return
    with Console().status("writing feedback"):
        pages = steps.feedback(name, only)
    typer.echo(f"✓ {len(pages)} pages in {opened.root / 'feedback'}")


@app.command()
def report(
    lesson: Lesson,
    to: Annotated[Path | None, typer.Option(help="The HTML file; report/LESSON.html by default.")] = None,
    show: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser; by default at a terminal.")
    ] = None,
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Write one page about a lesson: marks, most common failures, what to look at."""
    from grader.classroom.commands import open_page, write_report

    opened, steps = _steps(workspace, writes=not dry_run)
    name = opened.lesson(lesson)
    target = to or opened.root / "report" / f"{name}.html"
    typer.echo(write_report(opened, steps, name, target, dry_run=dry_run))
    if not dry_run and (sys.stdout.isatty() if show is None else show):
        typer.echo(open_page(target))


@app.command()
def explain(
    student: Annotated[str, typer.Argument(help="The learner's id.")],
    exercise: Annotated[str, typer.Argument(help="An exercise's id: L01-stay-up.")],
    workspace: Where = Path(),
) -> None:
    """Explain a learner's points in an exercise."""
    from grader.classroom.explain import explanation

    opened = open_workspace(workspace)
    for line in explanation(opened, student, exercise):
        typer.echo(shown(line))


@app.command()
def export(
    to: Annotated[Path, typer.Option(help="The CSV file to write.")] = Path("grades.csv"),
    lesson: Annotated[list[str] | None, typer.Option(help="Only this lesson; may be repeated.")] = None,
    format: Annotated[
        str, typer.Option(help="`csv`, one line for each mark; or `canvas` or `moodle`, one for each learner.")
    ] = "csv",
    into: Annotated[
        Path | None, typer.Option(exists=True, help="Canvas's or Moodle's own file: a copy of it is filled in.")
    ] = None,
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Write the marks as CSV: one line for each learner and lesson, or as Canvas or Moodle imports them."""
    from grader.classroom.commands import export_lines
    from grader.classroom.table import FORMATS

    opened, steps = _steps(workspace, writes=not dry_run)
    if format not in FORMATS:
        raise typer.BadParameter(f"one of {', '.join(FORMATS)}", param_hint="--format")
    chosen = [opened.lesson(one) for one in lesson or ()]
    for line in export_lines(opened, steps, to, chosen, format, into, dry_run=dry_run):
        typer.echo(line)


@app.command()
def extend(
    student: Annotated[str, typer.Argument(help="The learner's id.")],
    lesson: Lesson,
    days: Annotated[float, typer.Option(min=0, max=3650, help="Days after the due date; 0 takes an extension back.")],
    dry_run: DryRun = False,
    workspace: Where = Path(),
) -> None:
    """Give one learner more time for a lesson. If it is already graded, its late penalty is computed again."""
    from grader.classroom.commands import extend_learner

    opened, steps = _steps(workspace, writes=not dry_run)
    typer.echo(extend_learner(opened, steps, student, opened.lesson(lesson), days, dry_run=dry_run))


def main() -> None:
    """Run the command; exit code 1 with three lines on standard error for a failure."""
    try:
        app()
    except CourseError as error:
        typer.echo(shown(str(error), lines=True), err=True)
        sys.exit(1)
    except Exception as error:
        if not is_full(error):
            raise
        typer.echo(str(FullDisk.of(error)), err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        missing = CourseError(
            "the packages for instructors", f"no module {error.name}", "pip install 'slipway[grader]'"
        )
        typer.echo(str(missing), err=True)
        sys.exit(1)


def _steps(folder: Path, *, writes: bool) -> tuple[Workspace, Steps]:
    """Open the workspace; if something may be written, with its roster in the gradebook."""
    from grader.classroom.steps import Steps

    workspace = open_workspace(folder)
    steps = Steps(workspace)
    if writes and workspace.roster.exists():
        steps.enrol(read_roster(workspace.roster))
    return workspace, steps


if __name__ == "__main__":
    main()
