"""The engine that grades: private to one examiner, so that nobody else's work is on it, and thrown away at the end."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from types import TracebackType

from course.engine import Daemon, find


class GradingEngine:
    """A private engine with the base images on it; use it as a context manager. Needs root."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="swg", dir="/tmp"))
        self._daemon = Daemon(self._home, f"g{secrets.token_hex(3)}")

    def __repr__(self) -> str:
        return f"<GradingEngine {self._daemon!r}>"

    def __enter__(self) -> GradingEngine:
        self._daemon.start()
        self._seed()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from course.gateway import Client

        Client(self.url).stop(end_sessions=True)
        self._daemon.remove()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def url(self) -> str:
        return self._daemon.url

    def restart(self) -> None:
        self._daemon.kill()
        self._daemon.start()

    def _seed(self) -> None:
        import docker

        with (
            closing(docker.DockerClient(base_url=find(local_only=True).url, version="auto", timeout=300)) as one,
            closing(self._daemon.client()) as two,
        ):
            for name in ("course/busybox", "course/python", "course/node", "course/registry"):
                two.images.load(one.images.get(name).save(named=True))
