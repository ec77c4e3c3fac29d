"""Reading a learner's notebook as what it is: JSON from somebody who may want to do harm. Nothing of it is trusted."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.examine.errors import ExamineError

MOST_BYTES = 16 * 1024 * 1024
MOST_CELLS = 500
MOST_SOURCE = 256 * 1024  # characters of one cell
MOST_RAW = 64 * 1024 * 1024  # of a file with its outputs
MOST_BRACKETS = 4_000_000  # of a file: each list and object of JSON takes 60 to 70 bytes in memory
KINDS = ("code", "markdown", "raw")
HEADING = "heading"  # a kind of format 3
AGAIN = "Open it in JupyterLab, save it, and hand it in again"
CLEAR = "Clear its outputs in JupyterLab (Edit, Clear Outputs of All Cells), save it, and hand it in again"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"RIFF", "a picture"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip file"),
    (b"\x1f\x8b", "a packed file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
)


class NotANotebook(ExamineError):
    """What was submitted cannot be read as a notebook of any format that Jupyter knows."""


@dataclass(frozen=True)
class SubmittedCell:
    """One cell, reduced to what matters.

    Args:
        kind: "code", "markdown" or "raw".
        source: its text.
        grade_id: nbgrader's name of it, "" if it has none.
        claims: what its metadata says to nbgrader, unchecked; only ever compared.
    """

    kind: str
    source: str
    grade_id: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Readable:
    """A notebook that can be graded.

    Args:
        content: the file in UTF-8, and without its outputs where they made it too large.
        notes: what was changed to read it.
    """

    content: bytes
    notes: tuple[str, ...] = ()


def readable(raw: bytes) -> Readable:
    """What was handed in under the name of a notebook, as one.

    Raises:
        NotANotebook: it is none; its parts tell the learner what it is, and what to do.
    """
    node, notes = _load(raw)
    cells = _cells(node)
    if not notes and len(raw) <= MOST_BYTES:
        return Readable(raw)
    if len(raw) > MOST_BYTES:
        for cell in cells:
            if isinstance(cell, dict):
                cell.pop("outputs", None)
                cell.pop("attachments", None)
        notes.append(f"Its outputs were left out: with them it has {len(raw) // 1_000_000} MB.")
    content = json.dumps(node, ensure_ascii=False).encode("utf-8", "replace")
    if len(content) > MOST_BYTES:
        megabytes = len(content) // 1_000_000
        raise _no_notebook(f"it has {megabytes} MB without its outputs", f"Keep data in files beside it. {AGAIN}")
    return Readable(content, tuple(notes))


def read_submitted(raw: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """Read the cells of a submitted notebook; outputs, ids and all other metadata are dropped.

    Args:
        raw: the file.

    Returns:
        The cells in order, and notes about what was left out.

    Raises:
        NotANotebook: it cannot be read; its parts tell the learner what it is, and what to do.
    """
    node, notes = _load(raw)
    cells = _cells(node)
    if len(cells) > MOST_CELLS:
        notes.append(f"The notebook has {len(cells)} cells: those after the first {MOST_CELLS} were not run.")
    found, broken, cut = [], 0, 0
    for cell in cells[:MOST_CELLS]:
        read = _cell(cell)
        if read is None:
            broken += 1
        elif len(read.source) > MOST_SOURCE:
            cut += 1
        else:
            found.append(read)
    if broken:
        notes.append(f"{broken} of its cells are no cells of a notebook, and were left out.")
    if cut:
        notes.append(f"{cut} of its cells are longer than {MOST_SOURCE} characters, and were left out.")
    return found, notes


def _load(raw: bytes) -> tuple[Any, list[str]]:
    """The JSON of a file in whatever coding it was saved."""
    if len(raw) > MOST_RAW:
        raise _no_notebook(f"it has {len(raw) // 1_000_000} MB", CLEAR)
    if not raw.strip(b"\0 \t\r\n"):
        raise _no_notebook("the file is empty", AGAIN)
    for begun, what in _OTHER:
        if raw.startswith(begun):
            raise _no_notebook(f"it is {what} with the name of a notebook", "Hand in the notebook itself")
    if raw.count(b"[") + raw.count(b"{") > MOST_BRACKETS:
        raise _no_notebook("it has millions of lists", CLEAR)
    text, notes = _decoded(raw)
    try:
        return json.loads(text), notes
    except RecursionError as error:
        raise _no_notebook("it is nested too deeply", AGAIN) from error
    except ValueError as error:
        if any(mark in text for mark in ("<<<<<<< ", ">>>>>>> ")):
            todo = "Keep one version of each part, delete the lines that begin with <<<<<<<, ======= and >>>>>>>, and "
            raise _no_notebook("Git left the marks of a merge conflict in it", todo + "hand it in again") from error
        at_end = isinstance(error, json.JSONDecodeError) and text.lstrip().startswith("{") and _ends_at(error, text)
        what = "it ends in the middle, as a file that was not saved or copied whole" if at_end else f"no JSON: {error}"
        raise _no_notebook(what, AGAIN) from error


def _ends_at(error: json.JSONDecodeError, text: str) -> bool:
    return error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")


def _decoded(raw: bytes) -> tuple[str, list[str]]:
    """The text of a file: by its byte order mark, as UTF-8, else as Windows of western Europe saves it."""
    for mark, coding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(coding, "replace").removeprefix("\ufeff"), []
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        note = "The notebook was not saved in UTF-8: letters such as ä and é may have become others."
        return raw.decode("cp1252", "replace"), [note]


def _cells(node: Any) -> list[Any]:
    if not isinstance(node, dict):
        raise _no_notebook(f"it is a JSON {type(node).__name__}", AGAIN)
    cells = node.get("cells")
    if cells is None and isinstance(node.get("worksheets"), list):  # format 3, of IPython before 2015
        sheets = [sheet.get("cells") for sheet in node["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise _no_notebook("it is JSON without a list of cells", AGAIN)
    return cells


def _cell(cell: Any) -> SubmittedCell | None:
    if not isinstance(cell, dict) or cell.get("cell_type") not in (*KINDS, HEADING):
        return None
    source = cell.get("source", cell.get("input", ""))  # the second in format 3
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    metadata = cell.get("metadata")
    claims = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    claims = claims if isinstance(claims, dict) else {}
    grade_id = claims.get("grade_id")
    # a lone surrogate can be read from JSON, and never be written as UTF-8 again
    text = source.encode("utf-8", "replace").decode().replace("\r\n", "\n")
    if cell["cell_type"] == HEADING:
        level = cell.get("level")
        text = f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {text}"
    return SubmittedCell(
        "markdown" if cell["cell_type"] == HEADING else cell["cell_type"],
        text,
        grade_id if isinstance(grade_id, str) else "",
        claims,
    )


def repeated(cells: list[SubmittedCell]) -> Iterator[str]:
    """The grade ids that more than one cell has."""
    seen: set[str] = set()
    for cell in cells:
        if cell.grade_id in seen:
            yield cell.grade_id
        elif cell.grade_id:
            seen.add(cell.grade_id)


def _no_notebook(observed: str, try_next: str) -> NotANotebook:
    return NotANotebook("a notebook in JSON, as Jupyter saves it", observed, f"{try_next}.")
