"""The sandbox of submission kernels: what a learner's cells may see, reach and use, held by bubblewrap."""

from __future__ import annotations

from grader.examine.sandbox.isolation import Available as Available
from grader.examine.sandbox.isolation import available as available
from grader.examine.sandbox.submission_kernel import CellRun as CellRun
from grader.examine.sandbox.submission_kernel import SubmissionKernel as SubmissionKernel

__all__ = ["Available", "CellRun", "SubmissionKernel", "available"]
