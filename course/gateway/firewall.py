"""Rules that keep graded containers off the host and off the outside, and sessions off each other.

An `--internal` network is not enough: its containers still reach the host's services at the bridge's address, and it
cannot publish ports (GATEWAY.md, item 30). So the bridges of grading sessions have names that start with `swg`, those
of learners `swl`, and the rules name them. The rules are set before the first such network is made and stay: without
such a bridge they match nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from course.engine import bridges

GRADING, LEARNERS = f"{bridges.GRADING}+", f"{bridges.LEARNERS}+"
_NEW = ("-m", "conntrack", "!", "--ctstate", "ESTABLISHED,RELATED", "-j", "DROP")
_TO_THE_HOST = ("-i", GRADING, *_NEW)  # answers to docker-proxy, which connects from the host, are ESTABLISHED
_OUT = ("-i", GRADING, "!", "-o", GRADING, "-j", "DROP")
_IN = ("!", "-i", GRADING, "-o", GRADING, "-j", "DROP")
# Between bridges of one kind: what is routed goes from one bridge to another, what is bridged stays on its own. The
# engine has such rules too, and loses them when another engine starts on the machine.
_BETWEEN = ("-m", "physdev", "!", "--physdev-is-bridged", "-j", "DROP")
_BETWEEN_GRADING = ("-i", GRADING, "-o", GRADING, *_BETWEEN)
_BETWEEN_LEARNERS = ("-i", LEARNERS, "-o", LEARNERS, *_BETWEEN)
_PATH = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"


def ensure() -> str:
    """Set the rules that are missing, for IPv4 and IPv6.

    Returns:
        "" when those that close grading networks are in force, else one clause that says why they are not.
    """
    if os.geteuid() != 0:
        return "the gateway does not run as root"
    tool = shutil.which("iptables", path=_PATH)
    if tool is None:
        return "iptables is not installed"
    for table in (tool, shutil.which("ip6tables", path=_PATH)):
        if table is None:
            continue
        forward = "DOCKER-USER" if _run(table, "-n", "-L", "DOCKER-USER") == "" else "FORWARD"
        for chain, closed in (("INPUT", _TO_THE_HOST), (forward, _OUT), (forward, _IN)):
            why = _ensure(table, chain, closed)
            if why and table == tool:
                return why
        for rule in (_BETWEEN_GRADING, _BETWEEN_LEARNERS):  # without the module, the engine's own rules must do
            _ensure(table, forward, rule)
    return ""


def _ensure(tool: str, chain: str, rule: Sequence[str]) -> str:
    if _run(tool, "-C", chain, *rule) == "":
        return ""
    return _run(tool, "-I", chain, "1", *rule)


def _run(tool: str, *arguments: str) -> str:
    """Run it; "" for success, else its complaint. `-w` waits for the lock that the engine's own calls take."""
    try:
        done = subprocess.run([tool, "-w", "10", *arguments], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"{tool} ended with {done.returncode}"
