"""A learner's feedback page: check results, the engine's facts, and the notebook as text, without hidden tests."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any, cast

from nbconvert.exporters import Exporter
from nbgrader.preprocessors import ClearHiddenTests

from grader.classroom.keeping import Keeping
from grader.classroom.pages.render import data_url, render
from grader.classroom.workspace import open_workspace
from grader.examine.examination import Examination

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_PICTURES = ("image/png", "image/jpeg", "image/gif")
_HIDDEN = "# hidden tests: what they found is below"


class FeedbackPage(Exporter):
    """What `GenerateFeedback` converts with: a page of its own, on which nothing that a learner wrote is markup.

    nbgrader's page (0.9.6) loads scripts from elsewhere, shows the source of hidden tests, and trusts HTML in outputs.
    """

    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **named: Any) -> Any:
        """Make the page of one graded notebook."""
        nb, resources = super().from_notebook_node(nb, resources, **named)
        about, converter = resources["nbgrader"], cast("Any", self.parent)
        workspace = open_workspace(Path(converter.coursedir.root))
        examination = Keeping(workspace).latest(about["assignment"], about["student"])
        page = render(
            "feedback.html.j2",
            title=f"{about['notebook']}: {about['student']}",
            score=float(about["score"]),
            out_of=float(about["max_score"]),
            penalty=float(about["late_penalty"]),
            exercises=_exercises(nb, examination),
            notes=examination.notes if examination else (),
            images=examination.evidence.images if examination else (),
            cells=[shown for cell in nb.cells if (shown := _cell(cell))],
        )
        return page, resources


def _exercises(nb: Any, examination: Examination | None) -> list[dict[str, Any]]:
    """The graded cells with their points of the gradebook, which a person may have changed, and the marks."""
    marks = {mark.cell: mark for mark in examination.marks} if examination else {}
    found = []
    for cell in nb.cells:
        own = cell.metadata.get("nbgrader", {})
        if own.get("grade") and "score" in own:
            mark = marks.get(own["grade_id"])
            found.append(
                {
                    "cell": own["grade_id"],
                    "score": float(own["score"]),
                    "points": float(own["points"]),
                    "mark": mark,
                    "is_manual": mark is not None and mark.earned is not None and mark.earned != own["score"],
                }
            )
    return found


def _cell(cell: Any) -> dict[str, Any] | None:
    own = cell.metadata.get("nbgrader", {})
    source = without_hidden(cell.source)
    outputs = [shown for output in cell.get("outputs", ()) for shown in _shown(output)]
    if not source.strip() and not outputs and not own.get("comment"):
        return None
    return {
        "kind": cell.cell_type,
        "name": own.get("grade_id", ""),
        "source": source,
        "outputs": outputs,
        "comment": own.get("comment") or "",
    }


def without_hidden(source: str) -> str:
    """A cell's source without its hidden tests, also where their end is not marked."""
    kept, hidden = [], False
    for line in source.split("\n"):
        if ClearHiddenTests.begin_test_delimeter.default_value in line:
            hidden = True
            kept.append(_HIDDEN)
        elif ClearHiddenTests.end_test_delimeter.default_value in line:
            hidden = False
        elif not hidden:
            kept.append(line)
    return "\n".join(kept)


def _shown(output: Any) -> list[dict[str, str]]:
    """An output as text: a picture's text twin, never its HTML; of an error what it says, never lines of source."""
    if output.output_type == "stream":
        return [{"text": plain(output.text)}]
    if output.output_type == "error":
        said = output.traceback if not any("Traceback" in line for line in output.traceback) else []
        return [{"text": plain("\n".join(said) or f"{output.ename}: {output.evalue}")}]
    data = output.get("data", {})
    for kind in _PICTURES:
        if kind in data:
            return [{"picture": _picture(kind, data[kind]), "text": plain(data.get("text/plain", ""))}]
    text = data.get("text/plain") or data.get("text/markdown") or ""
    return [{"text": plain(text)}] if text else []


def _picture(kind: str, text: Any) -> str:
    try:
        return data_url(kind, base64.b64decode("".join(text)))
    except (binascii.Error, ValueError):
        return ""


def plain(text: Any) -> str:
    """Text without the escape sequences of a terminal."""
    return _ANSI.sub("", "".join(text))
