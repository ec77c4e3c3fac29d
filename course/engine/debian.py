"""Installing Debian packages, with consent: the engine itself, and what builds base images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

from course.errors import CourseError

_STEP = re.compile(r"Fetched |Get:\d|Unpacking |Setting up ")
LOCK_SECONDS = 120  # until apt-get gives up on one that is still at work, such as that of an interrupted call


class NotInstalled(CourseError):
    """A program is missing, and it was not or could not be installed."""


def consented(consent: bool = False) -> bool:
    """Whether consent was given in advance: `--yes`, SLIPWAY_CONSENT=1 or CI=true."""
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
    """Install Debian packages without their recommendations, after saying how much that is and asking.

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
    _apt("update", "-qq")  # before the question: without current lists, apt-get knows no sizes
    print(f"Debian packages to install: {wanted} ({size_of(packages)})", file=sys.stderr)
    if not ask("Install them (as root)?", consent):
        raise NotInstalled(f"consent to install {wanted}", "no consent", f"{by_hand}, or repeat with --yes")
    _finish_what_was_interrupted()
    code, said = _apt("install", "-y", "--no-install-recommends", *packages, show=_STEP)
    if code:
        raise NotInstalled(f"{wanted}, installed", "\n".join(said[-5:]), by_hand)


def size_of(packages: Sequence[str]) -> str:
    """What an installation brings, such as "9 packages, 60.1 MB to download, 245 MB on disk"."""
    _, said = _apt("install", "--assume-no", "--no-install-recommends", *packages)
    text = "\n".join(said)
    count = re.search(r"(\d+) newly installed", text)
    fetched = re.search(r"Need to get (?:[\d.,]+ \w*B/)?([\d.,]+ \w*B)", text)
    unpacked = re.search(r"After this operation, ([\d.,]+ \w*B) of additional", text)
    parts = [
        f"{count[1]} packages" if count else "",
        f"{fetched[1]} to download" if fetched else "",
        f"{unpacked[1]} on disk" if unpacked else "",
    ]
    return ", ".join(filter(None, parts)) or "apt-get doesn't say how large they are"


def _finish_what_was_interrupted() -> None:
    """Let dpkg and apt-get complete an installation that was killed; apt-get refuses every other one until then."""
    if not _run("dpkg", "--audit")[1]:
        return
    print("An earlier installation was interrupted; it is finished first.", file=sys.stderr)
    _run("dpkg", "--configure", "--pending", show=_STEP)
    _apt("install", "-y", "--fix-broken", "--no-install-recommends", show=_STEP)


def _apt(*words: str, show: re.Pattern[str] | None = None) -> tuple[int, list[str]]:
    """Run apt-get, which waits where another one is still at work; see `_run`."""
    return _run("apt-get", f"-oDPkg::Lock::Timeout={LOCK_SECONDS}", *words, show=show)


def _run(*command: str, show: re.Pattern[str] | None = None) -> tuple[int, list[str]]:
    """Run a command; the lines that `show` matches are printed as they come. Returns its exit code and all lines."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    said = []
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line.rstrip())
            if show and show.match(line):
                print(f"  {line.rstrip()}", file=sys.stderr)
    return running.returncode, said


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
