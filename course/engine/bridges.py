"""The bridges of an engine's sessions on this machine: their names, and taking them away with their firewall rules.

An engine takes its networks away when it is asked to, but not when it ends, and leaves the rules of its own bridge in
any case (moby 20.10 to 26.1). Only the standard library, as the keeper of a grading engine uses it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

GRADING, LEARNERS = "swg", "swl"
"""What the names begin with; the gateway's firewall knows them by that."""
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"
_TARGET = re.compile(r"--to-destination ([\d.]+):")


def name(engine: Path, *, grading: bool) -> str:
    """A new name for a bridge of a session: 15 characters, as many as Linux allows.

    Args:
        engine: its socket.
    """
    return f"{GRADING if grading else LEARNERS}{_mark(engine)}{secrets.token_hex(3)}"


def of_sessions(engine: Path) -> str:
    """The pattern of the names of all bridges of an engine's sessions, for `remove`."""
    return f"sw[gl]{_mark(engine)}??????"


def remove(*patterns: str) -> None:
    """Take bridges away, and the rules of iptables and ip6tables that name them; what is not there is passed over.

    Args:
        patterns: names, or patterns as in a shell.
    """
    for _, link in socket.if_nameindex():  # /sys may be that of another network namespace
        if _matches(link, patterns):
            _run("ip", "link", "delete", link)
    for tool in ("iptables", "ip6tables"):
        for table in ("filter", "nat"):
            for rule in list(_rules(_run(tool, "-w", "10", "-t", table, "-S"), patterns)):
                _run(tool, "-w", "10", "-t", table, "-D", *rule[1:])


def _rules(listed: str, patterns: tuple[str, ...]) -> Iterator[list[str]]:
    """The rules that name such a bridge, and those of a published port's address, which name nothing else."""
    lines = [line for line in listed.splitlines() if line.startswith("-A ")]
    ours = [line for line in lines if any(_matches(word, patterns) for word in line.split())]
    addresses = {f"-s {found}/32 -d {found}/32 " for line in ours for found in _TARGET.findall(line)}
    for line in lines:
        if line in ours or any(address in line for address in addresses):
            yield shlex.split(line)


def _matches(word: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(word, pattern) for pattern in patterns)


def _mark(engine: Path) -> str:
    """Six hexadecimal digits that tell an engine's bridges from another's."""
    return hashlib.sha256(os.fsencode(os.path.realpath(engine))).hexdigest()[:6]


def _run(tool: str, *arguments: str) -> str:
    """What a command prints; "" where it is not there or fails."""
    program = shutil.which(tool, path=_PATH)
    if program is None:
        return ""
    try:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
