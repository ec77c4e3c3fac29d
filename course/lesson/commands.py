"""The two languages: each call of docker-py that the lessons use, beside the docker command with the same effect."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import resources

import msgspec

TABLE = "commands.toml"


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do, in both languages.

    Args:
        lesson: the lesson that does it first.
        does: what it does, in words.
        python: a line of docker-py.
        command: the docker command.
        before: Python that makes what has to be there.
        says: texts that both outputs hold.
        file: a file that the command writes or reads.
    """

    lesson: str
    does: str
    python: str
    command: str
    before: str = ""
    says: tuple[str, ...] = ()
    file: str = ""


class _Table(msgspec.Struct):
    pairs: tuple[Pair, ...]


@cache
def pairs() -> tuple[Pair, ...]:
    """All pairs, in the order of the lessons."""
    text = resources.files("course.lesson").joinpath(TABLE).read_bytes()
    return msgspec.toml.decode(text, type=_Table).pairs


class Card:
    """The reference card; print it, or let it be the last line of a cell."""

    def __init__(self, rows: tuple[Pair, ...]) -> None:
        self.rows = rows

    def __str__(self) -> str:
        return "\n".join(f"{row.lesson}  {row.does}\n     {row.command}\n     {row.python}" for row in self.rows)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _html(self) -> str:
        rows = "".join(
            f"<tr><td>{row.lesson}</td><th scope='row' style='text-align:left'>{escape(row.does)}</th>"
            f"<td style='text-align:left'><code>{escape(row.command)}</code></td>"
            f"<td style='text-align:left'><code>{escape(row.python)}</code></td></tr>"
            for row in self.rows
        )
        head = "".join(f"<th scope='col'>{name}</th>" for name in ("lesson", "to", "in a terminal", "in Python"))
        caption = "<caption>Docker in two languages</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def commands(lesson: str | None = None) -> Card:
    """The reference card of all commands, or of those that a lesson does first.

    Args:
        lesson: its id, such as `L03`; None is the whole course.
    """
    return Card(tuple(pair for pair in pairs() if lesson in (None, pair.lesson)))
