"""The configuration that makes nbgrader grade by examinations; a workspace's nbgrader_config.py merges it."""

from __future__ import annotations

from traitlets.config import Config


def grading_config() -> Config:
    """What `grader`, `nbgrader autograde` and the formgrader's buttons all grade and hand back with.

    nbgrader 0.9.6 runs a submission in `Autograde.autograde_preprocessors` (`Execute`) and reads points from outputs
    (`SaveAutoGrades`). Here the notebook comes executed from an examiner, and the points from its marks. Collecting,
    grading and feedback read learners' folders by the examiner's reader only, also where `nbgrader` itself is called.
    """
    from nbconvert.preprocessors import ClearMetadataPreprocessor
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        CheckCellMetadata,
        DeduplicateIds,
        GetGrades,
        IgnorePattern,
        LimitOutput,
        OverwriteCells,
        OverwriteKernelspec,
    )

    from grader.classroom.nbgrader_side import converting
    from grader.classroom.nbgrader_side.examined import ExaminedNotebook
    from grader.classroom.nbgrader_side.exchanging import exchange_config
    from grader.classroom.nbgrader_side.feedback import FeedbackPage
    from grader.classroom.nbgrader_side.marks import RecordWritten, SaveMarks

    converting.install()
    return Config(
        {
            **exchange_config(),
            "Autograde": {
                "exporter_class": ExaminedNotebook,
                "sanitize_preprocessors": [DeduplicateIds, OverwriteKernelspec, OverwriteCells, CheckCellMetadata],
                "autograde_preprocessors": [
                    IgnorePattern,
                    ClearMetadataPreprocessor,
                    LimitOutput,
                    SaveMarks,
                    AssignLatePenalties,
                    CheckCellMetadata,
                    RecordWritten,
                ],
            },
            # the formgrader shows learners' Markdown and outputs: without their scripts
            "HTMLExporter": {"sanitize_html": True},
            "GenerateFeedback": {"exporter_class": FeedbackPage, "preprocessors": [GetGrades]},
            # a check cell that a learner deleted is put back and fails, where nbgrader alone would not count it
            "OverwriteCells": {"add_missing_cells": True},
        }
    )
