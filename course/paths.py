"""Where the course keeps what lasts (state), what lives as long as its processes (runtime), and the lessons."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_path

from course.errors import CourseError


def state_dir() -> Path:
    """The folder for ledgers, journals and progress; `SLIPWAY_STATE_DIR` overrides it."""
    return _private(Path(os.environ.get("SLIPWAY_STATE_DIR") or user_state_path("slipway")))


def runtime_dir() -> Path:
    """The folder for sockets and process ids; `SLIPWAY_RUNTIME_DIR` overrides it.

    Keep it short: the path of a Unix socket holds at most 107 bytes (unix(7)).
    """
    return _private(Path(os.environ.get("SLIPWAY_RUNTIME_DIR") or _default_runtime_dir()))


def workspace() -> Path:
    """The folder that the learner works in: `SLIPWAY_WORKSPACE`, else the current folder."""
    return Path(os.environ.get("SLIPWAY_WORKSPACE") or Path.cwd()).resolve()


def _default_runtime_dir() -> Path:
    """The user's runtime folder (XDG base directory specification), or a private one where no login made it."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and Path(given).is_dir():
        return Path(given) / "slipway"
    if os.geteuid() == 0 and Path("/run").is_dir():
        return Path("/run/slipway")
    return Path(f"/tmp/slipway-{os.getuid()}")


def _private(path: Path) -> Path:
    """Make the folder readable by its owner only, and refuse one that somebody else put there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise CourseError(
            f"{path}, owned and written by this user only",
            f"owner {found.st_uid}, mode {found.st_mode & 0o777:o}",
            "remove that folder, or set SLIPWAY_STATE_DIR and SLIPWAY_RUNTIME_DIR to folders of your own",
        )
    return path
