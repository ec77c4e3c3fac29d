"""The names that a learner may give, and the names that the gateway gives when there is none."""

from __future__ import annotations

import re
import secrets

from course.gateway.policy.names import RESERVED
from course.gateway.policy.refusal import Refusal

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", re.ASCII)  # moby, daemon/names/names.go
_ALIAS = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", re.ASCII)
LONGEST = 128
_MODES = ("bridge", "default", "host", "none")  # network modes: a network of such a name could not be reached

_FIRST = ("amber", "bold", "brisk", "calm", "eager", "fair", "gentle", "happy", "keen", "lively", "quiet", "swift")
_SECOND = ("anchor", "barge", "bow", "buoy", "dock", "ferry", "harbor", "hull", "jetty", "mast", "rudder", "sail")


def check_name(kind: str, name: str) -> str:
    """A name for a container, network or volume that a learner may choose.

    Args:
        kind: "container", "network" or "volume".
        name: as typed; a leading slash of a container's name is dropped, as the engine does.

    Raises:
        Refusal: 400 for a name the engine would not take, 403 for one that could pass for an id or a network mode.
    """
    plain = name.removeprefix("/") if kind == "container" else name
    pattern = _ALIAS if kind == "network" else _NAME  # a network's name may be one letter
    if not pattern.fullmatch(plain) or len(plain) > LONGEST:
        raise Refusal(
            f"Invalid {kind} name ({name[:80]})",
            "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, two to 128 characters",
            status=400,
        )
    if re.fullmatch("[0-9a-f]{3,64}", plain):
        raise Refusal(f"the {kind} name {plain}", "it could pass for an id", "Choose a name with other letters too.")
    if kind == "network" and plain in _MODES:
        raise Refusal(f"the network name {plain}", "every session has it already", "Choose another name.")
    return plain


def check_alias(alias: str) -> str:
    """A further name of a container on a network.

    Raises:
        Refusal: 400.
    """
    if not _ALIAS.fullmatch(alias) or len(alias) > LONGEST:
        raise Refusal(f"the alias {alias[:80]!r}", "expected a plain host name", status=400)
    return alias


def check_labels(labels: dict[str, str | None]) -> dict[str, str]:
    """Labels of a learner: any, except under the prefix that says who owns an object.

    Raises:
        Refusal: 403.
    """
    for key in labels:
        if key.strip().casefold().startswith(RESERVED):
            raise Refusal(f"the label {key}", f"labels under {RESERVED} say to which session an object belongs")
    return {key: value or "" for key, value in labels.items()}


def invent_name() -> str:
    """A name for a container that was given none, two words as the engine does it, and a number against clashes."""
    return f"{secrets.choice(_FIRST)}_{secrets.choice(_SECOND)}{secrets.randbelow(900) + 100}"


def invent_volume() -> str:
    """A name for a volume that was given none: 64 hexadecimal digits, as the engine does it."""
    return secrets.token_hex(32)
