"""What a lesson does besides docker-py: set up, predict, explain, hint, score, parameters, a second machine, clean up.

Importing this loads neither docker-py nor IPython; each function loads what it needs.
"""

from course.lesson.commands import commands as commands
from course.lesson.hints import hint as hint
from course.lesson.parameters import derive as derive
from course.lesson.parameters import learner as learner
from course.lesson.parameters import parameter as parameter
from course.lesson.questions import explain as explain
from course.lesson.questions import predict as predict
from course.lesson.reset import reset as reset
from course.lesson.score import score as score
from course.lesson.setup import setup as setup
from course.session.machines import machine as machine

__all__ = [
    "commands",
    "derive",
    "explain",
    "hint",
    "learner",
    "machine",
    "parameter",
    "predict",
    "reset",
    "score",
    "setup",
]
