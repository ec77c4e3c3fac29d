"""File systems of newer Debians with their engines, for the matrix. As a program it makes those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from course.errors import CourseError

PACKAGES = "docker.io,mount,iptables,ca-certificates,iproute2,kmod,procps,e2fsprogs"
MORE = {
    "trixie": "",  # Debian 13: engine 26.1
    # Debian 14 to be: engine 28.5 with BuildKit and Compose, Podman 5.8, Python 3.14
    "forky": ",docker-cli,docker-buildx,docker-compose,nftables,podman,crun,python3,python3-venv",
}


def root(suite: str) -> Path:
    """The folder of a Debian, made once and kept where the user's caches are.

    Raises:
        CourseError: it is not there yet, and cannot be made here.
    """
    cache = Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache/slipway-tests")
    made = cache / suite
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{suite}.lock"):
        if not (made / "usr/sbin/dockerd").exists():
            _make(suite, made)
    return made


def _make(suite: str, folder: Path) -> None:
    expected = f"the file system of Debian {suite}, for an engine of the matrix"
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        raise CourseError(expected, "no mmdebstrap, or no root", "`make tools` as root")
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        "mmdebstrap", "--variant=apt", "--mode=root", f"--include={PACKAGES}{MORE[suite]}",
        # the index of a mirror that is not in step may be out of date; signatures are checked all the same
        '--aptopt=Acquire::Check-Valid-Until "false"', suite, str(folder),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise CourseError(expected, done.stderr[-2000:], "look whether Debian's packages can be reached")


if __name__ == "__main__":
    for one in MORE:
        try:
            print(f"✓ Debian {one} is in {root(one)}")
        except CourseError as error:
            print(f"! tests of its engine are skipped:\n{error}")
