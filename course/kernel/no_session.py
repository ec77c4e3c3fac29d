"""Where there is no session, an error of docker-py is shown as the three lines that say why."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from course.session.attach import ATTACHMENT

_UNREACHED = "Error while fetching server API version"  # how docker-py 7 begins when `from_env()` finds no engine


def explain(module: ModuleType) -> None:
    """Let `DockerException` show the attachment's own error while there is no session.

    `docker.from_env()` asks the engine for its version, so it may fail before the set-up cell comes to `setup`. IPython
    looks for `_render_traceback_`; for every other error of docker-py the attribute is absent, and nothing changes.

    Args:
        module: `docker.errors`.
    """
    module.DockerException._render_traceback_ = property(_lines)


def _lines(error: Any) -> Callable[[], list[str]]:
    kept = ATTACHMENT.error
    if kept is None or not str(error).startswith(_UNREACHED):
        raise AttributeError("_render_traceback_")
    return kept._render_traceback_
