"""A build as text, as HTML, and as the state of a live picture, while it runs. All carry the same facts."""

from __future__ import annotations

import html
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.engine.advice import Advice
from course.engine.build import BuildDone, BuildEvent, StepDone, StepFailed, StepOutput, StepStarted
from course.kernel.last_builds import beside

WAITING = "○ waiting"
MOST_OUTPUT = 40
"""How many of the last lines of output are kept, to show them of the instruction that fails."""
LINE_WIDTH = 200
"""Longer lines of output are cut (characters)."""
INSTRUCTION_WIDTH = 80
"""Longer instructions are cut in the text (characters)."""
AROUND = 2
"""How many lines of the Dockerfile are shown before and after the offending one."""


@dataclass
class Row:
    """One instruction in the view: `state` is a symbol and a word, `last` says what the last build of the name had."""

    number: int
    total: int
    instruction: str
    state: str = "… running"
    seconds: float | None = None
    output: str = ""
    last: str = ""
    image_id: str = ""

    @property
    def duration(self) -> str:
        """The duration in seconds, "" while it runs."""
        return "" if self.seconds is None else f"{self.seconds:.2f} s"

    def as_line(self, width: int) -> str:
        """The row as text, its instruction cut or filled to a width in characters."""
        line = f"{self.number}/{self.total}  {self.instruction[:width]:<{width}}  {self.state:<9}  {self.duration}"
        return "  ".join(filter(None, [line.rstrip() if not self.output else line, self.last, self.output])).rstrip()

    def as_html(self, compared: bool) -> str:
        """The row as a row of a table, with a column for the last build where there was one."""
        last = f"<td style='text-align:left'>{html.escape(self.last)}</td>" if compared else ""
        output = f"<br><small>{html.escape(self.output)}</small>" if self.output else ""
        return (
            f"<tr><td>{self.number}/{self.total}</td>"
            f"<td style='text-align:left'><code>{html.escape(self.instruction)}</code>{output}</td>"
            f"<td style='text-align:left'>{self.state}</td><td>{self.duration}</td>{last}</tr>"
        )


@dataclass
class BuildView:
    """What a cell shows of a build. `take` events as they come; IPython shows it as text and as HTML.

    Args:
        name: the image's name.
        source: the Dockerfile's lines, to point at the offending one.
        planned: the instructions, shown as waiting until they begin; () shows each when it begins.
        before: the last build of the name, of `last_builds.last_build`.
    """

    name: str
    source: Sequence[str]
    planned: Sequence[str] = ()
    before: Sequence[tuple[str, str]] = ()
    rows: list[Row] = field(default_factory=list)
    closing_line: str = ""
    failed: StepFailed | None = None
    advice: tuple[Advice, ...] = ()
    ended: bool = False
    output: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_OUTPUT))
    row: Row | None = None

    def __post_init__(self) -> None:
        total = len(self.planned)
        self.rows = [Row(number, total, text, WAITING) for number, text in enumerate(self.planned, 1)]

    def take(self, event: BuildEvent) -> None:
        """Bring the view up to date with an event."""
        match event:
            case StepStarted(number, total, instruction, _):
                self.row = self._begun(Row(number, total, instruction))
                self.output.clear()
            case StepOutput(_, text):
                lines = [line[:LINE_WIDTH] for line in text.strip().splitlines()[-MOST_OUTPUT:]]
                self.output.extend(lines)
                if self.row and lines:  # a piece of output may be an end of line alone
                    self.row.output = lines[-1][:100]
            case StepDone(_, cached, seconds, image_id):
                if row := self.row:
                    row.state, row.seconds, row.output = "✓ cached" if cached else "✓ done", seconds, ""
                    row.image_id = image_id
                    row.last = beside(self.before, row.number, row.instruction, image_id, cached=cached)
            case StepFailed():
                self.failed = event
                if self.row and event.number:
                    self.row.state, self.row.output = "✗ failed", ""
                self.closing_line = f"✗ {self.name} was not built"
            case BuildDone():
                self.closing_line = _success(event)

    def not_attempted(self) -> None:
        """There is no instruction to build from yet, so nothing runs that could be cancelled."""
        self.ended = True
        self.closing_line = (
            f"○ not attempted: the Dockerfile of {self.name} has no instruction yet, so nothing is built"
        )

    def interrupted(self) -> None:
        """The build was cancelled; nothing of it runs any more."""
        if self.row and self.row.seconds is None:
            self.row.state, self.row.output = "✗ stopped", ""
        self.closing_line = f"✗ {self.name} was not built: interrupted, and the build is cancelled"

    def end(self, advice: tuple[Advice, ...]) -> None:
        """The stream has ended; the advice is shown below."""
        self.advice, self.ended = advice, True
        for row in self.rows:
            row.state = "○ not begun" if row.state == WAITING else row.state
        self.closing_line = self.closing_line or f"✗ {self.name} was not built"

    def carried_out(self) -> list[tuple[str, str]]:
        """The instructions that ended well, with the id of the image after each."""
        return [(row.instruction, row.image_id) for row in self.rows if row.seconds is not None]

    def as_state(self) -> dict[str, Any]:
        """What a `WorkPicture` draws."""
        return {
            "title": f"Build of {self.name}" if self.rows else f"No build of {self.name} yet",
            "rows": [
                {
                    "id": str(row.number),
                    "number": f"{row.number}/{row.total}",
                    "what": row.instruction,
                    "words": row.state,
                    "status": row.state.split()[-1],
                    "time": row.duration,
                    "part": None,
                    "note": row.output,
                    "last": row.last,
                }
                for row in self.rows
            ],
            "output": "\n".join(self._failing_output()),
            "excerpt": "\n".join(_pointed(*line) for line in self._excerpt()),
            "closing": self.closing_line,
            "advice": [str(one) for one in self.advice],
            "running": not self.ended,
        }

    def following(self, events: Iterable[BuildEvent]) -> Iterator[BuildEvent]:
        """Pass events on, after taking each."""
        for event in events:
            self.take(event)
            yield event

    def __str__(self) -> str:
        width = max((len(row.instruction) for row in self.rows), default=0)
        lines = [row.as_line(min(width, INSTRUCTION_WIDTH)) for row in self.rows]
        lines += [f"  output: {line}" for line in self._failing_output()]
        lines += [_pointed(*line) for line in self._excerpt()]
        lines += [self.closing_line] if self.closing_line else []
        lines += [f"advice, {advice}" for advice in self.advice]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _begun(self, row: Row) -> Row:
        """Put a row in the place of the one that waits for it."""
        if row.number <= len(self.rows):
            self.rows[row.number - 1] = row
        else:
            self.rows.append(row)
        for other in self.rows:
            other.total = row.total  # the engine adds an extra instruction for labels
        return row

    def _failing_output(self) -> list[str]:
        return list(self.output) if self.failed and self.failed.number else []

    def _excerpt(self) -> list[tuple[int, str, bool]]:
        line = self.failed.line if self.failed else None
        if line is None:
            return []
        numbers = range(max(1, line - AROUND), min(len(self.source), line + AROUND) + 1)
        return [(number, self.source[number - 1], number == line) for number in numbers]

    def _html(self) -> str:
        compared = any(row.last for row in self.rows)
        rows = "".join(row.as_html(compared) for row in self.rows)
        last = "<th style='text-align:left'>last build</th>" if compared else ""
        table = (
            "<table><thead><tr><th>step</th><th style='text-align:left'>instruction</th>"
            f"<th style='text-align:left'>state</th><th>time</th>{last}</tr></thead><tbody>{rows}</tbody></table>"
        )
        excerpt = html.escape("\n".join(_pointed(*line) for line in self._excerpt()))
        output = html.escape("\n".join(self._failing_output()))
        advice = "".join(f"<li>{html.escape(str(one))}</li>" for one in self.advice)
        return (
            (table if rows else "")
            + (f"<p>Output of the instruction that failed:</p><pre>{output}</pre>" if output else "")
            + (f"<pre>{excerpt}</pre>" if excerpt else "")
            + (f"<p><strong>{html.escape(self.closing_line)}</strong></p>" if self.closing_line else "")
            + (f"<p>Advice (hadolint), not an error:</p><ul>{advice}</ul>" if advice else "")
        )


def _pointed(number: int, text: str, here: bool) -> str:
    return f"{'→' if here else ' '} {number:>3} {text}"


def _success(done: BuildDone) -> str:
    names = ", ".join(done.tags)
    return (
        f"✓ {names} is built: image {done.image_id.removeprefix('sha256:')[:12]}, "
        f"{done.cached} of {done.steps} instructions from the cache, {done.seconds:.2f} s"
    )
