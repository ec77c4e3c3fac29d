"""Whether submissions can be kept apart on this machine, how well, and what would make it better."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

PROBE = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--ro-bind", "/", "/", "--proc", "/proc")
PROBE_SECONDS = 20.0
_RESTRICTED = (
    "allow user namespaces for bubblewrap (`sysctl kernel.unprivileged_userns_clone=1`, or the AppArmor profile "
    "bwrap-userns-restrict), or grade as root; in a container, give it what `docker run --privileged` gives"
)


@dataclass(frozen=True)
class Available:
    """Whether there is a sandbox; true if there is.

    Args:
        observed: why there is none, "" where there is one.
        try_next: what would mend that.
        weaker: what holds less than it could, a sentence each.
    """

    observed: str = ""
    try_next: str = ""
    weaker: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.observed


_known: dict[tuple[str, int], Available] = {}


def available() -> Available:
    """Try bubblewrap, once for each program and user."""
    program = shutil.which("bwrap")
    if program is None:
        return Available("bubblewrap (the command bwrap) is not there", "`apt-get install bubblewrap` on Linux")
    key = (program, os.geteuid())
    if key not in _known:
        _known[key] = _tried(program)
    return _known[key]


def _tried(program: str) -> Available:
    user = () if os.geteuid() == 0 else ("--unshare-user", "--disable-userns")
    try:
        done = subprocess.run(
            [program, *user, *PROBE, "true"], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Available(f"bubblewrap does not answer: {error}", "`bwrap --ro-bind / / true` in a terminal")
    if done.returncode != 0:
        words = done.stderr.strip()[-300:] or f"it ended with {done.returncode}"
        newer = "--disable-userns" in words
        return Available(f"bubblewrap fails: {words}", "a bubblewrap from 0.8.0 on" if newer else _RESTRICTED)
    return Available(weaker=_weaker())


def _weaker() -> tuple[str, ...]:
    from grader.examine.sandbox import seccomp
    from grader.examine.sandbox.fence import Fences

    found = []
    if os.geteuid() != 0:
        found.append(
            "cells run with this user's own id, held back by namespaces alone: grade as root for an id of nobody"
        )
        found.append("each kernel starts cold, because only root may enter a place from a warm parent")
    if words := Fences().weaker:
        found.append(words)
    if not seccomp.program():
        found.append("no filter of system calls for this kind of processor")
    return tuple(found)
