"""One run of `grader grade`: plan, examine, keep, write; one outcome for each submission."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from grader.classroom.cluster import Workers
from grader.classroom.collecting.notebook import folded
from grader.classroom.errors import StepFailed
from grader.classroom.examining import Came, Stop, examine_all
from grader.classroom.gradebook import refuse_other_tests, scores_by_learner
from grader.classroom.keeping import Keeping
from grader.classroom.plan import Plan, plan
from grader.classroom.roster import unnameable
from grader.classroom.shown import shown
from grader.classroom.steps import Steps
from grader.classroom.submission import Source, Submission, digest
from grader.classroom.workspace import Workspace
from grader.examine.examination import Evidence, Examination


@dataclass(frozen=True)
class Graded:
    """What became of one submission.

    Args:
        submission: which.
        examination: what the examiner gave, without its notebook and evidence: those are in the archive, and would be
            170 KiB of memory for each submission until the run ends. None after a failure.
        failure: why there are no marks; "" if there are.
        tries: how often it was examined in this run; 0 for one that a run before had examined.
    """

    submission: Submission
    examination: Examination | None = None
    failure: str = ""
    tries: int = 1

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do for the next run."""
        return self.examination is not None and not self.failure and self.examination.is_complete


class ClassRun:
    """Grades the submissions of a lesson. Hold `keeping.alone()` around all of it.

    Args:
        workspace: the instructor's.
        steps: nbgrader in it.
        lesson: its full name.
        keeping: the records of this run.
    """

    def __init__(self, workspace: Workspace, steps: Steps, lesson: str, keeping: Keeping) -> None:
        self._steps, self._keeping, self.lesson = steps, keeping, lesson
        self.source = Source(workspace, lesson)
        self.stop = Stop()
        self._submitted: dict[Submission, str] = {}

    def plan(self, submissions: list[Submission], *, force: bool = False) -> Plan:
        """What there is to do. Changes nothing.

        Args:
            submissions: of this lesson.
            force: also what is complete.

        Raises:
            NotReleased: the gradebook knows the lesson with other tests than source/ has, or not at all.
        """
        refuse_other_tests(self._steps.api, self.lesson, self.source)
        return self._plan(submissions, force=force)

    def plan_again(self, submissions: list[Submission]) -> Plan:
        """What there is to do so that all are graded by the tests that source/ has now. Changes nothing."""
        return self._plan(submissions, only_these_tests=True)

    def grade(self, todo: Plan, workers: Workers) -> Iterator[Graded]:
        """Do it; yields each submission as it is done. What was yielded is on the disk."""
        for came in self.examine(todo, workers):
            yield self.write(came)

    def examine(self, todo: Plan, workers: Workers) -> Iterator[Came]:
        """Examine only: what is yielded is in the archive and the journal, and not in the gradebook."""
        self._submitted.update(todo.digests)
        self._keeping.began(self.lesson, len(todo.examine) + len(todo.write))
        yield from (Came(submission, None, why, tries=0) for submission, why in todo.refused)
        for submission, name in todo.write:
            examination = self._keeping.archive.read(name)
            if examination is None:
                todo.examine.append(submission)
            else:
                yield Came(submission, examination, tries=0)
        for came in examine_all(todo.examine, self._job, workers, self.stop):
            if came.examination is not None:
                self._keeping.examined(came.examination, self._submitted[came.submission], self.source.digest)
            yield came
        self._keeping.ended(self.lesson, "stopped" if self.stop.is_asked else "finished")

    def write(self, came: Came) -> Graded:
        """Write one examination into the gradebook and autograded/; say in the journal what became of it."""
        if came.examination is None:
            return self._fail(came, came.why)
        try:
            self._steps.autograde(came.submission, came.examination)
        except StepFailed as error:
            return self._fail(came, str(error))
        self._keeping.written(came.examination, self._submitted[came.submission], self.source.digest)
        kept = replace(came.examination, notebook="", evidence=Evidence())
        return Graded(came.submission, kept, tries=came.tries)

    def _plan(self, submissions: list[Submission], *, force: bool = False, only_these_tests: bool = False) -> Plan:
        students = set(self._steps.students())
        near = {folded(student): student for student in students}
        doubtful = [(one, why) for one in submissions if (why := _doubt(one.student, students, near))]
        sure = [one for one in submissions if one not in dict(doubtful)]
        found = plan(
            self._keeping.journal, self.source, sure, self._book(), force=force, only_these_tests=only_these_tests
        )
        found.refused += doubtful
        return found

    def _book(self) -> dict[str, dict[str, float | None]]:
        return scores_by_learner(self._steps.api, self.lesson)

    def _job(self, submission: Submission) -> bytes:
        job = self.source.job(submission)
        self._submitted[submission] = digest(job.submitted)
        return job.to_json()

    def _fail(self, came: Came, why: str) -> Graded:
        submitted = self._submitted.get(came.submission, "")
        self._keeping.failed(self.lesson, came.submission.student, submitted, self.source.digest, why)
        return Graded(came.submission, failure=why, tries=came.tries)


def _doubt(student: str, students: set[str], near: dict[str, str]) -> str:
    """Why a folder in submitted/ is not graded, "" for no reason: its name is nearly somebody's id, and not exactly."""
    if why := unnameable(student):
        return f"{why}; give the folder the id of roster.csv"
    other = near.get(folded(student))
    if student in students or other is None:
        return ""
    there = f"no learner has exactly the id '{shown(student)}', but there is '{shown(other)}'"
    return f"{there}; rename the folder if they are one"
