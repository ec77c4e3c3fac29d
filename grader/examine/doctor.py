"""How isolated grading is on this machine, and what would make it stronger: one finding a line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course.doctor import Finding
from grader.examine.engine import MEMORY_FOR_DATA, has_memory

_PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


@dataclass(frozen=True)
class Advisory:
    """A known fault of engines that grading has to live with.

    Args:
        id: its number.
        fixed: the first versions without it, one for each line of releases that was mended.
        what: what it lets happen.
        held: what Slipway does about it.
    """

    id: str
    fixed: tuple[tuple[int, int, int], ...]
    what: str
    held: str

    def concerns(self, version: tuple[int, int, int]) -> bool:
        """Whether an engine of that version has it."""
        same_line = [fixed for fixed in self.fixed if fixed[0] == version[0]]
        return version < (same_line[0] if same_line else max(self.fixed))


ADVISORIES = (
    Advisory(
        "CVE-2024-24557",
        ((24, 0, 9), (25, 0, 2)),
        "a crafted image can pass for a cached layer of the classic builder",
        "graded builds take no layer from the cache, and each examiner has an engine of its own",
    ),
    Advisory(
        "CVE-2026-41567",
        ((29, 5, 1),),
        "a container's own xz or unpigz may run as root of the machine when files are copied into it",
        "archives are unpacked and written anew before they reach the engine",
    ),
)


def examine() -> list[Finding]:
    """Look at everything that keeps learners' work apart while it is graded; nothing is changed."""
    return [_sandbox(), *_weaker_sandbox(), *_own_engine(), _firewall(), *_engine(), _memory()]


def is_isolated(findings: list[Finding]) -> bool:
    """Whether untrusted work can be graded here."""
    return all(finding.ok for finding in findings if finding.needed)


def _sandbox() -> Finding:
    from grader.examine.sandbox.isolation import available

    here = available()
    found = "learners' cells run in bubblewrap, without network, files or processes of this machine"
    return Finding("sandbox", bool(here), found if here else here.observed, here.try_next)


def _weaker_sandbox() -> Iterator[Finding]:
    from grader.examine.sandbox.isolation import available

    for words in available().weaker:
        yield Finding("sandbox is weaker", False, words, "grade as root on a machine of its own", needed=False)


def _own_engine() -> Iterator[Finding]:
    missing = [name for name in ("dockerd", "ip", "unshare") if shutil.which(name, path=_PATH) is None]
    if os.geteuid() != 0:
        found, mend = "only root can start one", "grade as root, or --engine with one that nobody works on"
    elif missing:
        found, mend = f"{', '.join(missing)} not found", "sudo apt-get install docker.io iproute2 util-linux"
    else:
        found, mend = "each examiner starts one, seeded with the base images", ""
    yield Finding("engine of its own", not mend, found, mend, needed=False)
    if mend:
        return
    remap = _can_remap()
    yield Finding(
        "user namespaces",
        remap,
        "root in a container is nobody on the machine" if remap else "root in a container is root on the machine",
        "sudo useradd --system dockremap, and a line for it in /etc/subuid and /etc/subgid",
        needed=False,
    )
    crun = shutil.which("crun", path=_PATH) is not None
    found = "installed: containers start with it where it runs" if crun else "not installed: containers start slower"
    yield Finding("crun", crun, found, "sudo apt-get install crun", needed=False)


def _can_remap() -> bool:
    """dockerd makes the user dockremap where it finds a program for it (moby `pkg/idtools`)."""
    there = all("dockremap:" in _text(Path(path)) for path in ("/etc/subuid", "/etc/subgid"))
    makes = any(shutil.which(name, path=_PATH) for name in ("adduser", "useradd"))
    return there or makes


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _firewall() -> Finding:
    ok = os.geteuid() == 0 and shutil.which("iptables", path=_PATH) is not None
    found = "graded containers reach neither this machine nor anything outside"
    weak = "only root can set one, with iptables: graded containers would reach this machine and what it reaches"
    return Finding("firewall", ok, found if ok else weak, "grade as root, with iptables installed")


def _engine() -> Iterator[Finding]:
    version = engine_version()
    if version is None:
        yield Finding("engine's version", False, "dockerd is not installed here", "course engine up", needed=False)
        return
    shown = ".".join(map(str, version))
    concerning = [advisory for advisory in ADVISORIES if advisory.concerns(version)]
    if not concerning:
        yield Finding("engine's version", True, f"{shown}, with none of the {len(ADVISORIES)} known advisories")
    for advisory in concerning:
        found = f"{shown} has {advisory.id}: {advisory.what}; {advisory.held}"
        newest = ".".join(map(str, max(advisory.fixed)))
        yield Finding("engine's version", False, found, f"an engine from {newest} on", needed=False)


def engine_version() -> tuple[int, int, int] | None:
    """The version of the dockerd that an engine of its own would be, None where there is none."""
    program = shutil.which("dockerd", path=_PATH)
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _memory() -> Finding:
    ok = has_memory()
    size = f"{MEMORY_FOR_DATA / 1024**3:g} GiB"
    found = f"images and containers are kept in {size} of memory" if ok else "images and containers are kept on disk"
    return Finding("memory", ok, found, f"{size} more free memory for each worker grades faster", needed=False)
