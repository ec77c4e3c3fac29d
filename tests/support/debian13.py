"""The file system of Debian 13 with its engine, the second one of the matrix. As a program it makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from course.errors import CourseError

PACKAGES = "docker.io,iptables,ca-certificates,iproute2,kmod,procps,e2fsprogs"


def root() -> Path:
    """Its folder, made once and kept where the user's caches are.

    Raises:
        CourseError: it is not there yet, and cannot be made here.
    """
    cache = Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache/slipway-tests")
    made = cache / "trixie"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "trixie.lock"):
        if not (made / "usr/sbin/dockerd").exists():
            _make(made)
    return made


def _make(folder: Path) -> None:
    expected = "the file system of Debian 13, for the second engine of the matrix"
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        raise CourseError(expected, "no mmdebstrap, or no root", "`make tools` as root")
    shutil.rmtree(folder, ignore_errors=True)
    command = ["mmdebstrap", "--variant=apt", "--mode=root", f"--include={PACKAGES}", "trixie", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise CourseError(expected, done.stderr[-2000:], "look whether Debian's packages can be reached")


if __name__ == "__main__":
    try:
        print(f"✓ Debian 13 is in {root()}")
    except CourseError as error:
        print(f"! tests of the second engine are skipped:\n{error}")
