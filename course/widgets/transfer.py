"""How far a pull, push, load, save or build of plain docker-py is, shown in its cell, with a way to cancel."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from course.engine.build_stream import BuildStream, StepNews
from course.engine.errors import translate
from course.widgets.words import far_words, plain, size_words
from course.widgets.work_picture import InPlace

MOST_PARTS = 60
"""How many layers, or instructions of a build, are listed; a line says so."""
UPDATE_SECONDS = 0.1
_TO_COME = ("wait", "prepar")
_ENDED = ("complete", "exists", "pushed", "mounted")
_THERE = ("exists", "mounted", "using cache")

Piece = TypeVar("Piece", bytes, Mapping[str, Any])


@dataclass
class Part:
    """One layer on its way, or one instruction of a build, or the one archive.

    `done` and `total` are bytes (None: unknown), `words` is what the engine says of it.
    """

    name: str
    words: str
    done: int = 0
    total: int | None = None

    @property
    def status(self) -> str:
        """One of "done", "cached" (it was there already), "waiting", "running"."""
        said = self.words.lower()
        if any(word in said for word in _THERE):
            return "cached"
        if said.endswith(_ENDED):
            return "done"
        return "waiting" if said.startswith(_TO_COME) and not self.done else "running"

    @property
    def state(self) -> str:
        """A symbol and a word."""
        return {"done": "✓ done", "cached": "✓ there", "waiting": "○ waiting"}.get(self.status, "… running")

    def __str__(self) -> str:
        far = far_words("", self.done, self.total) if self.done else ""
        return f"{self.name}  {self.state}  {self.words}{far}".rstrip()


@dataclass
class Transfer:
    """What came of a stream, and how it ended.

    Args:
        what: a few words, such as "pull shop:1".
        archive: the name of what comes as bytes.
        total: bytes in all where the stream is bytes, None while unknown.
    """

    what: str
    total: int | None = None
    archive: str = "archive"
    parts: dict[str, Part] = field(default_factory=dict)
    more: int = 0
    last: str = ""
    closing_line: str = ""
    ended: bool = False
    _step: Part | None = None
    _build: BuildStream = field(default_factory=BuildStream)

    def take(self, piece: bytes | Mapping[str, Any]) -> None:
        """Note a piece of an archive (an empty one is its end), or a message of the engine.

        Raises:
            EngineError: the message tells of a failure, which docker-py passes on as one message more.
        """
        if isinstance(piece, bytes):
            part = self.parts.setdefault(self.what, Part(self.archive, "", total=self.total))
            part.done += len(piece)
            part.words = part.words if piece else "complete"
            return
        if "error" in piece:
            raise translate(OSError(str(piece["error"])))
        match self._build.read(piece):
            case StepNews(text=text, number=number, stage=stage) as news if text:
                self._take_step(f"{f'{stage} ' if stage else ''}{number} {plain(text, 80)}", news.state)
                return
            case StepNews(state="cached") if self._step:
                self._step.words = "using cache"
                return
        words = plain(str(piece.get("status") or piece.get("stream") or "").strip(), 120)
        name = plain(str(piece.get("id") or ""), 20)
        detail = piece.get("progressDetail") or {}
        if name and (detail or name in self.parts or any(word in words.lower() for word in (*_ENDED, *_TO_COME))):
            self._take_part(name, words, detail)
        elif words:
            self.last = words

    def succeed(self, seconds: float) -> None:
        """All has come, after so many seconds."""
        size = f", {size_words(self.bytes)}" if self.bytes else ""
        self.end(f"✓ {self.what}: done in {seconds:.1f} s{size}")

    def stop(self) -> None:
        """It was stopped."""
        self.end(f"✗ {self.what}: stopped before its end")

    def fail(self, error: BaseException) -> None:
        """It ended with an exception; an interrupt, or a reader that wants no more, has stopped it."""
        if isinstance(error, KeyboardInterrupt | GeneratorExit):
            self.stop()
        else:
            self.end(f"✗ {self.what}: {plain(str(getattr(error, 'observed', error)))}")

    def end(self, closing_line: str) -> None:
        """Nothing more comes."""
        for part in self.parts.values():
            if closing_line.startswith("✓") and part.status in ("running", "waiting"):
                part.words = f"{part.words} complete".strip()
        self.closing_line, self.ended = closing_line, True

    @property
    def bytes(self) -> int:
        """What has come so far."""
        return sum(part.done for part in self.parts.values())

    def as_state(self) -> dict[str, Any]:
        """What a `WorkPicture` draws."""
        return {
            "title": self.what,
            "rows": [self._row(part) for part in self.parts.values()],
            "output": "",
            "excerpt": "",
            "closing": " ".join(filter(None, [self._more(), self.closing_line or self.last])),
            "advice": [],
            "running": not self.ended,
        }

    def _take_step(self, name: str, state: str) -> None:
        """A step of a build; the classic builder takes one after the other, and says nothing at the end of one."""
        if not self._build.buildkit and self._step and self._step.status == "running":
            self._step.words = "complete"
        self._step = self._part(name)
        if self._step and state in ("cached", "done"):
            self._step.words = "using cache" if state == "cached" else "complete"

    def _part(self, name: str) -> Part | None:
        """The part of this name, a new one where there is none yet; None when no more are listed."""
        if name not in self.parts and len(self.parts) >= MOST_PARTS:
            self.more += 1
            return None
        return self.parts.setdefault(name, Part(name, ""))

    def _take_part(self, name: str, words: str, detail: Mapping[str, Any]) -> None:
        part = self._part(name)
        if part is None:
            return
        part.words = words
        part.done, part.total = int(detail.get("current") or part.done), detail.get("total") or part.total
        if part.status == "done" and part.total:
            part.done = part.total

    def _more(self) -> str:
        return f"Only the first {MOST_PARTS} are listed." if self.more else ""

    def _row(self, part: Part) -> dict[str, Any]:
        share = min(1.0, part.done / part.total) if part.total and part.status == "running" else None
        return {
            "id": part.name,
            "number": "",
            "what": part.name,
            "words": part.state,
            "status": part.status,
            "time": "",
            "part": share,
            "note": part.words,
            "last": far_words("", part.done, part.total).strip() if part.done else "",
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        lines = [str(part) for part in self.parts.values()]
        lines += [line for line in (self._more(), self.closing_line or self.last) if line]
        page = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        return {
            "text/plain": "\n".join([self.what, *(f"  {line}" for line in lines)]),
            "text/html": f"<p><strong>{html.escape(self.what)}</strong></p><ul>{page}</ul>",
        }


def follow(stream: Iterable[Piece], what: str, total: int | None = None) -> Iterator[Piece]:
    """Show how far a stream of docker-py is, and pass on what comes: nothing about the call itself changes.

        for _ in follow(client.api.push("localhost:5000/shop", stream=True, decode=True), "push shop"):
            pass
        client.images.load(follow(image.save(), "send shop:1"))

    Interrupting the cell, or the button Cancel, closes the stream, and the engine ends its work.

    Args:
        stream: messages (`stream=True, decode=True`), or the pieces of an archive (`image.save()`).
        what: a few words for the heading.
        total: bytes in all, where they are known and the stream is bytes.

    Yields:
        What the stream yields.

    Raises:
        EngineError: a message tells of a failure.
    """
    shown, screen = Transfer(what, total), InPlace()
    screen.update(shown)
    began = drawn = time.monotonic()
    try:
        for piece in stream:
            shown.take(piece)
            if time.monotonic() - drawn >= UPDATE_SECONDS:
                drawn = time.monotonic()
                screen.update(shown)
            yield piece
        shown.succeed(time.monotonic() - began)
    except BaseException as error:
        shown.fail(error)
        raise
    finally:
        getattr(stream, "close", lambda: None)()
        screen.update(shown)
