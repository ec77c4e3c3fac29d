"""The late policy: a share of the score for each day that began, after some minutes that nobody counts."""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 60 * 60.0


class LatePolicy(LateSubmissionPlugin):  # type: ignore[misc]  # nbgrader has no types
    """What a late submission loses. By default nothing: it is shown as late, and marked in full.

    nbgrader calls it for a submission with a time stamp after the due date of its assignment and the extension of its
    learner. Without a due date nothing is late.
    """

    share_per_day = Float(
        0.0, min=0.0, max=1.0, help="Share of the score lost for each day begun: 0.1 is a tenth."
    ).tag(config=True)
    grace_minutes = Float(15.0, min=0.0, help="Up to so many minutes after the due date nothing is lost.").tag(
        config=True
    )

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """The points to take off, None for none."""
        if not self.share_per_day or total_seconds_late <= self.grace_minutes * 60:
            return None
        return score * min(1.0, self.share_per_day * math.ceil(total_seconds_late / DAY))
