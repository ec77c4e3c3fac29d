"""The journal: one JSON line for each call of a session; rotated, capped, without secrets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SIZE = 4 * 1024 * 1024  # bytes of one file; past it the file becomes `<sid>.1.jsonl`, and what was there is dropped
KEPT = 200  # files, of open and ended sessions together
TEXT = 200  # characters kept of one text
ITEMS = 24  # entries kept of one list or mapping
LOST, BEGUN = "journal.lost", "exec.begun"
SECRET = ("env", "auth", "secret", "password", "token", "buildargs", "identitytoken", "cmd", "entrypoint", "labels")


@dataclass(frozen=True)
class Entry:
    """One call, or something that the gateway did by itself (method "" then).

    Args:
        time: seconds since the epoch, when the call came.
        session: the sid.
        method: "GET", "POST"…
        route: the route's name without ids, such as "containers.create".
        asked: what was asked in the learner's words: {"name": "web", "image": "shop:1"}; values are cut and cleaned.
        decision: "allowed", "refused", "unknown" (no such object), "failed" (the engine's error), "event" (no call),
            "check" (allowed, and a check's).
        status: the HTTP status that was answered.
        duration: seconds.
        received: bytes from the client.
        sent: bytes to the client.
        outcome: what came of it, for checks and sentences: {"id": "…", "image": "sha256:…", "cached": 2, "steps": 4}.
        message: the refusal's or the engine's words, "" for none.
    """

    time: float
    session: str
    method: str
    route: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    decision: str = "allowed"
    status: int = 200
    duration: float = 0.0
    received: int = 0
    sent: int = 0
    outcome: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""


class Journal:
    """Writes and reads the entries of one session.

    Args:
        folder: where the files are; made if absent.
        sid: the session.
        size: bytes at which a file is rotated; two files at most are kept.
    """

    def __init__(self, folder: Path, sid: str, *, size: int = SIZE) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sid, self._size = sid, size
        self._path, self._older = folder / f"{sid}.jsonl", folder / f"{sid}.1.jsonl"
        self._file = self._path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._lost = False

    def __repr__(self) -> str:
        return f"<Journal of {self.sid}, {self._file.tell()} bytes>"

    def write(self, entry: Entry) -> None:
        """Append an entry, whole or not at all; a full disk loses the entry, never the call."""
        values = asdict(entry)
        values["asked"], values["outcome"] = clean(entry.asked), clean(entry.outcome)
        values["message"] = entry.message[: 2 * TEXT]
        line = json.dumps(values, separators=(",", ":"), ensure_ascii=False, default=str).encode("utf-8", "replace")
        with self._lock:
            try:
                if self._file.tell() + len(line) + 1 > self._size:
                    self._rotate()
                if self._lost:
                    told = Entry(entry.time, self.sid, "", LOST, decision="event", message="lines before this are lost")
                    self._file.write(json.dumps(asdict(told)).encode() + b"\n")
                    self._lost = False
                self._file.write(line + b"\n")
            except (OSError, ValueError):  # a full disk; a call that ends after its session and its journal
                self._lost = True

    def note(self, route: str, message: str, **outcome: Any) -> None:
        """Append something that the gateway did by itself, such as ending a container over its quota."""
        self.write(Entry(time.time(), self.sid, "", route, decision="event", outcome=outcome, message=message))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        self._path.replace(self._older)
        self._file = self._path.open("ab", buffering=0)


def read(folder: Path, sid: str) -> Iterator[Entry]:
    """Yield the entries of a session, the oldest first; a line that was cut by a crash is passed over."""
    for path in (folder / f"{sid}.1.jsonl", folder / f"{sid}.jsonl"):
        if not path.exists():
            continue
        with path.open("rb") as lines:
            for line in lines:
                try:
                    yield Entry(**json.loads(line))
                except (ValueError, TypeError):
                    continue


def is_whole(entries: Sequence[Entry]) -> bool:
    """Whether a journal has all that happened: its first line is the session's, and nothing is missing after it."""
    return bool(entries) and entries[0].route == "session.open" and all(entry.route != LOST for entry in entries)


def forget_old(folder: Path, keep: int = KEPT) -> None:
    """Remove the journals that were written to longest ago, beyond `keep` files."""
    aged = sorted((path.stat().st_mtime, path) for path in folder.glob("*.jsonl"))
    for _, path in aged[: max(0, len(aged) - keep)]:
        path.unlink(missing_ok=True)


def clean(value: Any, depth: int = 4) -> Any:
    """The value with secrets left out and everything long cut, so that a line stays a line.

    Of a mapping the entries whose name is in `SECRET` are replaced by how many they were; a list keeps 24 items.
    """
    if isinstance(value, Mapping):
        if depth <= 0:
            return _hidden(value)
        kept = list(value.items())[:ITEMS]
        return {str(key)[:TEXT]: _hidden(item) if _secret(key) else clean(item, depth - 1) for key, item in kept}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(item, depth - 1) for item in list(value)[:ITEMS]] if depth > 0 else _hidden(value)
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    text = str(value)
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _secret(key: object) -> bool:
    name = str(key).casefold()
    return any(word in name for word in SECRET)


def _hidden(value: Any) -> str:
    return f"<{len(value)} not kept>" if isinstance(value, (Mapping, list, tuple, set, frozenset)) else "<not kept>"
