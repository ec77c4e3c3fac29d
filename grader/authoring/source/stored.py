"""Which cell outputs a lesson's source keeps: text that is the same on every engine, which nbval compares."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

COMPARED = "nbval-check-output"
"""The tag by which nbval compares a cell's output also with `--nbval-lax`."""
FEWEST = 5
"""So many cells of a lesson are compared at least."""
SANITIZER = Path(__file__).with_name("sanitize.cfg")
Outputs = list[dict[str, Any]]


def comparable(outputs: Sequence[Mapping[str, Any]]) -> Outputs:
    """What a cell printed, as one sanitized text; nothing where it also shows pictures or writes to stderr."""
    if any(output.get("output_type") != "stream" or output.get("name") != "stdout" for output in outputs):
        return []
    text = sanitized("".join(output["text"] for output in outputs))
    return [{"output_type": "stream", "name": "stdout", "text": text}] if text.strip() else []


def sanitized(text: str) -> str:
    """The text without what differs between two correct runs, sanitized the way nbval does it."""
    for pattern, replacement in _rules():
        text = re.sub(pattern, replacement, text)
    return text


@cache
def _rules() -> tuple[tuple[str, str], ...]:
    rules = configparser.RawConfigParser()
    rules.read(SANITIZER, "utf-8")
    return tuple((rules.get(name, "regex"), rules.get(name, "replace")) for name in rules.sections())


def carried_over(old: Any, new: Any) -> None:
    """Keep the stored outputs of cells whose source is unchanged, where a notebook is written again."""
    compared = {
        cell.id: cell for cell in old.cells if cell.cell_type == "code" and COMPARED in cell.metadata.get("tags", [])
    }
    for cell in new.cells:
        before = compared.get(cell.id)
        if before is not None and before.source == cell.source:
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
            cell.metadata.tags = [*cell.metadata.get("tags", []), COMPARED]
