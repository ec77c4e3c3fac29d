"""What the running cell started on the engine, so that interrupting the cell stops it.

docker-py sends every request through `APIClient.send`. In this kernel that one method also notes two things for the
time of a cell: which containers were started, and which answers are still being streamed. A build is a streamed answer,
and the engine cancels a classic build when its client goes away. Of calls that may take long it shows how far they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from weakref import WeakSet

from course.kernel import long_calls, waiting
from course.kernel.after_import import after_import
from course.kernel.long_calls import LongCall
from course.kernel.made import MADE
from course.kernel.waiting import Wait

_START = re.compile(r"/containers/([^/]+)/(?:start|restart)(?:\?|$)")
STOP_SECONDS = 2
"""How long a container has to end after SIGTERM before it is killed."""


class Work:
    """The containers and streams of one cell."""

    def __init__(self) -> None:
        self._started: dict[str, Any] = {}  # container id or name → the APIClient that started it
        self._streams: WeakSet[Any] = WeakSet()
        self._long: list[LongCall] = []
        self._wait: Wait | None = None
        self._stopping = False

    def install(self) -> None:
        """Watch docker-py from its first import on."""
        after_import("docker.api.client", self.watch)

    def watch(self, module: ModuleType) -> None:
        """Note the requests of every `APIClient` from here on."""
        client, work = module.APIClient, self
        inner = client.send  # requests.Session.send

        def send(api: Any, request: Any, **options: Any) -> Any:
            start = _START.search(request.path_url) if request.method == "POST" else None
            if start:
                work._started[start[1]] = api  # before the answer: the interrupt may come while it is awaited
            with MADE.watching(api, request) as answers, work._shown(api, request):
                response = inner(api, request, **options)
                answers.append(response)
            if start and response.status_code != 204:
                work._started.pop(start[1], None)  # refused, or it ran already (304)
            if options.get("stream"):
                work._streams.add(response)
            return response

        client.send = send

    @contextlib.contextmanager
    def _shown(self, api: Any, request: Any) -> Iterator[None]:
        """Show how far a long call is, or what it waits for, from before its request is sent."""
        in_cell = threading.current_thread() is threading.main_thread() and not self._stopping
        if in_cell and not (self._wait and self._wait.belongs_to(request)):
            self._wait_ends()
            self._wait = waiting.begin(api, request)
        call = long_calls.begin(request)
        if call is not None:
            self._long.append(call)
            call.watch(request)
        try:
            yield
        except BaseException as error:
            if call is not None:
                call.failed(error)
            raise
        if in_cell and self._wait is not None and self._wait.ends_with_the_answer:
            self._wait_ends()

    def begin(self, *_: object) -> None:
        """A cell begins: forget what earlier cells started."""
        self._long.clear()
        self._started.clear()
        self._streams.clear()

    def end(self, result: Any) -> None:
        """A cell has ended: if it was interrupted, stop what it started and say so."""
        interrupted = isinstance(result.error_in_exec, KeyboardInterrupt | asyncio.CancelledError)
        self._wait_ends(interrupted=interrupted)
        for call in self._long:
            call.ends(interrupted=interrupted)
        if interrupted:
            self._stopping = True  # what is stopped here is no wait of the cell's
            try:
                for line in self.stop():
                    print(line)
            finally:
                self._stopping = False

    def _wait_ends(self, *, interrupted: bool = False) -> None:
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.end(interrupted=interrupted)

    def stop(self) -> list[str]:
        """Close the streams and stop the containers; return a line for each container that was stopped."""
        for response in list(self._streams):
            with contextlib.suppress(Exception):  # a broken stream is closed already
                response.close()
        return [line for ref, api in self._started.items() for line in _stop(api, ref)]


WORK = Work()
"""The one of this process."""


def _stop(api: Any, ref: str) -> list[str]:
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        facts = api.inspect_container(ref)
        if not facts["State"].get("Running"):
            return []
        api.stop(ref, timeout=STOP_SECONDS)
    except (DockerException, RequestException) as error:
        return [] if "404" in str(error) else [f"✗ container {ref[:12]} may still run: {error}"]
    return [f"✓ interrupted: container {facts['Name'].lstrip('/')} is stopped"]
