"""Examine one job from standard input, as the formgrader's button does: `python -m grader.classroom.one OPTIONS`."""

from __future__ import annotations

import json
import sys

from course.errors import CourseError
from grader.classroom.workers import examiner_of
from grader.examine.job import Job


def main() -> None:
    """Read a Job, write an Examination; the examiner's options are JSON in the first argument.

    Three lines on standard error and exit code 1 for a failure.
    """
    try:
        job = Job.from_json(sys.stdin.buffer.read())
        with examiner_of(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}")) as examiner:
            answer = examiner.examine(job)
    except CourseError as error:
        sys.exit(str(error))
    sys.stdout.buffer.write(answer.to_json())


if __name__ == "__main__":
    main()
