"""Slipway for instructors: checks, one submission, a class."""

from course.widgets.looker import looks_by

looks_by("grader.looking:look")
