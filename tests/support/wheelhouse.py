"""Wheels of the locked versions for a Python and a processor that are not this machine's, fetched once."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
OLDEST_GLIBC = 5  # the minor version of glibc 2 that the oldest wheels name

_PIP = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:")


class NotFetched(Exception):
    """The packages could not be fetched; the message is the client's own."""


def cache() -> Path:
    """Where tests keep what they fetch."""
    return Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache" / "slipway-tests")


def fetch(python: str, processor: str, who: Sequence[str] = (), *, glibc: int = 36) -> Path:
    """A folder with the wheels of the lock, and `requirements.txt`, their names with hashes.

    Args:
        python: its version ("3.14").
        processor: as wheels name it ("x86_64", "aarch64").
        who: the extra and groups to take besides what a learner needs, as options of `uv pip compile`.
        glibc: the newest minor version of glibc 2 that the wheels may ask for.

    Raises:
        NotFetched: no registry could be reached, or a package has no wheel for that system.
    """
    folder = cache() / "-".join(["wheels", python, processor, *(word.strip("-") for word in who)])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirements.txt"
    with FileLock(folder.with_suffix(f"{folder.suffix}.lock")):
        fresh = resolve(python, processor, who)
        if not wanted.exists() or wanted.read_text() != fresh:
            (folder / "asked.txt").write_text(fresh)
            _download(folder, python, processor, glibc)
            (folder / "asked.txt").rename(wanted)
    return folder


def build_system() -> Path:
    """A folder with the wheels that an installation from source is built with; they are for every system.

    Raises:
        NotFetched: no registry could be reached.
    """
    folder = cache() / "wheels-build"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        wanted = ["editables", *tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]]
        if not list(folder.glob("hatchling-*.whl")):
            _run([*_PIP, "--dest", str(folder), *wanted], {**os.environ, "PIP_CACHE_DIR": str(cache() / "pip")})
    return folder


def resolve(python: str, processor: str, who: Sequence[str]) -> str:
    """The locked versions with hashes for one Python on one system, as pip's requirements.

    pip would read the lock's markers for the Python that runs it. The arguments are those of `fetch`.
    """
    command = [
        str(UV), *("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--generate-hashes", "--only-binary", ":all:", "--constraints", "constraints.txt"),
        *("--python-version", python, "--python-platform", f"{processor}-manylinux_2_28"),
        "pyproject.toml", *who,
    ]  # fmt: skip
    environment = {**os.environ, "UV_CACHE_DIR": str(cache() / "uv")}
    return _run(command, environment)


def _download(folder: Path, python: str, processor: str, glibc: int) -> None:
    kinds = [f"manylinux_2_{minor}" for minor in range(glibc, OLDEST_GLIBC - 1, -1)]
    kinds += ["manylinux2014", "manylinux2010", "manylinux1", "linux"]  # the older names of the same
    command = [
        *_PIP,
        *("--no-deps", "--require-hashes", "--requirement", str(folder / "asked.txt"), "--dest", str(folder)),
        *("--implementation", "cp", "--python-version", python),
        *(word for kind in kinds for word in ("--platform", f"{kind}_{processor}")),
    ]  # fmt: skip
    _run(command, {**os.environ, "PIP_CACHE_DIR": str(cache() / "pip")})


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotFetched(done.stderr.strip()[-1000:])
    return done.stdout
