"""What a submission's kernel says, read as what it is: bytes from a stranger."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

LONGEST_NAME = 200  # characters of an error's name
LONGEST_WORDS = 2000  # characters of an error's message
MOST_OUTPUTS = 1000  # of one cell
MOST_DEPTH = 50  # of lists and mappings in each other; whoever writes or compares them later goes down with them


class Message(msgspec.Struct):
    """The outer part of a message: the channel, its type, and the id of the request that it answers."""

    on: Literal["kernel", "shell", "iopub"]
    type: str
    parent: str
    content: msgspec.Raw = msgspec.Raw(b"{}")


class Status(msgspec.Struct):
    """`status`: busy or idle."""

    execution_state: str


class Reply(msgspec.Struct):
    """`execute_reply`."""

    status: str
    ename: str = ""
    evalue: str = ""


class Value(msgspec.Struct):
    """`value_reply`."""

    there: bool
    json: str | None = None
    problem: str = "not plain"


class _Stream(msgspec.Struct):
    name: Literal["stdout", "stderr"]
    text: str


class _Transient(msgspec.Struct):
    display_id: str | None = None


class _Display(msgspec.Struct):
    data: dict[str, Any]
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)
    transient: _Transient = msgspec.field(default_factory=_Transient)
    execution_count: int | None = None


class _Error(msgspec.Struct):
    ename: str
    evalue: str
    traceback: list[str]


class _Clear(msgspec.Struct):
    wait: bool = False


def read(text: bytes | msgspec.Raw, kind: type[Any]) -> Any:
    """Read a message as one of the structs above; None where it is not one."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_shallow(value: Any) -> bool:
    """Whether lists and mappings of a JSON value lie at most `MOST_DEPTH` deep in each other."""
    level = [value]
    for _ in range(MOST_DEPTH):
        inner = [one for one in level if isinstance(one, list | dict)]
        if not inner:
            return True
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
    return not any(isinstance(one, list | dict) for one in level)


class Outputs:
    """The outputs of one cell, as nbformat keeps them, up to a number of bytes.

    Args:
        most: bytes of JSON that are kept; what comes after is left out, and a last line says so.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._spent = 0
        self._kept: list[dict[str, Any]] = []
        self._ids: list[str | None] = []
        self._clears = False
        self.cut = False

    def take(self, kind: str, content: msgspec.Raw) -> None:
        """Keep what one message adds. What is malformed is passed over."""
        if kind == "cut":
            self.cut = True
            return
        self._spent += len(bytes(content))
        if self._spent > self._most or len(self._kept) >= MOST_OUTPUTS:
            self.cut = True
            return
        if kind == "clear_output":
            if (clear := read(content, _Clear)) is not None:
                self._clears = True
                if not clear.wait:
                    self._clear_now()
        elif kind == "stream":
            if (stream := read(content, _Stream)) is not None:
                self._stream(stream)
        elif kind in ("display_data", "execute_result", "update_display_data"):
            display = read(content, _Display)
            if display is not None and is_shallow([display.data, display.metadata]):
                self._display(kind, display)
        elif kind == "error" and (error := read(content, _Error)) is not None:
            self._add({"output_type": "error", **msgspec.to_builtins(error)})

    def kept(self) -> list[dict[str, Any]]:
        """All of them, as nbformat 4 has them."""
        if self.cut:
            words = f"[more was printed than the {self._most} bytes that are kept of one cell]\n"
            return [*self._kept, {"output_type": "stream", "name": "stderr", "text": words}]
        return list(self._kept)

    def _clear_now(self) -> None:
        self._kept.clear()
        self._ids.clear()
        self._clears = False

    def _add(self, output: dict[str, Any], display_id: str | None = None) -> None:
        if self._clears:
            self._clear_now()
        self._kept.append(output)
        self._ids.append(display_id)

    def _stream(self, stream: _Stream) -> None:
        last = self._kept[-1] if self._kept and not self._clears else {}
        if last.get("output_type") == "stream" and last["name"] == stream.name:
            last["text"] += stream.text
        else:
            self._add({"output_type": "stream", "name": stream.name, "text": stream.text})

    def _display(self, kind: str, display: _Display) -> None:
        data = {mime: value for mime, value in display.data.items() if _fits(mime, value)}
        display_id = display.transient.display_id
        if display_id is not None:
            for shown, known in zip(self._kept, self._ids, strict=True):
                if known == display_id and "data" in shown:
                    shown |= {"data": data, "metadata": display.metadata}
        if kind == "update_display_data":
            return
        output: dict[str, Any] = {"output_type": kind, "data": data, "metadata": display.metadata}
        if kind == "execute_result":
            output["execution_count"] = display.execution_count
        self._add(output, display_id)


def _fits(mime: str, value: Any) -> bool:
    """Whether nbformat 4 takes this value for this type: text, or any JSON for a JSON type."""
    if mime == "application/json" or mime.endswith("+json"):
        return True
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value))
