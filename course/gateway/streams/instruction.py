"""One Dockerfile instruction: what it may hold, and the line that the engine is given for it.

The classic builder reads it in several versions, or BuildKit does (`frontend.Frontend`). So an instruction that two
versions could read in two ways (flags in quotes, a line that ends in two escape characters) is refused, and so is what
the builder doesn't know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from course.gateway.policy.names import RESERVED
from course.gateway.policy.refusal import Refusal
from course.gateway.streams import frontend
from course.gateway.streams.frontend import CLASSIC, Frontend

FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset({"chown", "chmod"}),
    "ARG": frozenset(),
    "CMD": frozenset(),
    "COPY": frozenset({"from", "chown", "chmod"}),
    "ENTRYPOINT": frozenset(),
    "ENV": frozenset(),
    "EXPOSE": frozenset(),
    "FROM": frozenset({"platform"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    "LABEL": frozenset(),
    "MAINTAINER": frozenset(),
    "ONBUILD": frozenset(),
    "RUN": frozenset(),
    "SHELL": frozenset(),
    "STOPSIGNAL": frozenset(),
    "USER": frozenset(),
    "VOLUME": frozenset(),
    "WORKDIR": frozenset(),
}
BUILDKIT = frozenset(
    {"mount", "network", "security", "link", "checksum", "keep-git-dir", "exclude", "parents", "device"}
)
LONGEST_LINE = 65_000  # bytes; the engine's scanner takes 65,535
# printable ASCII without quotes and escapes: the engine would split a value at a space of Unicode
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=([!#-&(-\[\]-_a-~]*))?(?:[ \t]+|$)", re.ASCII)
_HEREDOC = re.compile(r"(?:^|\s)[0-9]*<<-?[^<\s]")  # as BuildKit finds them (parser.go, reHeredoc)
_SPACE = re.compile(r"\s+", re.ASCII)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|git@", re.IGNORECASE)
_SCHEMES = ("http://", "https://", "ftp://", "git://", "ssh://", "git@")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Instruction:
    """An instruction as parsed.

    Args:
        text: the learner's line, continuation lines joined.
        line: where it begins, from 1.
        name: in upper case.
        flags: name and value of each flag, in order.
        rest: the text behind the flags.
        words: what follows, as the parser splits it (a JSON list or words).
    """

    text: str
    line: int
    name: str
    flags: tuple[tuple[str, str], ...]
    rest: str
    words: tuple[str, ...]

    def flag(self, name: str) -> str | None:
        """The value of a flag, None when it is not there."""
        return dict(self.flags).get(name)

    def refusal(self, why: str, instead: str = "", status: int = 403) -> Refusal:
        """A refusal of this instruction that names its line."""
        return Refusal(f"Dockerfile line {self.line}: {self.text[:200]}", why, instead, status)

    def written(self, **flags: str) -> str:
        """The line again, with the values of some flags replaced."""
        given = ((name, flags.get(name.replace("-", "_"), value)) for name, value in self.flags)
        shown = [f"--{name}={value}" if value else f"--{name}" for name, value in given]
        return " ".join([self.text.split(None, 1)[0], *shown, self.rest])


def split(text: str, line: int, words: tuple[str, ...], builder: Frontend = CLASSIC) -> Instruction:
    """Read name and flags of an instruction's text.

    Args:
        text: the instruction, with its here-documents.
        line: where it begins.
        words: what follows its name, as the parser splits it.
        builder: who will read it.

    Raises:
        Refusal: 400 for an unknown instruction or flag, 403 for one that this builder doesn't have.
    """
    name, _, rest = _SPACE.sub(" ", text[:20], count=1).partition(" ")
    rest = text[len(name) :].lstrip()
    name = name.upper()
    if name not in FLAGS:
        raise Refusal(f"dockerfile parse error line {line}: unknown instruction: {name[:40]}", "", status=400)
    flags: list[tuple[str, str]] = []
    while rest.startswith("--"):
        found = _FLAG.match(rest)
        if found is None:
            raise Refusal(
                f"Dockerfile line {line}: {text[:200]}",
                "a flag with quotes or escapes",
                "Write --name=value.",
                status=400,
            )
        _check_flag(name, found[1], text, line, {given for given, _ in flags}, builder)
        flags.append((found[1], found[2] or ""))
        rest = rest[found.end() :]
    instruction = Instruction(text, line, name, tuple(flags), rest, words)
    _check_text(instruction, builder)
    return instruction


def _check_flag(name: str, flag: str, text: str, line: int, given: set[str], builder: Frontend) -> None:
    if flag in given and not (builder.buildkit and flag in frontend.REPEATED):
        raise Refusal(f"dockerfile parse error line {line}: Duplicate flag specified: {flag}", "", status=400)
    if flag in FLAGS[name]:
        return
    if flag in BUILDKIT:
        why = builder.lacks(flag) if flag in frontend.FLAGS.get(name, ()) else builder.lacks("")
        if not why:
            return
        raise Refusal(f"Dockerfile line {line}: {text[:200]}", f"--{flag}: {why}", "Leave the flag out.")
    raise Refusal(f"dockerfile parse error line {line}: Unknown flag: {flag}", "", status=400)


def _check_text(instruction: Instruction, builder: Frontend) -> None:
    text = instruction.text
    heredoc = instruction.name in ("RUN", "COPY", "ADD") and _HEREDOC.search(instruction.rest.partition("\n")[0])
    plain = "\t\n" if heredoc and builder.buildkit else "\t"
    if any(letter < " " and letter not in plain for letter in text) or "\x7f" in text:
        raise instruction.refusal("it holds a control character", status=400)
    if max(len(line.encode()) for line in text.split("\n")) > LONGEST_LINE:
        raise instruction.refusal(f"the line is longer than {LONGEST_LINE} bytes", status=400)
    if heredoc and (why := builder.lacks("heredoc")):
        raise instruction.refusal(
            f"a here-document (<<): {why}", "Put the text into a file and COPY it, or use printf."
        )


def check_add(instruction: Instruction) -> None:
    """Refuse ADD from anywhere but the build context: the engine itself would fetch it, from its own network.

    A variable counts as a URL unless the text before it cannot begin one.

    Raises:
        Refusal: 403.
    """
    for word in instruction.words[:-1]:
        plain = word.translate({ord(letter): None for letter in "\"'\\`"}).strip().lower()
        before, variable, _ = plain.partition("$")
        if _REMOTE.match(plain) or (variable and any(scheme.startswith(before) for scheme in _SCHEMES)):
            raise instruction.refusal(
                "ADD may take files of the build context only, and a variable at its beginning could name a URL",
                "Put the file beside the Dockerfile, and write ./ before a variable.",
            )


def check_label(instruction: Instruction) -> None:
    """Refuse labels of the gateway's own prefix, and keys that are made from variables.

    Raises:
        Refusal: 403.
    """
    for key in instruction.words[::2]:
        plain = key.translate({ord(letter): None for letter in "\"'\\`"})
        if plain.startswith(RESERVED) or "$" in plain:
            raise instruction.refusal(
                f"a label's key may not begin with {RESERVED} or hold a variable", "Choose another."
            )


def clamp_health(instruction: Instruction, least: float) -> str:
    """The line with its intervals raised to the shortest that is allowed.

    Args:
        instruction: a HEALTHCHECK.
        least: seconds.

    Raises:
        Refusal: 400 for a duration that Go does not know.
    """
    raised: dict[str, str] = {}
    for flag in ("interval", "start-interval"):
        value = instruction.flag(flag)
        if value is not None and 0 < duration(value, instruction) < least:
            raised[flag.replace("-", "_")] = f"{round(least * 1000)}ms"
    return instruction.written(**raised) if raised else instruction.text


def duration(text: str, instruction: Instruction) -> float:
    """Seconds of a Go duration ("1m30s"); 0 for "0" (https://pkg.go.dev/time#ParseDuration)."""
    body = text.removeprefix("+")
    if body == "0":
        return 0.0
    parts = list(_DURATION.finditer(body))
    if not parts or "".join(part[0] for part in parts) != body:
        raise instruction.refusal(f"{text!r} is no duration", "Write 5s, 500ms or 1m30s.", status=400)
    return sum(float(part[0].removesuffix(part[1])) * _UNITS[part[1]] for part in parts)


Resolve = Callable[[Instruction, str], str]  # the value of COPY --from -> what the engine is given


def written(instruction: Instruction, resolve: Resolve, least_health: float) -> str:
    """The engine's line for an instruction other than FROM and ONBUILD.

    Args:
        instruction: parsed.
        resolve: the engine's word for the value of COPY --from; raises `Refusal` for a foreign one.
        least_health: the shortest interval of a health check, seconds.
    """
    if instruction.name == "ADD":
        check_add(instruction)
    elif instruction.name == "LABEL":
        check_label(instruction)
    elif instruction.name == "HEALTHCHECK":
        return clamp_health(instruction, least_health)
    elif instruction.name == "COPY" and (source := instruction.flag("from")) is not None:
        return instruction.written(**{"from": resolve(instruction, source)})
    elif instruction.name == "RUN" and instruction.flags:
        return _checked_run(instruction, resolve)
    return instruction.text


MOUNTS = frozenset({"bind", "cache", "tmpfs"})
_MOUNT_KEYS = frozenset(
    [
        "type",
        "target",
        "dst",
        "destination",
        "source",
        "src",
        "from",
        "rw",
        "readwrite",
        "ro",
        "readonly",
        "id",
        "sharing",
        "mode",
        "uid",
        "gid",
        "size",
    ]
)


def _checked_run(instruction: Instruction, resolve: Resolve) -> str:
    """A RUN of BuildKit with the sources of its mounts resolved; its network may only be less than the build's."""
    flags = []
    for name, value in instruction.flags:
        if name == "network" and value not in ("default", "none"):
            raise instruction.refusal(f"--network={value} would leave the session", "Use default or none.")
        flags.append((name, _mount(instruction, value, resolve) if name == "mount" else value))
    return replace(instruction, flags=tuple(flags)).written()


def _mount(instruction: Instruction, value: str, resolve: Resolve) -> str:
    """One --mount: no secret or SSH agent of the client, no variable, and `from` is a stage or an own image."""
    fields = [field.partition("=") for field in value.split(",")]
    given = {key.lower(): text for key, _, text in fields}
    kind = given.get("type", "bind").lower()
    if "$" in value or not given.keys() <= _MOUNT_KEYS or len(given) != len(fields):
        raise instruction.refusal(
            f"--mount={value[:200]} has a variable, a key twice, or one that a session does not know",
            "Write plain values of type, target, source, from, id, sharing, mode, uid, gid, size, ro or rw.",
            status=400,
        )
    if kind not in MOUNTS:
        why = f"--mount=type={kind[:40]}: a session can't hand secrets or an SSH agent to a build"
        raise instruction.refusal(why, "Use bind, cache or tmpfs.")
    if "from" not in given:
        return value
    origin = resolve(instruction, given["from"])
    return ",".join(f"{key}={origin}" if key.lower() == "from" else key + eq + text for key, eq, text in fields)
