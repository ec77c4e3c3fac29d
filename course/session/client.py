"""A docker-py client of the session, for the course's own requests to the engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient


@contextmanager
def client(url: str | None = None) -> Iterator[DockerClient]:
    """A client that is closed afterwards.

    Args:
        url: another session's socket; None is this process's session (`DOCKER_HOST`).

    Raises:
        EngineError: instead of docker-py's and requests' own errors.
    """
    import docker
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    from course.engine.errors import translate

    try:
        made = docker.DockerClient(base_url=url, timeout=120) if url else docker.from_env(timeout=120)
        try:
            yield made
        finally:
            made.close()
    except (DockerException, RequestException) as error:
        raise translate(error) from error
