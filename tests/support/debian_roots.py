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
    made = _cache() / suite
    with FileLock(_cache() / f"{suite}.lock"):
        if not (made / "usr/sbin/dockerd").exists():
            _make(suite, made)
    return made


def python_base() -> Path:
    """A tar file like python:slim with the docker command, from forky: what the course's image is built on here.

    Raises:
        CourseError: it is not there yet, and cannot be made here.
    """
    made = _cache() / "python-base.tar"
    with FileLock(_cache() / "python-base.lock"):
        if not made.exists():
            part = made.with_name("part.tar")
            _mmdebstrap("forky", part, "minbase", "python3,python3-venv,docker-cli,ca-certificates")
            part.rename(made)
    return made


def arm64_python() -> Path:
    """A folder with Python 3.11 of Debian 12 for arm64, unpacked without running any of its programs.

    Raises:
        CourseError: it is not there yet, and cannot be made here.
    """
    made = _cache() / "arm64"
    with FileLock(_cache() / "arm64.lock"):
        if not (made / "usr/bin/python3").exists():
            shutil.rmtree(made, ignore_errors=True)
            _mmdebstrap("bookworm", made, "extract", "python3,libstdc++6,ca-certificates", "--architectures=arm64")
    return made


def qemu() -> Path:
    """Debian's qemu for arm64, unpacked and not installed, so that this machine runs no foreign program by it.

    Raises:
        CourseError: Debian's packages cannot be reached.
    """
    folder = _cache() / "qemu"
    program = folder / "usr/bin/qemu-aarch64-static"
    with FileLock(_cache() / "qemu.lock"):
        if not program.exists():
            folder.mkdir(exist_ok=True)
            fetch = "apt-get download -qq qemu-user-static && dpkg-deb --extract qemu-user-static_*.deb . && rm *.deb"
            done = subprocess.run(["sh", "-c", fetch], cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CourseError("Debian's package qemu-user-static", done.stderr[-500:], "sudo apt-get update")
    return program


def _cache() -> Path:
    cache = Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache/slipway-tests")
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def _make(suite: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _mmdebstrap(suite, folder, "apt", f"{PACKAGES}{MORE[suite]}")
    except CourseError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _mmdebstrap(suite: str, to: Path, variant: str, packages: str, *more: str) -> None:
    expected = f"the file system of Debian {suite}, with {packages}"
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        raise CourseError(expected, "no mmdebstrap, or no root", "`make tools` as root")
    command = [
        "mmdebstrap", f"--variant={variant}", "--mode=root", f"--include={packages}", *more,
        # the index of a mirror that is not in step may be out of date; signatures are checked all the same
        '--aptopt=Acquire::Check-Valid-Until "false"', suite, str(to),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(expected, done.stderr[-2000:], "look whether Debian's packages can be reached")


if __name__ == "__main__":
    for one in MORE:
        try:
            print(f"✓ Debian {one} is in {root(one)}")
        except CourseError as error:
            print(f"! tests of its engine are skipped:\n{error}")
