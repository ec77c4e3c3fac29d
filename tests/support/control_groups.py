"""Control groups of version 2 on a machine of either version: the kernel mounts them beside those of version 1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def version_2(below: Path) -> Iterator[Path]:
    """The root of version 2, mounted in a folder; it has the freezer, and the controllers that version 1 leaves it."""
    mounted = below / "cgroup2"
    mounted.mkdir()
    done = subprocess.run(["mount", "-t", "cgroup2", "none", str(mounted)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this kernel mounts no cgroup2 here: {done.stderr.strip()}")
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)
