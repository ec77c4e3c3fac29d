"""Notebooks as browsers, editors and platforms leave them: read, or a sentence that tells what to do."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from grader.examine.folder import read_folder
from grader.examine.reading import MOST_BRACKETS, MOST_BYTES, MOST_RAW, NotANotebook, read_submitted, readable

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
    for content in (GOOD[name], found.content):
        cells, notes = read_submitted(content)
        assert [(cell.kind, cell.source, cell.grade_id) for cell in cells] == [("code", SOURCE, "one")]
        assert len(notes) == (1 if name == "latin-1" and content is GOOD[name] else 0), notes


SAVE = "Open it in JupyterLab, save it, and hand it in again."
ITSELF = "Hand in the notebook itself."
CLEAR = "Clear its outputs in JupyterLab (Edit, Clear Outputs of All Cells), save it, and hand it in again."
MERGED = (
    "Keep one version of each part, delete the lines that begin with <<<<<<<, ======= and >>>>>>>, "
    "and hand it in again."
)
BAD = {
    "empty": (b"", "the file is empty", SAVE),
    "zeros": (bytes(4096), "the file is empty", SAVE),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is a picture with the name of a notebook", ITSELF),
    "zip": (b"PK\x03\x04" + bytes(100), "it is a zip file with the name of a notebook", ITSELF),
    "page": (b"<!DOCTYPE html><title>Sign in</title>", "it is a web page with the name of a notebook", ITSELF),
    "half": (saved()[:-40], "it ends in the middle, as a file that was not saved or copied whole", SAVE),
    "half-of-a-text": (
        saved().partition(b"print")[0], "it ends in the middle, as a file that was not saved or copied whole", SAVE,
    ),
    "conflict": (
        saved().replace(b'"id"', b'<<<<<<< HEAD\n"id": "b",\n=======\n"id"'),
        "Git left the marks of a merge conflict in it", MERGED,
    ),
    "text": (b"print('hello')", "no JSON: Expecting value: line 1 column 1 (char 0)", SAVE),
    "list": (b"[]", "it is a JSON list", SAVE),
    "no-cells": (b'{"nbformat": 4}', "it is JSON without a list of cells", SAVE),
    "deep": (b"[" * 100_000, "it is nested too deeply", SAVE),
    "millions": (b"[" + b"{}," * MOST_BRACKETS + b"{}]", "it has millions of lists", CLEAR),
    "endless": (bytes(1) + b" " * MOST_RAW, "it has 67 MB", CLEAR),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_sentence_says_what_to_do(name: str) -> None:
    raw, observed, todo = BAD[name]
    for read in (readable, read_submitted):
        with pytest.raises(NotANotebook) as caught:
            read(raw)
        assert (caught.value.observed, caught.value.try_next) == (observed, todo)


def test_outputs_of_50_megabytes_are_left_out(tmp_path: Path) -> None:
    node = notebook()
    node["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}]
    for folder in (tmp_path, tmp_path / "in" / "another"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "L01.ipynb").write_bytes(saved(node))
    files, skipped = read_folder(tmp_path)
    said = "Its outputs were left out: with them it has 50 MB."
    assert skipped == (f"L01.ipynb: {said}", f"in/another/L01.ipynb: {said}")
    for content in files.values():
        assert len(content) < 10_000 and read_submitted(content)[0][0].source == SOURCE
    assert readable(saved(node)).notes == (said,)
    node["cells"][0]["source"] = "x" * (MOST_BYTES + 1)
    with pytest.raises(NotANotebook) as caught:
        readable(saved(node))
    assert caught.value.observed == "it has 16 MB without its outputs"
    assert caught.value.try_next == f"Keep data in files beside it. {SAVE}"


def test_headings_of_format_3_are_text() -> None:
    heading = {"cell_type": "heading", "level": 2, "source": "Ports", "metadata": {}}
    sheet = {"worksheets": [{"cells": [heading]}], "nbformat": 3, "metadata": {}}
    assert [(cell.kind, cell.source) for cell in read_submitted(saved(sheet))[0]] == [("markdown", "## Ports")]
