"""A second machine of the same learner: another session, with images and containers of its own."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient

    from course.gateway import Session

_opened: dict[str, Session] = {}
_clients: dict[str, DockerClient] = {}
"""One for each machine's address: each cell that asks for a machine gets the same connections."""


def machine(name: str = "colleague") -> DockerClient:
    """The docker-py client of a second machine, which has never seen what was built on the first one.

    The machine is created on first use, and lives until `reset` or the end of the session. If a grader has already
    created it, the variable SLIPWAY_MACHINE_COLLEAGUE names its socket.

    Args:
        name: the machine's name.

    Raises:
        CourseError: there is no session, or the gateway could not make the machine.
    """
    import docker

    url = address(name)
    if url not in _clients:
        _clients[url] = docker.DockerClient(base_url=url, timeout=120)
    return _clients[url]


def address(name: str = "colleague") -> str:
    """The socket of a second machine, in docker-py's form; the machine is created on first use.

    Raises:
        CourseError: as `machine`.
    """
    return os.environ.get(variable(name)) or _session(name).url


def variable(name: str) -> str:
    """The environment variable that names the socket of an existing machine."""
    return f"SLIPWAY_MACHINE_{re.sub('[^A-Z0-9]', '_', name.upper())}"


def end_machines() -> list[str]:
    """End the second machines of this workspace's session, with all that they hold; return their names."""
    from course.gateway import Client
    from course.gateway.errors import NoSession
    from course.session.attach import ATTACHMENT

    first = ATTACHMENT.require()
    ids = {session.id: name for name, session in _opened.items()}
    _opened.clear()
    while _clients:
        _clients.popitem()[1].close()
    if first.held:  # also those that an earlier kernel of this workspace opened
        for one in Client().sessions():
            if one["family"] == first.id and one["id"] != first.id:
                ids.setdefault(one["id"], one["name"].rpartition("+")[2])
    ended = []
    for sid, name in ids.items():
        try:
            Client().end(sid)
        except NoSession:
            continue
        ended.append(name)
    return ended


def _session(name: str) -> Session:
    from course.gateway import Client
    from course.session.attach import ATTACHMENT

    first = ATTACHMENT.require()
    _opened[name] = Client().machine(first.id, name)  # finds it, if it is open
    return _opened[name]
