"""Where the course keeps what lasts (state), what lives as long as its processes (runtime), and the lessons."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_runtime_path, user_state_path


def state_dir() -> Path:
    """The folder for ledgers, journals and progress; `SLIPWAY_STATE_DIR` overrides it."""
    return _private(os.environ.get("SLIPWAY_STATE_DIR"), user_state_path("slipway"))


def runtime_dir() -> Path:
    """The folder for sockets and process ids; `SLIPWAY_RUNTIME_DIR` overrides it.

    Keep it short: the path of a Unix socket holds at most 107 bytes (unix(7)).
    """
    return _private(os.environ.get("SLIPWAY_RUNTIME_DIR"), user_runtime_path("slipway"))


def workspace() -> Path:
    """The folder that the learner works in: `SLIPWAY_WORKSPACE`, else the current folder."""
    return Path(os.environ.get("SLIPWAY_WORKSPACE") or Path.cwd()).resolve()


def _private(override: str | None, default: Path) -> Path:
    path = Path(override) if override else default
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
