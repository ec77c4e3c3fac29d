"""What `course doctor` checks: each finding is one line, and a failed one names the command that fixes it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import docker

from course.engine.endpoint import client, find
from course.engine.errors import EngineError

ROOM = 2 * 1024**3  # bytes: the four base images, a learner's builds, and some air


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        what: its name ("engine").
        ok: whether a lesson can live with what was found.
        found: what was found.
        mend: the command that fixes it, "" when ok.
        needed: whether a lesson needs it; the browser, for one, only the tests need.
    """

    what: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True

    @property
    def line(self) -> str:
        """The finding as one line of text."""
        mend = f"  →  {self.mend}" if not self.ok else ""
        return f"{'✓' if self.ok else '✗'} {self.what}: {self.found}{mend}"

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look at everything; an engine that does not answer ends only the findings that need it."""
    findings = []
    try:
        endpoint = find()
    except EngineError as error:
        findings.append(Finding("engine", False, error.observed, error.try_next))
    else:
        findings.append(Finding("engine", True, f"{endpoint.url} ({endpoint.source})"))
        findings.append(Finding("API version", True, endpoint.api))
        engine = client(endpoint)
        try:
            findings += _engine(engine)
        finally:
            engine.close()
    return [*findings, *_machine()]


def _engine(engine: docker.DockerClient) -> Iterator[Finding]:
    info = engine.info()
    rootless = any("rootless" in option for option in info.get("SecurityOptions") or ())
    yield Finding("rootless", True, "yes" if rootless else "no")
    yield Finding("storage driver", True, f"{info.get('Driver', 'unknown')}, cgroup {info.get('CgroupVersion', '1')}")
    yield _disk(Path(info.get("DockerRootDir") or "/"))
    yield _base_images(engine)


def _disk(folder: Path) -> Finding:
    while not folder.exists():  # the engine may keep its data where this process cannot look
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Finding("free disk", free >= ROOM, f"{free / 1024**3:.1f} GiB", "free some space; `df -h` shows the disks")


def _base_images(engine: docker.DockerClient) -> Finding:
    from course.images import BASES, look

    images = [look(engine, recipe) for recipe in BASES.values()]
    absent = [image.name for image in images if not image.id]
    older = [image.name for image in images if image.id and not image.current]
    found = f"{len(BASES) - len(absent) - len(older)} of {len(BASES)}"
    found += f", missing {', '.join(absent)}" if absent else ""
    found += f", of another version of the course {', '.join(older)}" if older else ""
    return Finding("base images", not absent and not older, found, "course images pull")


def _machine() -> Iterator[Finding]:
    yield _kernel()
    for package, needed in (("jupyterlab", True), ("docker", True), ("ipywidgets", True)):
        yield _package(package, needed)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    mend = "sudo apt-get install chromium"
    yield Finding("browser for tests", browser is not None, browser or "none", mend, needed=False)


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("slipway")
    except NoSuchKernel:
        return Finding("kernel", False, "the kernelspec slipway is not installed", _again())
    return Finding("kernel", True, f"{spec.display_name} at {spec.resource_dir}")


def _package(name: str, needed: bool) -> Finding:
    try:
        return Finding(name, True, version(name), needed=needed)
    except PackageNotFoundError:
        mend = _again() if _in_a_clone() else "pip install slipway"  # which installs what is missing
        return Finding(name, False, "not installed", mend, needed=needed)


def _again() -> str:
    """The command that installs the course itself again: where it came from, a clone or the wheel."""
    return "make -B setup" if _in_a_clone() else "pip install --force-reinstall --no-deps slipway"


def _in_a_clone() -> bool:
    """Whether the course runs from a clone; `make setup` does nothing there while `.venv` is newer than the lock."""
    return (Path(__file__).resolve().parents[1] / "Makefile").exists()
