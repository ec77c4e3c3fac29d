"""Notebooks as browsers, editors and platforms leave them: read, or a sentence that tells what to do."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.examine.folder import read_folder
from grader.examine.reading import MOST_BYTES, NotANotebook, Readable, read_submitted, readable

SOURCE = "# Grüße\nprint('é')"


def notebook(**changes: Any) -> dict[str, Any]:
    cell = {
        "cell_type": "code", "execution_count": 1, "id": "a", "metadata": {"nbgrader": {"grade_id": "one"}},
        "outputs": [], "source": SOURCE.splitlines(keepends=True),
    }  # fmt: skip
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def saved(node: Any = None, coding: str = "utf-8") -> bytes:
    return json.dumps(node or notebook(), ensure_ascii=False).encode(coding)


def version(minor: int) -> bytes:
    node = nbformat.from_dict(notebook(nbformat_minor=minor))
    if minor < 5:
        del node.cells[0]["id"]
    return saved(node)


def in_format_3() -> bytes:
    node: Any = nbformat.convert(nbformat.from_dict(notebook()), 3)
    return nbformat.v3.writes_json(node).encode()  # type: ignore[no-untyped-call,no-any-return]


COLAB = {"colab": {"provenance": [], "collapsed_sections": ["x"]}, "accelerator": "GPU"}
GOOD = {
    **{f"format-4.{minor}": version(minor) for minor in range(6)},
    "format-3": in_format_3(),
    "utf-8-mark": codecs.BOM_UTF8 + saved(),
    "utf-16": saved(coding="utf-16"),
    "utf-32": saved(coding="utf-32"),
    "latin-1": saved(coding="latin-1"),
    "crlf": saved(notebook()).replace(b"\\n", b"\\r\\n").replace(b", ", b",\r\n"),
    "colab": saved(notebook(metadata=COLAB)),
    "vs-code": saved(notebook(metadata={"vscode": {"interpreter": {"hash": "0" * 64}}, "language_info": {}})),
    "one-text": saved(notebook(cells=[{**notebook()["cells"][0], "source": SOURCE}])),
}


@pytest.mark.parametrize("name", GOOD)
def test_it_is_read(name: str) -> None:
    found = readable(GOOD[name])
    assert isinstance(found, Readable), found
    for content in (GOOD[name], found.content):
        cells, notes = read_submitted(content)
        assert [(cell.kind, cell.source, cell.grade_id) for cell in cells] == [("code", SOURCE, "one")]
        assert len(notes) == (1 if name == "latin-1" and content is GOOD[name] else 0), notes


BAD = {
    "empty": (b"", "empty"),
    "zeros": (bytes(4096), "empty"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
    "zip": (b"PK\x03\x04" + bytes(100), "a zip file"),
    "page": (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
    "half": (saved()[:-40], "in the middle"),
    "half-of-a-text": (saved().partition(b"print")[0], "in the middle"),
    "conflict": (saved().replace(b'"id"', b'<<<<<<< HEAD\n"id": "b",\n=======\n"id"'), "merge conflict"),
    "text": (b"print('hello')", "no JSON"),
    "list": (b"[]", "a JSON list"),
    "no-cells": (b'{"nbformat": 4}', "without a list of cells"),
    "deep": (b"[" * 100_000, "nested"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_sentence_says_what_to_do(name: str) -> None:
    raw, words = BAD[name]
    said = readable(raw)
    assert isinstance(said, str) and words in said and "\n" not in said
    assert any(todo in said for todo in ("hand it in again", "Hand in the notebook itself"))
    with pytest.raises(NotANotebook, match=words):
        read_submitted(raw)


def test_outputs_of_50_megabytes_are_left_out(tmp_path: Path) -> None:
    node = notebook()
    node["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}]
    (tmp_path / "L01.ipynb").write_bytes(saved(node))
    files, skipped = read_folder(tmp_path)
    assert skipped == () and len(files["L01.ipynb"]) < 10_000
    assert read_submitted(files["L01.ipynb"])[0][0].source == SOURCE
    found = readable(saved(node))
    assert isinstance(found, Readable) and "50 MB" in found.notes[0]
    node["cells"][0]["source"] = "x" * (MOST_BYTES + 1)
    said = readable(saved(node))
    assert isinstance(said, str) and "Keep data in files" in said


def test_headings_of_format_3_are_text() -> None:
    heading = {"cell_type": "heading", "level": 2, "source": "Ports", "metadata": {}}
    sheet = {"worksheets": [{"cells": [heading]}], "nbformat": 3, "metadata": {}}
    assert [(cell.kind, cell.source) for cell in read_submitted(saved(sheet))[0]] == [("markdown", "## Ports")]
