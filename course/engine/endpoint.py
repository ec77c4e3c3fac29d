"""Which engine is used, and why: the one door to it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI
from docker.errors import DockerException

from course.engine.errors import ApiTooOld, EngineError, NoEngine, NotDocker, translate
from course.paths import runtime_dir

OLDEST_API = (1, 41)  # Docker 20.10, the engine of Debian 12


@dataclass(frozen=True)
class Endpoint:
    """An engine's address.

    Args:
        url: as docker-py takes it ("unix:///var/run/docker.sock").
        source: where it came from ("DOCKER_HOST", "context desktop-linux", "socket", "started").
        why: one clause for people.
        api: the engine's newest API version, such as "1.41"; "" before it was asked.
    """

    url: str
    source: str
    why: str
    api: str = ""

    @property
    def local(self) -> bool:
        """Whether it is a Unix socket of this machine, the only kind that graders accept."""
        return self.url.startswith("unix://")


def candidates() -> Iterator[tuple[Endpoint, bool]]:
    """Yield the addresses to try, in order, each with whether somebody asked for it explicitly."""
    for variable in ("SLIPWAY_ENGINE", "DOCKER_HOST"):
        url = os.environ.get(variable)
        if url and not (variable == "DOCKER_HOST" and is_session_socket(url)):
            yield Endpoint(url, variable, f"the environment variable {variable} names it"), True
    context = _context()
    if context:
        yield context, True
    for path, what in usual_sockets():
        if path.is_socket():
            yield Endpoint(f"unix://{path}", "socket", f"{what} listens at {path}"), False


def usual_sockets() -> tuple[tuple[Path, str], ...]:
    """The sockets where engines listen when nobody says otherwise, with the engine's name."""
    home = Path.home()
    user = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return (
        (Path("/var/run/docker.sock"), "Docker"),
        (home / ".docker/run/docker.sock", "Docker Desktop"),
        (home / ".docker/desktop/docker.sock", "Docker Desktop"),
        (user / "docker.sock", "rootless Docker"),
        (user / "podman/podman.sock", "Podman"),
        (Path("/run/podman/podman.sock"), "Podman"),
    )


def is_session_socket(url: str) -> bool:
    """Whether that address is a session of the course's own gateway, which is not an engine."""
    path = url.removeprefix("unix://")
    return bool(os.environ.get("SLIPWAY_SESSION")) or Path(path).is_relative_to(runtime_dir())


def find(*, local_only: bool = False) -> Endpoint:
    """Find the engine to use.

    The order is SLIPWAY_ENGINE, DOCKER_HOST, the CLI's context, the usual sockets. An address that somebody set
    is used or is an error; it is never passed over in silence.

    Args:
        local_only: refuse anything but a Unix socket; graders do.

    Returns:
        The first endpoint that answers, with its API version.

    Raises:
        EngineError: `NoEngine`, `NoPermission`, `NotDocker` or `ApiTooOld`, naming what was tried.
    """
    failures: list[EngineError] = []
    for endpoint, explicit in candidates():
        if local_only and not endpoint.local:
            raise NoEngine(
                "a local Unix socket, because marks are never taken from a remote engine",
                f"{endpoint.url}, because {endpoint.why}",
                "unset DOCKER_HOST, or choose a local context: `docker context use default`",
            )
        try:
            return _asked(endpoint)
        except EngineError as error:
            if explicit:
                raise
            failures.append(error)
    if failures:
        raise failures[0]
    tried = ", ".join(str(path) for path, _ in usual_sockets())
    raise NoEngine("a Docker engine that answers", f"no socket at {tried}", "`course engine up`")


def client(endpoint: Endpoint | None = None, *, timeout: int = 120) -> docker.DockerClient:
    """A docker-py client of the engine itself, past every session; for the course's own work.

    Args:
        endpoint: the engine, or None to `find` it.
        timeout: seconds for one answer.
    """
    chosen = endpoint or find()
    try:
        return docker.DockerClient(base_url=chosen.url, version="auto", timeout=timeout)
    except (DockerException, OSError) as error:
        raise translate(error) from error


def _asked(endpoint: Endpoint) -> Endpoint:
    probe = client(endpoint, timeout=10)
    try:
        version = probe.version()
        api = str(version["ApiVersion"])
    except (DockerException, OSError) as error:
        raise translate(error) from error
    finally:
        probe.close()
    _refuse_podman(endpoint, version)
    if tuple(int(part) for part in api.split(".")[:2]) < OLDEST_API:
        raise ApiTooOld("an engine with API 1.41 or newer", f"API {api} at {endpoint.url}", "upgrade the engine")
    return Endpoint(endpoint.url, endpoint.source, endpoint.why, api)


def _refuse_podman(endpoint: Endpoint, version: Mapping[str, Any]) -> None:
    """Podman serves Docker's API for plain containers; sessions need what it refuses (measured on 5.8)."""
    for component in version.get("Components") or ():
        if component.get("Name") == "Podman Engine":
            raise NotDocker(
                "Docker Engine 20.10 or newer, which keeps sessions apart",
                f"Podman {component.get('Version', '')} at {endpoint.url}. It has no networks with the names that "
                "sessions give them (a colon in a name), and stores images under localhost/, so that course/python "
                "is another name there",
                "install Docker Engine and start it (`sudo apt-get install docker.io`), and unset DOCKER_HOST or set "
                "it to unix:///var/run/docker.sock",
            )


def _context() -> Endpoint | None:
    """The CLI's current context, unless it is the default one, which means the usual socket."""
    try:
        context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    except (DockerException, OSError, ValueError):
        return None  # a broken ~/.docker/config.json is the CLI's business
    if context is None or context.name == "default" or not context.Host:
        return None
    url = context.Host.replace("http+unix:/", "unix:/")  # docker-py rewrites the scheme of what it saves
    return Endpoint(url, f"context {context.name}", f"`docker context show` says {context.name}")
