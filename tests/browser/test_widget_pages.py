"""A notebook that is opened again, without the kernel that drew its pictures, shows the page of each."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import nbformat
import pytest
from every_picture import PICTURES, shop_session
from front_end import FrontEnd
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from course.widgets.snapshot import WIDGET_VIEW, keep_snapshots

NAME = "reopened.ipynb"


@pytest.fixture(scope="module")
def shown(lab_url: str, notebook_url: str, lab_workspace: Path) -> list[str]:
    """The first words of each picture's page, in a notebook as a server saves it; the servers run already."""
    cell, words = new_code_cell("# every picture"), []
    with shop_session():
        for make in PICTURES.values():
            picture = make()
            picture._live = True  # as where a person sees the cell: its output names a model
            bundle, _ = picture._repr_mimebundle_()
            assert WIDGET_VIEW in bundle
            cell.outputs.append(new_output("display_data", data=bundle))
            words.append(unescape(re.findall(">([^<>]{8,})<", picture.html())[0]))
            picture.close()
    book = new_notebook(cells=[cell])
    book.metadata.kernelspec = {"name": "slipway", "display_name": "Docker course", "language": "python"}
    keep_snapshots({"type": "notebook", "content": book})
    notary = NotebookNotary()
    notary.sign(book)  # in a notebook that is not trusted, a front end draws no widget anyway
    notary.store.close()
    nbformat.write(book, lab_workspace / NAME)
    return words


def test_every_picture_is_there_without_its_kernel(front: FrontEnd, shown: list[str]) -> None:
    front.open(NAME)
    outputs = front.page.locator(".jp-CodeCell .jp-OutputArea-output")
    expect(outputs).to_have_count(len(shown))
    for output, words in zip(outputs.all(), shown, strict=True):
        expect(output).to_contain_text(words)
    expect(front.page.get_by_text(re.compile("model not found|error displaying widget", re.IGNORECASE))).to_have_count(
        0
    )
    front.end_kernels()
