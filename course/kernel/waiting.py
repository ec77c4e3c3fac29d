"""What a cell is waiting for: shown in the cell after plain docker-py has waited three seconds, with a way to stop it.

docker-py sends every request through one method (`course.kernel.interrupt`). Some requests are answered only when a
container ends, or stream for as long as it runs. After a while a thread looks whether the cell is still inside
docker-py because of the last such request, and says so. The call itself stays the same.
"""

from __future__ import annotations

import contextlib
import contextvars
import html
import re
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from course.kernel.calls import call_of, seen_cell

if TYPE_CHECKING:
    from types import FrameType

AFTER_SECONDS = 3.0
"""What ends sooner says nothing."""
LOOK_SECONDS = 1.0
_CALLS = (
    ("POST", re.compile(r"/containers/([^/]+)/wait"), "wait"),
    ("POST", re.compile(r"/containers/([^/]+)/attach"), "attach"),
    ("POST", re.compile(r"/containers/([^/]+)/(?:stop|restart)"), "stop"),
    ("GET", re.compile(r"/containers/([^/]+)/logs"), "logs"),
    ("GET", re.compile(r"/containers/([^/]+)/stats"), "stats"),
    ("POST", re.compile(r"/exec/([^/]+)/start"), "exec"),
    ("GET", re.compile(r"/(events)"), "events"),
)
_FOR = {
    "wait": "{it} to end",
    "attach": "more output of {it}",
    "stop": "{it} to stop",
    "logs": "the next line in the log of {it}",
    "stats": "the next figures of {it}",
    "exec": "a command inside {it} to end",
    "events": "the next event of the engine",
}
_WHY = {
    "run": "run() waits until the container ends. With detach=True it does not wait.",
    "wait": "wait() waits until the container ends. A container that was started with detach=True goes on without it.",
    "attach": "attach() waits for output until the container ends.",
    "stop": "A container has 10 seconds to end by itself before the engine kills it; stop(timeout=…) changes that.",
    "logs": "A log that is followed ends when its container ends. logs() without stream or follow does not wait.",
    "stats": "stats() goes on until it is stopped. stats(stream=False) gives the figures once.",
    "exec": "exec_run() waits until the command ends. With detach=True it does not wait.",
    "events": "events() goes on until it is stopped.",
}
HOW_TO_STOP = "To stop: the button Cancel, or ■ in the toolbar."


@dataclass
class Waiting:
    """What a picture of a wait shows (`course.widgets.work_picture.Work`)."""

    what: str
    why: str
    closing_line: str = ""
    ended: bool = False

    def as_state(self) -> dict[str, Any]:
        """What `work.js` draws."""
        return {
            "title": f"waiting for {self.what}",
            "rows": [],
            "output": "",
            "excerpt": "",
            "closing": self.closing_line or f"{self.why} {HOW_TO_STOP}",
            "advice": [],
            "running": not self.ended,
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        state = self.as_state()
        title, closing = str(state["title"]), str(state["closing"])
        return {
            "text/plain": f"{title}\n  {closing}",
            "text/html": f"<p><strong>{html.escape(title)}</strong></p><p>{html.escape(closing)}</p>",
        }


class Wait:
    """One request that may keep the cell waiting.

    Args:
        word: a key of `_FOR`.
        ref: the container or the exec, as the request names it.
        api: the `APIClient` that sends it.
    """

    def __init__(self, word: str, ref: str, api: Any) -> None:
        self._word, self._ref, self._api = word, ref, api
        self._began, self._over = time.monotonic(), threading.Event()
        self._drawing = threading.Lock()
        self._shown: tuple[Waiting, Any] | None = None
        # the cell that runs now is known by the context
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._watch,), name="slipway-wait", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Wait {self._word} {self._ref[:12]}>"

    @property
    def ends_with_the_answer(self) -> bool:
        """Whether the answer comes when there is no more to wait for; else it is a stream."""
        return self._word in ("wait", "stop")

    def belongs_to(self, request: Any) -> bool:
        """Whether docker-py sends this request to read the stream: it asks whether the container has a terminal."""
        path = urlsplit(str(request.path_url)).path
        return bool(request.method == "GET") and path.endswith(f"/containers/{self._ref}/json")

    def end(self, *, interrupted: bool = False) -> None:
        """It is over: the call has come back, another request was sent, or the cell has ended."""
        self._over.set()
        with self._drawing:
            if self._shown is None or self._shown[0].ended:
                return
            work, screen = self._shown
            seconds = time.monotonic() - self._began
            work.closing_line = f"{'■ stopped' if interrupted else '✓ over'} after {seconds:.0f} s"
            work.ended = True
            screen.update(work)

    def _watch(self) -> None:
        seconds = AFTER_SECONDS
        while not self._over.wait(seconds):
            calls = _calls_of_docker(sys._current_frames().get(threading.main_thread().ident or 0))
            if calls:
                self._show("run" if self._word == "wait" and "run" in calls else self._word)
                return
            seconds = LOOK_SECONDS  # the cell does something else meanwhile

    def _show(self, why: str) -> None:
        from course.widgets.work_picture import InPlace

        work = Waiting(_FOR[self._word].format(it=_described(self._api, self._word, self._ref)), _WHY[why])
        with self._drawing:
            if not self._over.is_set():
                screen = InPlace(asked=False)
                self._shown = (work, screen)
                screen.update(work)


def begin(api: Any, request: Any) -> Wait | None:
    """Look at a request that is about to be sent; None where it does not wait, or nobody sees the cell.

    Args:
        api: the `APIClient`.
        request: a `requests.PreparedRequest`.
    """
    found = named(request.method, request.path_url)
    return Wait(*found, api) if found is not None and seen_cell() is not None else None


def named(method: str, path_url: str) -> tuple[str, str] | None:
    """What a request waits for, as in ("wait", "first"); None for one that is answered at once."""
    found = call_of(_CALLS, method, path_url)
    if found is None:
        return None
    word, match, query = found
    follows = {"logs": "follow", "stats": "stream"}.get(word)
    if follows and query.get(follows, "1").lower() not in ("1", "true"):
        return None
    return word, match[1]


def _calls_of_docker(frame: FrameType | None) -> set[str]:
    """The names of docker-py's functions that this thread is in; none where it is elsewhere."""
    names = set()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("docker."):
            names.add(frame.f_code.co_name)
        frame = frame.f_back
    return names


def _described(api: Any, word: str, ref: str) -> str:
    """The container by its name, with its command."""
    from course.engine.errors import EngineError
    from course.session.client import client
    from course.widgets.words import plain

    socket = getattr(getattr(api, "_custom_adapter", None), "socket_path", None)
    with contextlib.suppress(EngineError, KeyError, TypeError), client(f"unix://{socket}" if socket else None) as own:
        inner: Any = own.api
        if word == "exec":
            found = inner.exec_inspect(ref)
            command = [found["ProcessConfig"]["entrypoint"], *(found["ProcessConfig"]["arguments"] or ())]
            name = str(inner.inspect_container(found["ContainerID"])["Name"]).lstrip("/")
            return plain(f"the container {name} ({' '.join(command)})", 120)
        if word != "events":
            facts = inner.inspect_container(ref)
            command = [facts["Path"], *facts["Args"]]
            return plain(f"the container {facts['Name'].lstrip('/')} ({' '.join(command)})", 120)
    return f"the container {ref[:12]}"
