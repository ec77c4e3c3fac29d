"""How far a long call of plain docker-py is: shown in its cell without being asked for, once it has taken a while.

docker-py sends every request through one method (`course.kernel.interrupt`). Of a pull, push, load, save or build in a
cell that a person sees, what is sent and what comes back is looked at on its way; the call itself stays the same.
"""

from __future__ import annotations

import contextvars
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from course.kernel.calls import call_of, seen_cell

if TYPE_CHECKING:
    from course.widgets.cells import Cell

AFTER_SECONDS = 1.0
"""What ends sooner shows nothing."""
UPDATE_SECONDS = 0.1
LONGEST_MESSAGE = 1_000_000
"""A longer line of an answer is no message (bytes)."""

_CALLS = (
    ("POST", re.compile(r"/images/create"), "pull"),
    ("POST", re.compile(r"/images/(.+)/push"), "push"),
    ("POST", re.compile(r"/images/load"), "load"),
    ("GET", re.compile(r"/images/(?:(.+)/)?get"), "save"),
    ("POST", re.compile(r"/build"), "build"),
)


def named(method: str, path_url: str) -> tuple[str, str] | None:
    """What a request does and to which image, as in ("pull", "shop:1"); None for one that is never long.

    Args:
        method: of HTTP.
        path_url: the path with the version of the API, and the query.
    """
    found = call_of(_CALLS, method, path_url)
    if found is None:
        return None
    word, match, query = found
    name = (match[1] if match.groups() else None) or query.get("fromImage") or query.get("t") or ""
    name = re.sub("^sha256:(.{12}).*", r"\1", name)
    tag = query.get("tag", "")
    return word, f"{name}:{tag}" if name and tag and tag != "latest" else name


class LongCall:
    """One call that may take long, from its request to the end of its answer.

    Args:
        word: what it does.
        name: of the image, "" where the request has none.
        cell: which makes it.
    """

    def __init__(self, word: str, name: str, cell: Cell) -> None:
        from course.widgets.transfer import Transfer
        from course.widgets.work_picture import InPlace

        self._cell = cell
        self._work = Transfer(f"{word} {name}".strip(), archive="build context" if word == "build" else "archive")
        self._is_archive = word == "save"
        self._screen, self._shown = InPlace(asked=False), False
        self._began = self._drawn = time.monotonic()
        self._rest = b""
        self._drawing = threading.RLock()
        # the cell that runs now is known by the context; a thread of its own, as the engine may say nothing for minutes
        self._timer = threading.Timer(AFTER_SECONDS, contextvars.copy_context().run, (self._show,))
        self._timer.daemon = True
        self._timer.start()

    def __repr__(self) -> str:
        return f"<LongCall {self._work.what}>"

    def watch(self, request: Any) -> None:
        """Look at what is sent, while it is sent, and at the answer, while docker-py reads it.

        Args:
            request: a `requests.PreparedRequest`; its body is replaced by one that reads the same.
        """
        request.register_hook("response", self._answered)
        if isinstance(request.body, bytes):  # goes out in pieces, under the length that its header tells already
            request.body = io.BytesIO(request.body)
        if length := request.headers.get("Content-Length"):
            self._work.total = int(length)
        if hasattr(request.body, "read"):
            request.body = _Read(request.body, self)
        elif isinstance(request.body, Iterator):
            request.body = self._passing(request.body)

    def _answered(self, response: Any, **_: Any) -> None:
        """A `requests.Response` whose body was not read yet."""
        if not response.ok:
            self._end(lambda: self._work.end(f"✗ {self._work.what}: refused"))
            return
        raw: Any = response.raw  # of urllib3; docker-py reads messages by `read`, requests archives by `read_chunked`
        read, read_chunked = raw.read, raw.read_chunked

        def reading(*args: Any, **options: Any) -> bytes:
            piece: bytes = read(*args, **options)
            self._came(piece)
            return piece

        def reading_chunked(*args: Any, **options: Any) -> Iterator[bytes]:
            for piece in read_chunked(*args, **options):
                self._came(piece)
                yield piece
            self._came(b"")

        raw.read, raw.read_chunked = reading, reading_chunked

    def failed(self, error: BaseException) -> None:
        """The request could not be sent, or its answer did not come."""
        self._end(lambda: self._work.fail(error))

    def ends(self, *, interrupted: bool) -> None:
        """Its cell has ended."""
        if interrupted:
            self._end(self._work.stop)
        else:
            self._end(lambda: self._work.end(f"○ {self._work.what}: nobody read the answer to its end"))

    def _passing(self, body: Iterator[bytes]) -> Iterator[bytes]:
        for piece in body:
            self.note(piece)
            yield piece
        self.note(b"")

    def _came(self, piece: bytes) -> None:
        if not piece:
            self._end(lambda: self._work.succeed(time.monotonic() - self._began))
        elif self._is_archive:
            self.note(piece)
        else:
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._rest = self._rest[-LONGEST_MESSAGE:]
            for line in lines:
                if message := _message(line):
                    self.note(message)

    def note(self, piece: bytes | Mapping[str, Any]) -> None:
        """A piece of an archive is on its way (an empty one is its end), or a message of the engine has come."""
        from course.engine.errors import EngineError

        with self._drawing:
            if self._work.ended:
                return
            try:
                self._work.take(piece)
            except EngineError as error:  # docker-py raises it, or passes it on: here it is only shown
                failure = error
                self._end(lambda: self._work.fail(failure))
                return
            except (AttributeError, TypeError, ValueError):  # of another shape: the call goes on
                return
            if self._shown and time.monotonic() - self._drawn >= UPDATE_SECONDS:
                self._drawn = time.monotonic()
                self._screen.update(self._work)

    def _show(self) -> None:
        with self._drawing:
            # `follow` is given what the call has answered, so it begins after the call
            if not self._work.ended and not self._screen.shows_its_work(self._cell):
                self._shown = True
                self._screen.update(self._work)

    def _end(self, how: Callable[[], None]) -> None:
        self._timer.cancel()
        with self._drawing:
            if not self._work.ended:
                how()
                if self._shown:
                    self._screen.update(self._work)


class _Read:
    """A file that is sent; all but `read` is the file's own."""

    def __init__(self, file: Any, call: LongCall) -> None:
        self._file, self._call = file, call

    def read(self, *size: int) -> bytes:
        """The next bytes."""
        piece: bytes = self._file.read(*size)
        self._call.note(piece)
        return piece

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(65536), b"")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def begin(request: Any) -> LongCall | None:
    """Look at a request that docker-py is about to send; None where there is nothing to show, or nobody to see it.

    Nobody sees it in a thread, where no front end names the cell (nbclient, a grader), and where the cell asks for a
    picture of its work itself, as `%%dockerfile` and `follow` do.

    Args:
        request: a `requests.PreparedRequest`.
    """
    found = named(request.method, request.path_url)
    cell = seen_cell() if found is not None else None
    if found is None or cell is None:
        return None
    from course.widgets.work_picture import InPlace

    return None if InPlace.shows_its_work(cell) else LongCall(*found, cell)


def _message(line: bytes) -> Mapping[str, Any] | None:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
