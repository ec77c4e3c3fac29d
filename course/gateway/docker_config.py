"""The DOCKER_CONFIG of a session's processes: the user's own config.json without what could stop or betray them.

Logins, login helpers, contexts, HTTP headers and proxies (whose passwords each container would be given) stay behind.
What is carried over is listed here, each entry with the way that it is read.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from course import session_python
from course.paths import state_dir

LARGEST = 1024 * 1024  # bytes of a config.json that is read
LONGEST = 4096  # characters of a value

Reader = Callable[[Any], Any]
"""What is carried over of a value; None for nothing."""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST else None


CARRIED_OVER: Mapping[str, Reader] = dict.fromkeys(
    ("detachKeys", "psFormat", "imagesFormat", "networksFormat", "volumesFormat", "statsFormat"), _text
)


def variables(environment: Mapping[str, str], *, grading: bool = False) -> dict[str, str]:
    """Write the config and say how processes find it.

    Args:
        environment: of the user; DOCKER_CONFIG or HOME in it lead to the config that is carried over.
        grading: whether nothing of the user's is carried over.
    """
    source = None if grading else _folder(environment) / "config.json"
    folder = write(state_dir() / ("docker-config-grading" if grading else "docker-config"), source)
    here = str(Path(session_python.__file__).parent)
    paths = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != here]
    return {"DOCKER_CONFIG": str(folder), "PYTHONPATH": os.pathsep.join((here, *paths))}


def write(folder: Path, source: Path | None) -> Path:
    """Write the config.json of sessions into a folder, which is private, unless it is there already.

    Args:
        folder: made if absent.
        source: the config.json to carry over from; None, or one that can't be read, carries nothing over.

    Returns:
        The folder.
    """
    target = folder / "config.json"
    if source is not None and _is_same(source, target):
        return folder  # a session in a session
    text = json.dumps({"auths": {}, **carried_over(source)}, indent=2) + "\n"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not target.is_file() or target.read_text() != text:
        fresh = target.with_name(f".config.{os.getpid()}.json")
        fresh.write_text(text)
        fresh.replace(target)
    return folder


def carried_over(source: Path | None) -> dict[str, Any]:
    """What of a config.json a session takes over."""
    try:
        if source is None or not stat.S_ISREG((found := source.stat()).st_mode) or found.st_size > LARGEST:
            return {}  # nothing, or a folder, a pipe or a device, whose end may never come
        given = json.loads(source.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    kept = {name: read(given[name]) for name, read in CARRIED_OVER.items() if name in given}
    return {name: value for name, value in kept.items() if value is not None}


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one file; a link that leads nowhere, or to itself, is no file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _folder(environment: Mapping[str, str]) -> Path:
    """The user's own folder, as docker-py and the CLI find it."""
    return Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or Path.home(), ".docker"))
