"""Installing Debian packages, with consent: the engine itself, and what builds base images."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from course.errors import CourseError


class NotInstalled(CourseError):
    """A program is missing, and it was not or could not be installed."""


def consented(consent: bool = False) -> bool:
    """Whether somebody said yes beforehand: `--yes`, SLIPWAY_CONSENT=1 or CI=true."""
    return consent or os.environ.get("SLIPWAY_CONSENT") == "1" or os.environ.get("CI") == "true"


def ask(question: str, consent: bool = False) -> bool:
    """Ask a yes-or-no question on the terminal, unless consent was given; without a terminal the answer is no."""
    return consented(consent) or agreed(question)


def agreed(question: str) -> bool:
    """Ask a yes-or-no question on the terminal; without a terminal the answer is no, whatever the environment says."""
    if not sys.stdin.isatty():
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def can_install() -> bool:
    """Whether this is a Debian or Ubuntu machine where this process is root."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def apt_install(packages: Sequence[str], consent: bool = False) -> None:
    """Install Debian packages without their recommendations, after asking.

    Args:
        packages: names of Debian packages.
        consent: whether the user has agreed already.

    Raises:
        NotInstalled: no root, not Debian, no consent, or apt-get failed (its last lines are in the message).
    """
    wanted = " ".join(packages)
    by_hand = f"sudo apt-get install {wanted}"
    if not can_install():
        raise NotInstalled(f"{wanted}, installed", "not root on Debian or Ubuntu", by_hand)
    if not ask(f"Install the Debian packages {wanted} (as root)?", consent):
        raise NotInstalled(f"consent to install {wanted}", "no consent", f"{by_hand}, or repeat with --yes")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise NotInstalled(f"{wanted}, installed", tail, by_hand)


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Those of the packages that dpkg does not know as installed."""
    shown = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in installed]


def main() -> None:
    """Install the named packages where they are missing: `python -m course.engine.debian [--yes] PACKAGE…`."""
    packages = [word for word in sys.argv[1:] if word != "--yes"]
    if shutil.which("dpkg-query") is None:
        print(f"not a Debian machine: tests that need {', '.join(packages)} say so when they are skipped")
        return
    absent = missing_packages(packages)
    if absent:
        try:
            apt_install(absent, consent="--yes" in sys.argv)
        except NotInstalled as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
