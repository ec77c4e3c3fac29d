"""What is saved of a live picture: its text and its static page, never the address of a model that will be gone.

A Jupyter server calls `keep_snapshots` before it writes a notebook. The page that is open keeps its live picture.
"""

from __future__ import annotations

from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MARK = "data-slipway-snapshot"
"""The attribute that marks the static page of a picture in an output's HTML."""


def keep_snapshots(model: dict[str, Any], **_: Any) -> None:
    """Take the widget out of each output that has a static page of ours, in place.

    Args:
        model: what the contents manager is about to save (a `pre_save_hook` of jupyter_server).
    """
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    for cell in content.get("cells") or ():
        for output in cell.get("outputs") or ():
            data = output.get("data") or {}
            if WIDGET_VIEW in data and MARK in _joined(data.get("text/html")):
                del data[WIDGET_VIEW]


def install(contents_manager: Any) -> None:
    """Have a server's contents manager call the hook (jupyter_server 2 has `register_pre_save_hook`)."""
    register = getattr(contents_manager, "register_pre_save_hook", None)
    if register is not None:  # a manager of another kind may know no hooks
        register(keep_snapshots)


def _joined(text: Any) -> str:
    """A text of a notebook's output, which may be kept as a list of lines."""
    return "".join(text) if isinstance(text, list) else str(text or "")
