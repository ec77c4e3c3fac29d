"""Questions about the set-up that an image carries: its commands, variables, ports, user, folder and labels."""

from __future__ import annotations

import json

from grader.checks.check import failed
from grader.checks.finding import find_image
from grader.checks.found import FoundImage
from grader.checks.named import Image
from grader.checks.questions.files import read_text
from grader.checks.starting import shelf
from grader.checks.text import Wanted, found
from grader.checks.trial import Trial

_SHELLS = {"sh", "bash", "ash", "dash"}


def command(image: Image, instruction: str, words: tuple[str, ...], trial: Trial) -> str:
    """CMD or ENTRYPOINT is there, with these words where any are given."""
    seen = _words(find_image(trial, image), instruction)
    if not seen:
        raise failed("image.no_command", image=image.ref, instruction=instruction)
    if words and seen != words:
        if in_shell(seen):
            raise failed("image.shell_form", image=image.ref, instruction=instruction, seen=json.dumps(seen))
        raise failed("image.other_command", image=image.ref, instruction=instruction, seen=json.dumps(seen))
    return f"{instruction} {json.dumps(seen)}"


def exec_form(image: Image, instruction: str, trial: Trial) -> str:
    """The program is started without a shell around it."""
    seen = _words(find_image(trial, image), instruction)
    if not seen:
        raise failed("image.no_command", image=image.ref, instruction=instruction)
    if in_shell(seen):
        raise failed("image.shell_form", image=image.ref, instruction=instruction, seen=json.dumps(seen))
    return f"{instruction} {json.dumps(seen)}"


def env(image: Image, name: str, value: Wanted | None, trial: Trial) -> str:
    """ENV sets the variable."""
    seen = find_image(trial, image).fact.environment
    if name not in seen:
        raise failed("image.no_env", image=image.ref, name=name, names=", ".join(sorted(seen)) or "none")
    if value is not None and not matches(value, seen[name]):
        raise failed("image.other_env", image=image.ref, name=name, seen=seen[name])
    return f"{name}={seen[name]}"


def exposes(image: Image, port: int, protocol: str, trial: Trial) -> str:
    """EXPOSE names the port."""
    seen = find_image(trial, image).fact.exposed_ports
    if f"{port}/{protocol}" not in seen:
        raise failed("image.not_exposed", image=image.ref, port=f"{port}/{protocol}", seen=", ".join(seen) or "none")
    return ", ".join(seen)


def user(image: Image, name: str, trial: Trial) -> str:
    """USER is this name or number; a group after a colon is not looked at."""
    seen = find_image(trial, image).fact.user
    if seen.partition(":")[0] != name:
        raise failed("image.other_user", image=image.ref, seen=seen or "root (no USER is set)")
    return f"USER {seen}"


def not_root(image: Image, trial: Trial) -> str:
    """USER is not root, neither by number nor by what /etc/passwd says of the name."""
    found_image = find_image(trial, image)
    seen = found_image.fact.user
    number = uid(trial, found_image, seen, image.machine)
    if number is None:
        raise failed("image.unknown_user", image=image.ref, seen=seen)
    if number == 0:
        raise failed("image.root", image=image.ref, seen=seen or "no USER is set")
    return f"USER {seen}"


def uid(trial: Trial, image: FoundImage, user: str, machine: str) -> int | None:
    """The number of a user as this image counts; None for a name that its /etc/passwd does not have."""
    name = user.partition(":")[0]
    if name in ("", "root"):
        return 0
    if name.isdecimal():
        return int(name)
    passwd = read_text(trial, shelf(trial, image, machine), "/etc/passwd", machine) or ""
    for entry in passwd.splitlines():
        fields = entry.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdecimal():
            return int(fields[2])
    return None


def workdir(image: Image, path: str, trial: Trial) -> str:
    """WORKDIR is this folder."""
    seen = find_image(trial, image).fact.working_dir
    if (seen.rstrip("/") or "/") != (path.rstrip("/") or "/"):
        raise failed("image.other_workdir", image=image.ref, path=path, seen=seen or "/ (no WORKDIR is set)")
    return f"WORKDIR {seen}"


def label(image: Image, name: str, value: Wanted | None, trial: Trial) -> str:
    """LABEL sets the key."""
    seen = find_image(trial, image).fact.labels
    if name not in seen:
        raise failed("image.no_label", image=image.ref, name=name, names=", ".join(sorted(seen)) or "none")
    if value is not None and not matches(value, seen[name]):
        raise failed("image.other_label", image=image.ref, name=name, seen=seen[name])
    return f"{name}={seen[name]}"


def healthcheck(image: Image, trial: Trial) -> str:
    """HEALTHCHECK is set, and is not NONE."""
    test = (find_image(trial, image).config.get("Healthcheck") or {}).get("Test") or []
    if not test or test == ["NONE"]:
        raise failed("image.no_healthcheck", image=image.ref)
    return f"HEALTHCHECK {json.dumps(test)}"


def matches(wanted: Wanted, value: str) -> bool:
    """A value is the wanted text as a whole, or holds a match of the pattern."""
    return value == wanted if isinstance(wanted, str) else found(wanted, value)


def in_shell(words: tuple[str, ...]) -> bool:
    """Whether the words are what the engine makes of shell form: `/bin/sh -c "…"`, with one text after it."""
    return len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS and words[1] == "-c"


def _words(image: FoundImage, instruction: str) -> tuple[str, ...]:
    return image.fact.command if instruction.upper() == "CMD" else image.fact.entrypoint
