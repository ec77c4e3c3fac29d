"""What the longer commands of `grader` do, between the workspace and the screen."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from grader.classroom.class_run import ClassRun
from grader.classroom.cluster import Workers
from grader.classroom.collecting.exchange import Collected
from grader.classroom.collecting.platform import place_download
from grader.classroom.errors import NothingSubmitted, UnknownLearner
from grader.classroom.exported import changed, final_marks, remember
from grader.classroom.extension import write_extension
from grader.classroom.filling import fill
from grader.classroom.gradebook import scores
from grader.classroom.interrupting import first_interrupt
from grader.classroom.keeping import Keeping
from grader.classroom.moments import later, read_moment, said
from grader.classroom.nbgrader_side.connecting import one_engine
from grader.classroom.regrading import Again, changes, show_changes
from grader.classroom.roster import read_roster
from grader.classroom.showing import Row, as_data, progress, rows, show, with_odd
from grader.classroom.shown import shown
from grader.classroom.steps import Steps
from grader.classroom.submission import Submission
from grader.classroom.table import FORMATS, is_changed, write_table
from grader.classroom.workspace import Workspace

T = TypeVar("T")
STOPPED = 130  # as a shell counts a program that Ctrl-C ended


def workers_of(number: int | None, scheduler: str, engine: str, trust: bool) -> Workers:
    """The workers that the options of a command ask for."""
    return Workers(number, scheduler, engine, options={"trust_submissions": True} if trust else {})


def grade_class(
    workspace: Workspace,
    steps: Steps,
    lesson: str,
    only: list[str] | None,
    workers: Workers,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Grade a lesson; return the exit code: 0, 1 if a submission is not graded, 130 after Ctrl-C."""
    console = Console()
    keeping = Keeping(workspace)
    run = ClassRun(workspace, steps, lesson, keeping)
    if dry_run:
        todo = run.plan(wanted(workspace, steps, lesson, only), force=force)
        counts = f"{len(todo.examine)} to examine, {len(todo.write)} to write, {len(todo.complete)} complete"
        counts += f", {len(todo.refused)} that cannot be graded as they are" if todo.refused else ""
        console.print(f"would grade {lesson}: {counts}", highlight=False)
        console.print(due_line(steps, lesson), highlight=False)
        return 0
    with keeping.alone(), one_engine(), chdir(workspace.root):  # workers import from where they are started
        came = collect_from_exchange(workspace, steps, lesson)
        found = wanted(workspace, steps, lesson, only, came)
        todo = run.plan(found, force=force)
        number = len(todo.examine) + len(todo.write) + len(todo.refused)
        graded = _each(run, number, run.grade(todo, workers), Console(stderr=True), as_json)
    book = scores(steps.api, lesson)
    unchanged, older = [one.student for one in todo.complete], [one.student for one in todo.older]
    table = rows(graded, unchanged, older, book, keeping.notes(lesson) if unchanged else {})
    table = with_odd(table, {who: why for who, why in came.odd.items() if not only or who in only}, book)
    if as_json:
        print(json.dumps(as_data(table), indent=2))
    else:
        console.print(due_line(steps, lesson), highlight=False)
        show(table, console)
        with steps.api.gradebook as opened:
            since = changed(workspace, lesson, opened)
        for line in needs_a_person(table, since, lesson):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    if run.stop.is_asked:
        Console(stderr=True).print(f"stopped: {len(graded)} of {number}; the same command goes on there")
        return STOPPED
    return 0 if all(one.is_complete for one in graded) and not any(row.is_odd for row in table) else 1


def regrade_class(
    workspace: Workspace,
    steps: Steps,
    lesson: str,
    only: list[str] | None,
    workers: Workers,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Examine with the current tests, show what changes for whom, write it if asked to; return the exit code."""
    console, keeping = Console(), Keeping(workspace)
    run = ClassRun(workspace, steps, lesson, keeping)
    if dry_run:
        todo = run.plan_again(wanted(workspace, steps, lesson, only))
        counts = f"{len(todo.examine)} to examine, {len(todo.write)} examined already, {len(todo.complete)} up to date"
        console.print(f"would regrade {lesson}: {counts}; nothing is written without --yes", highlight=False)
        return 0
    with keeping.alone(), one_engine(), chdir(workspace.root):  # workers import from where they are started
        todo = run.plan_again(wanted(workspace, steps, lesson, only))
        number = len(todo.examine) + len(todo.write)
        again = _each(
            run, number, (Again.of(came) for came in run.examine(todo, workers)), Console(stderr=True), as_json
        )
        if run.stop.is_asked:
            Console(stderr=True).print(f"stopped: {len(again)} of {number} examined; the same command goes on there")
            return STOPPED
        found = changes(again, scores(steps.api, lesson))
        if as_json:
            print(json.dumps([change.as_data() for change in found], indent=2))
        else:
            show_changes(found, [one for one in again if one.why], console)
        failed = any(one.why for one in again)
        if yes:
            steps.take_tests(lesson)
            for came in (one.came(keeping) for one in again):
                failed |= not run.write(came).is_complete
            console.print(f"✓ written: {len(again)} submissions", highlight=False)
        elif again and not as_json:
            console.print(f"nothing is written; `grader regrade {lesson} --yes` writes it", highlight=False)
    return 1 if failed else 0


def extend_learner(workspace: Workspace, steps: Steps, student: str, lesson: str, days: float, *, dry_run: bool) -> str:
    """Give a learner days; return what to say."""
    if student not in steps.students():
        raise UnknownLearner("a learner of roster.csv, by the exact id", f"'{shown(student)}'", "correct the id")
    due, zone = steps.due(lesson), steps.zone
    until = f"due {said(later(due, days, zone), zone)}" if due else f"{lesson} has no due date yet"
    if dry_run:
        return f"would give {student} {days:g} days for {lesson}: {until}"
    with Keeping(workspace).alone():
        write_extension(workspace.root, student, lesson, days)
        steps.apply_extension(lesson, student)
    return f"✓ {student} has {days:g} days more for {lesson}: {until}"


def write_report(workspace: Workspace, steps: Steps, lesson: str, target: Path, *, dry_run: bool) -> str:
    """Write the page about a lesson; return what to say."""
    from grader.classroom.report.page import page
    from grader.classroom.report.reading import read_class

    found = read_class(workspace, steps, lesson)
    if dry_run:
        return f"would write {target}: {len(found.learners)} submissions"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(found), "utf-8")
    return f"✓ {target}: {len(found.learners)} submissions"


def release_lines(steps: Steps, lesson: str, folder: Path) -> Iterator[str]:
    """What was released, until when, and where learners find it."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    yield f"files: {', '.join(files)}"
    yield due_line(steps, lesson)
    course = steps.api.course_id
    course = steps.api.course_id
    if steps.has_exchange:
        yield f"Learners on this machine get it with `nbgrader fetch_assignment {lesson} --course {course}`"
        yield f"and hand it in with `nbgrader submit {lesson} --course {course}`;"
        yield f"the exchange is {steps.api.exchange_root}."
    yield "Others need that folder, for instance from your learning platform; what the platform collects"
    yield f"comes back with `grader collect {lesson} --from ZIP`. Next: `grader grade {lesson}`."


def due_line(steps: Steps, lesson: str, written: str = "") -> str:
    """When a lesson is due, by the class's clocks and in UTC.

    Args:
        steps: nbgrader in the workspace.
        lesson: its full name.
        written: a due date that is not in the gradebook yet.

    Raises:
        BadMoment: `written` is not one moment.
    """
    due = read_moment(written, steps.zone) if written else steps.due(lesson)
    return f"{lesson} is due {said(due, steps.zone)}" if due else f"{lesson} has no due date"


def collect_lesson(
    workspace: Workspace, steps: Steps, lesson: str, download: Path | None, *, dry_run: bool
) -> tuple[list[str], bool]:
    """Collect from the exchange, or from a learning platform's download.

    Returns:
        What to say, and whether everything was taken.

    Raises:
        BadDownload: no zip and no folder.
        BadRoster: the roster cannot be read, or is empty and needed.
    """
    roster = read_roster(workspace.roster) if workspace.roster.exists() else []
    would = "would take" if dry_run else "✓"
    if download is None:
        if dry_run:
            return [f"would collect {lesson} from {steps.api.exchange_root}"], True
        with Keeping(workspace).alone():
            came = steps.collect(lesson, roster)
        lines = [f"✓ {student}" for student in came.new] or ["nothing new on the exchange"]
        lines += [f"! {shown(student)}: {note}" for student, notes in sorted(came.odd.items()) for note in notes]
        return [*lines, f"Next: `grader grade {lesson}`"], not came.odd
    with Keeping(workspace).alone():
        placed = place_download(workspace, lesson, download, roster, dry_run=dry_run)
    lines = [f"{would} {student} ← {', '.join(names)}" for student, names in placed.placed.items()]
    lines += [f"· {student}: as it was" for student in placed.same]
    absent = [one.id for one in roster if one.id not in placed.placed and one.id not in placed.same]
    if placed.lost:
        lines += ["", "could not be placed:", *(f"! {name}: {why}" for name, why in sorted(placed.lost.items()))]
    lines += ["", f"nothing of: {', '.join(absent)}"] if absent else []
    lines.append("A download says nothing of when things were handed in: late work is not seen.")
    return [*lines, f"Next: `grader grade {lesson}`"], not placed.lost


def collect_from_exchange(workspace: Workspace, steps: Steps, lesson: str) -> Collected:
    """Copy new hand-ins from the exchange to submitted/.

    Raises:
        BadRoster: the roster cannot be read.
        NotAFolder: the exchange's inbound folder is a link, or cannot be read.
    """
    return steps.collect(lesson, read_roster(workspace.roster) if workspace.roster.exists() else [])


def open_page(page: Path) -> str:
    """Open a page in a browser, where there is one; return what to say."""
    has_one = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")))
    if has_one and webbrowser.open(page.resolve().as_uri()):
        return "It opens in your browser."
    return f"Open it in a browser: {page.resolve().as_uri()}"


def export_lines(
    workspace: Workspace, steps: Steps, to: Path, lessons: list[str], form: str, into: Path | None, *, dry_run: bool
) -> Iterator[str]:
    """Write marks as CSV, remember which; say what was written and what a person should know.

    Raises:
        BadDownload: the platform's own file has no column for the lessons.
        BadRoster: the roster cannot be read.
    """
    with steps.api.gradebook as book:
        names = lessons or [one.name for one in book.assignments]
        marks = {name: final_marks(book, name) for name in names}
        since = {name: changed(workspace, name, book) for name in names}
        said: list[str] = []
        if into is not None:
            table, said = fill(into, marks, read_roster(workspace.roster) if workspace.roster.exists() else [])
        else:
            table = FORMATS[form](book, lessons)
        odd = [student.id for student in book.students if is_changed(student.id)] if form != "csv" else []
    if dry_run:
        yield f"would write {to}: {len(table.rows)} lines"
        return
    write_table(table, to)
    with Keeping(workspace).alone():
        remember(workspace, marks, to.resolve())
    yield f"✓ {to}: {len(table.rows)} lines"
    yield from (f"! {line}" for line in said)
    yield from (f"! {shown(who)} begins like a formula: the platform will not find this id" for who in odd)
    yield from (f"changed: {who}, {name}: {why}" for name, them in since.items() for who, why in them.items())


def needs_a_person(table: list[Row], changes_since: Mapping[str, str], lesson: str) -> Iterator[str]:
    """What is left for a person after a run, and which commands come next."""
    counts = Counter(row.state for row in table)
    yield ", ".join(f"{count} {state}" for state, count in counts.items())
    look = [row for row in table if row.state not in ("graded", "unchanged") or row.is_odd or row.needs_a_look]
    if look:
        yield f"To look at: {', '.join(shown(row.student) for row in look)}"
    yield from (f"changed since the last export: {shown(who)}: {why}" for who, why in changes_since.items())
    yield f"Next: `grader report {lesson}`, then `grader feedback {lesson}` and `grader export`."


def wanted(
    workspace: Workspace, steps: Steps, lesson: str, only: list[str] | None, came: Collected | None = None
) -> list[Submission]:
    """The submissions of a lesson, or those of some learners.

    Args:
        workspace: the instructor's.
        steps: nbgrader in it.
        lesson: its full name.
        only: the learners' ids; None for all.
        came: what collecting found; what it could not take is something to speak of as well.

    Raises:
        NothingSubmitted: there are none.
    """
    found = [one for one in steps.submissions(lesson) if not only or one.student in only]
    if not found and not (came and came.odd):
        raise NothingSubmitted(
            f"submissions of {lesson} in {workspace.root / 'submitted'} or on the exchange",
            "there are none" if not only else f"none of {', '.join(only)}",
            f"put each learner's folder there as submitted/LEARNER/{lesson}, or let them use `nbgrader submit`",
        )
    return found


def _each(run: ClassRun, number: int, work: Iterator[T], console: Console, quiet: bool) -> list[T]:
    """Take what comes, with a line of progress; the first Ctrl-C asks the run to stop."""
    came = []
    with progress(console, quiet=quiet) as shown, first_interrupt(run.stop.ask):
        task = shown.add_task(f"grading {run.lesson}", total=number)
        for one in work:
            came.append(one)
            shown.update(task, advance=1, description=_description(run))
    return came


def _description(run: ClassRun) -> str:
    return f"stopping {run.lesson} (Ctrl-C again: at once)" if run.stop.is_asked else f"grading {run.lesson}"
