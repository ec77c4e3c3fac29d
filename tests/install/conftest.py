"""What the tests of an installation share: the built wheel, and environments of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")


@dataclass(frozen=True)
class Installed:
    """A fresh environment, and a place for its own sessions.

    Args:
        root: the virtual environment.
        home: an empty home.
    """

    root: Path
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a shell in which this environment is active."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLIPWAY", "JUPYTER", "PYTEST"))
        }
        return {
            **kept,
            "PATH": f"{self.root}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "SLIPWAY_STATE_DIR": str(self.home / "state"),
            "SLIPWAY_RUNTIME_DIR": str(self.home / "run"),
            "JUPYTER_PLATFORM_DIRS": "1",
            **more,
        }

    def run(self, *words: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment."""
        return subprocess.run(
            [str(self.root / "bin" / words[0]), *words[1:]],
            env=self.environment(**more),
            cwd=cwd or self.home,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=500,  # seconds; a deadline for a busy machine
        )

    def packages(self) -> set[str]:
        """The names of what is installed."""
        code = "import importlib.metadata as m; print(*{d.name.lower().replace('_', '-') for d in m.distributions()})"
        return set(self.run("python", "-c", code).stdout.split())

    def megabytes(self) -> float:
        """What it takes on disk once all modules are compiled, as pip leaves it."""
        self.run("python", "-m", "compileall", "-q", str(self.root / "lib"))
        return sum(path.lstat().st_blocks for path in self.root.rglob("*")) * 512 / 1e6


def uv(*words: str) -> subprocess.CompletedProcess[str]:
    """Run uv with the cache of the tests."""
    cache = Path(os.environ.get("SLIPWAY_TEST_CACHE") or Path.home() / ".cache" / "slipway-tests") / "uv"
    environment = {**os.environ, "UV_CACHE_DIR": str(cache), "UV_LINK_MODE": "copy"}
    return subprocess.run([UV, *words], env=environment, capture_output=True, text=True, check=False, cwd=ROOT)


def uv_or_skip(*words: str) -> str:
    """Run uv; where nothing can be fetched, the test is skipped with uv's own words."""
    done = uv(*words)
    if done.returncode and any(sign in done.stderr for sign in ("dns error", "Connect", "Network", "timed out")):
        pytest.skip(f"packages cannot be fetched: {done.stderr.strip()[-300:]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(outside: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this clone."""
    folder = tmp_path_factory.mktemp("wheel")
    uv_or_skip("build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def install(outside: None) -> Iterator[Callable[..., Installed]]:
    """Makes a fresh environment with what it is told to install; ends its gateway and removes it."""
    made: list[tuple[tempfile.TemporaryDirectory[str], Installed]] = []

    def fresh(*what: str) -> Installed:
        folder = tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp")  # short, for the paths of sockets
        place = Installed(Path(folder.name) / "env", Path(folder.name) / "home")
        place.home.mkdir()
        made.append((folder, place))
        uv_or_skip("venv", "--quiet", "--python", sys.executable, str(place.root))
        uv_or_skip("pip", "install", "--quiet", "--python", str(place.root / "bin" / "python"), *what)
        return place

    yield fresh
    for folder, place in made:
        if (place.root / "bin" / "course").exists():
            place.run("course", "gateway", "stop", "--end-sessions")
        folder.cleanup()
