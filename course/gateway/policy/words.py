"""The engine's words in the learner's: prefixes off, foreign names and paths of the machine masked, labels of
ownership left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from course.gateway.policy import reference
from course.gateway.policy.names import BASE_LABEL, RESERVED, Names

MASK = "…"
# Before the engine's name of a session's default network. The engine takes a network whose name begins like this for
# none that a user made: as on its own default bridge, names do not resolve there, and a container starts as quickly.
WITHOUT_NAMES = "container:"
_OBJECT = re.compile(rf"/?(?:\b{WITHOUT_NAMES})?\bsw-([a-z][0-9a-z]{{11}})--([a-zA-Z0-9_.-]+)")
_IMAGE = re.compile(rf"{re.escape(reference.ENGINE_HOST)}/[a-zA-Z0-9_./@:-]*[a-zA-Z0-9]")
# paths under an engine's data and run folders, wherever these are
_HOST_PATH = re.compile(
    r"/[^\s\"',:;]*/(?:overlay2|containers|volumes|image|netns|containerd|tmp/docker-[^/\s]*)/[^\s\"',:;]*"
)


def text(message: str, names: Names) -> str:
    """An error, a warning or a line of build output without the engine's names; foreign names become "…"."""

    def object_name(found: re.Match[str]) -> str:
        slash = "/" if found[0].startswith("/") else ""
        return f"{slash}{found[2] if found[1] == names.sid else MASK}"

    def image_name(found: re.Match[str]) -> str:
        return reference.from_engine(names.sid, found[0]) or MASK

    return _HOST_PATH.sub(MASK, _OBJECT.sub(object_name, _IMAGE.sub(image_name, message)))


def error(answer: Any, names: Names) -> dict[str, Any]:
    """The engine's error body, translated: {"message": …}."""
    message = answer.get("message", "") if isinstance(answer, dict) else answer
    return {"message": text(str(message or "the engine gave no reason"), names)}


def plain_name(engine_name: str, names: Names) -> str:
    """The learner's name for an engine name of the session; any other name as it is."""
    own = f"sw-{names.sid}--"
    return engine_name.removeprefix(WITHOUT_NAMES + own).removeprefix(own)


def labels(engine: Mapping[str, str] | None) -> dict[str, str] | None:
    """Labels without those of ownership; a base image's own label stays, None stays None."""
    if engine is None:
        return None
    return {key: value for key, value in engine.items() if key == BASE_LABEL or not key.startswith(RESERVED)}
