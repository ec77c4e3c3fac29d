"""A saved notebook holds the static page of a picture, and no address of a model that will be gone."""

from __future__ import annotations

import copy

from course.widgets.snapshot import MARK, WIDGET_VIEW, keep_snapshots


def saved(*outputs: dict[str, object]) -> list[dict[str, object]]:
    model = {
        "type": "notebook",
        "content": {"cells": [{"outputs": copy.deepcopy(list(outputs))}, {"source": "# text"}]},
    }
    keep_snapshots(model, path="a.ipynb", contents_manager=None)
    return model["content"]["cells"][0]["outputs"]  # type: ignore[index, return-value]


def output(html: object) -> dict[str, object]:
    data = {"text/plain": "map", "text/html": html, WIDGET_VIEW: {"model_id": "1"}}
    return {"output_type": "display_data", "data": data}


def test_a_picture_is_saved_as_its_page_and_its_text() -> None:
    for html in (f"<div {MARK}='engine-map'></div>", ["<div ", f"{MARK}='engine-map'></div>"]):
        assert saved(output(html))[0]["data"] == {"text/plain": "map", "text/html": html}


def test_other_widgets_and_other_outputs_are_left_alone() -> None:
    others = [output("<b>a table</b>"), output(None), {"output_type": "stream", "text": MARK}]
    assert saved(*others) == others


def test_other_files_are_left_alone() -> None:
    for model in ({"type": "file", "content": MARK}, {"type": "notebook", "content": None}, {"type": "directory"}):
        before = copy.deepcopy(model)
        keep_snapshots(model, path="a", contents_manager=None)
        assert model == before
