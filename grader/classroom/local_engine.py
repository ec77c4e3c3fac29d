"""The engine that the local workers share: put back when it died, because a death costs a retry and no submission."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import docker
from docker.errors import DockerException
from requests.exceptions import RequestException

if TYPE_CHECKING:
    from grader.examine.engine import GradingEngine

PING_SECONDS = 10


class LocalEngine:
    """An engine at an address, and who started it.

    Args:
        url: its address.
        own: what started it; None for an engine that was there, which is never restarted.
    """

    def __init__(self, url: str, own: GradingEngine | None = None) -> None:
        self.url, self._own = url, own

    def mend(self) -> None:
        """Start it again if it does not answer and is ours.

        Raises:
            EngineError: it does not start again.
        """
        if self._own is not None and not self._answers():
            self._own.restart()

    def _answers(self) -> bool:
        try:
            with closing(docker.APIClient(base_url=self.url, version="auto", timeout=PING_SECONDS)) as api:
                return bool(api.ping())
        except (DockerException, RequestException):
            return False
