"""What the buttons of a picture do to a container, and the docker-py line that does the same."""

from __future__ import annotations

from typing import Annotated

import docker
import msgspec

LOG_LINES = 20
LOG_CHARACTERS = 4000
STOP_SECONDS = 2
"""How long a container has to end after SIGTERM before it is killed."""

ContainerId = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Act(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    container: ContainerId


class Start(_Act, frozen=True, tag="start"):
    """Start it."""


class Stop(_Act, frozen=True, tag="stop"):
    """Stop it."""


class Pause(_Act, frozen=True, tag="pause"):
    """Freeze its processes."""


class Unpause(_Act, frozen=True, tag="unpause"):
    """Let its processes go on."""


class Remove(_Act, frozen=True, tag="remove"):
    """Remove it."""


class Log(_Act, frozen=True, tag="log"):
    """Read the end of its log."""


Act = Start | Stop | Pause | Unpause | Remove | Log

_CALLS = {
    "start": "start()",
    "stop": f"stop(timeout={STOP_SECONDS})",
    "pause": "pause()",
    "unpause": "unpause()",
    "remove": "remove()",
    "log": f"logs(tail={LOG_LINES}).decode()",
}
_DONE = {
    "start": "is started",
    "stop": "is stopped",
    "pause": "is paused",
    "unpause": "goes on",
    "remove": "is removed; its image is still there",
}


def line(act: str, name: str) -> str:
    """The docker-py line that does the same, to copy into a cell."""
    return f"docker.from_env().containers.get({name!r}).{_CALLS[act]}"


def carry_out(act: Act, client: docker.DockerClient) -> dict[str, str]:
    """Do it; the fields of the answer: `notice`, and for a log `log`. Raises docker-py's errors."""
    container = client.containers.get(act.container)
    match act:
        case Start():
            container.start()
        case Stop():
            container.stop(timeout=STOP_SECONDS)
        case Pause():
            container.pause()
        case Unpause():
            container.unpause()
        case Remove():
            container.remove()
        case Log():
            written = container.logs(tail=LOG_LINES).decode(errors="replace")
            shown = written[-LOG_CHARACTERS:] or "(nothing was written)"
            return {"notice": f"✓ the last lines of {container.name}", "log": shown}
    return {"notice": f"✓ {container.name} {_DONE[type(act).__name__.lower()]}"}
