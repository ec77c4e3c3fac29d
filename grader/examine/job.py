"""What an examiner is given: one submission, the instructor's source, and how much of everything it may use."""

from __future__ import annotations

from grader.examine.data import Data
from grader.examine.folder import MOST_BYTES, is_relative, read_folder

__all__ = ["MAX_BYTES", "Budgets", "Job", "read_folder"]

MAX_BYTES = 3 * MOST_BYTES  # two folders in base64, and their envelope


class Budgets(Data, frozen=True, kw_only=True):
    """What one submission may use.

    Args:
        cell_seconds: wall time of one cell, the learner's or a graded one, without its builds.
        build_seconds: wall time of one build, beside the cell's own.
        notebook_seconds: wall time of all cells together.
        submission_seconds: wall time of everything, all attempts and checks included.
        memory_bytes: of the submission kernel and all that it starts; its containers have the session's limits.
        processes: of the submission kernel and all that it starts.
        output_bytes: of what one cell prints and shows.
        disk_bytes: of what the cells write into their folder, home and /tmp together.
        value_bytes: of the JSON text of one value that a check asks for.
    """

    cell_seconds: float = 60.0
    build_seconds: float = 120.0
    notebook_seconds: float = 600.0
    submission_seconds: float = 1800.0
    memory_bytes: int = 1024**3
    processes: int = 128
    output_bytes: int = 1_000_000
    disk_bytes: int = 64 * 1024**2
    value_bytes: int = 64 * 1024

    def __post_init__(self) -> None:
        if not all(getattr(self, field) > 0 for field in self.__struct_fields__):
            raise ValueError("every budget is a number above 0")

    @classmethod
    def _most_bytes(cls) -> int:
        return 10_000


class Job(Data, frozen=True, kw_only=True):
    """One submission to examine, whole: nothing is read from a shared disk.

    Args:
        student: nbgrader's id of the learner; it also chooses the values that differ between learners.
        lesson: the name of the lesson's folder, such as "L01-containers".
        notebook: the name of its notebook, such as "L01-containers.ipynb".
        source: the instructor's source folder, relative POSIX path to content; the notebook with the solutions and
            the hidden tests is among it, under the name `notebook`.
        submitted: the learner's folder, the same. The notebook may be absent: then nothing was submitted.
        budgets: what it may use.
        skipped: what was left out of `submitted`, one line each, as `read_folder` says it.
        notes: what else was odd about the hand-in, one sentence each.
    """

    student: str
    lesson: str
    notebook: str
    source: dict[str, bytes]
    submitted: dict[str, bytes]
    budgets: Budgets = Budgets()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for path in (*self.source, *self.submitted, self.notebook):
            if not is_relative(path):
                raise ValueError(f"not a path below the lesson's folder: {path!r}")
        if self.notebook not in self.source:
            raise ValueError(f"the source has no {self.notebook!r}")

    def __repr__(self) -> str:
        return f"<Job {self.lesson} of {self.student!r}, {len(self.submitted)} files>"

    @classmethod
    def _most_bytes(cls) -> int:
        return MAX_BYTES
