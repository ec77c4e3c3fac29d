"""The DOCKER_CONFIG of a session's processes: the user's own config.json without what could stop or betray them.

Logins, login helpers, contexts, HTTP headers and proxies (whose passwords each container would be given) stay behind.
What is carried over is listed here, each entry with the way that it is read. Beside it are two plugins of the docker
command: a buildx and, where Compose is installed, a wrapper of it (`course.docker_plugins` says why). The user's own
plugins stay within reach.
"""

from __future__ import annotations

import json
import os
import shlex
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from course import docker_plugins, session_python
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


# where the docker command looks for plugins after the user's own (cli-plugins/manager/manager_unix.go)
SYSTEM_PLUGINS = tuple(
    Path(root, "docker/cli-plugins") for root in ("/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec")
)
EXTRA_PLUGINS = "cliPluginsExtraDirs"


def variables(environment: Mapping[str, str], *, grading: bool = False) -> dict[str, str]:
    """Write the config and say how processes find it.

    Args:
        environment: of the user; DOCKER_CONFIG or HOME in it lead to the config that is carried over.
        grading: whether nothing of the user's is carried over.
    """
    source = None if grading else _folder(environment) / "config.json"
    folder = write(state_dir() / ("docker-config-grading" if grading else "docker-config"), source)
    builder = {} if grading else {"DOCKER_BUILDKIT": ""}  # what the classic builder is for, the plugins do
    here = str(Path(session_python.__file__).parent)
    paths = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != here]
    return {"DOCKER_CONFIG": str(folder), "PYTHONPATH": os.pathsep.join((here, *paths)), **builder}


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
    plugins = [] if source is None else _users_plugins(source)
    # the first folder that has a plugin counts
    mine = [str(folder / "cli-plugins"), *map(str, plugins)] if plugins else []
    kept = {"auths": {}, **carried_over(source), **({EXTRA_PLUGINS: mine} if mine else {})}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put(target, json.dumps(kept, indent=2) + "\n", 0o600)
    if source is not None:
        _write_plugins(folder / "cli-plugins", [*plugins, *SYSTEM_PLUGINS])
    return folder


def _put(target: Path, text: str, mode: int) -> None:
    if not target.is_file() or target.read_text() != text:
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.replace(target)


def _users_plugins(source: Path) -> list[Path]:
    """The folders of the user's plugins, in the docker command's order."""
    given = _read(source).get(EXTRA_PLUGINS)
    extra = [Path(one) for one in given if _text(one) and "\0" not in one] if isinstance(given, list) else []
    folders = [folder for folder in (*extra, source.parent / "cli-plugins") if folder.is_absolute()]
    return [folder for folder in folders if os.access(folder, os.R_OK | os.X_OK)]


def _write_plugins(folder: Path, others: Sequence[Path]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    buildx = shlex.join([sys.executable, "-I", str(Path(docker_plugins.__file__).with_name("buildx.py"))])
    _put(folder / "docker-buildx", f'#!/bin/sh\nexec {buildx} "$@"\n', 0o700)
    compose = next((path for one in others if os.access(path := one / "docker-compose", os.X_OK)), None)
    if compose is not None:  # it asks this variable whether to call buildx
        _put(folder / "docker-compose", f'#!/bin/sh\nDOCKER_BUILDKIT=0 exec {shlex.quote(str(compose))} "$@"\n', 0o700)
    else:
        (folder / "docker-compose").unlink(missing_ok=True)


def carried_over(source: Path | None) -> dict[str, Any]:
    """What of a config.json a session takes over."""
    given = _read(source)
    kept = {name: read(given[name]) for name, read in CARRIED_OVER.items() if name in given}
    return {name: value for name, value in kept.items() if value is not None}


def _read(source: Path | None) -> dict[str, Any]:
    """A config.json; {} for one that can't be read."""
    try:
        if source is None or not stat.S_ISREG((found := source.stat()).st_mode) or found.st_size > LARGEST:
            return {}  # nothing, or a folder, a pipe or a device, whose end may never come
        given = json.loads(source.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _is_same(one: Path, other: Path) -> bool:
    """Whether both are one file; a link that leads nowhere, or to itself, is no file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _folder(environment: Mapping[str, str]) -> Path:
    """The user's own folder, as docker-py and the CLI find it."""
    return Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or Path.home(), ".docker"))
