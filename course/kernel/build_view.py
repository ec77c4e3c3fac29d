"""A build as text and as HTML, updated in place while it runs. Both carry the same facts."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from course.kernel.advice import Advice
from course.kernel.build import BuildDone, BuildEvent, StepDone, StepFailed, StepOutput, StepStarted

INSTRUCTION_WIDTH = 80
"""Longer instructions are cut in the text (characters)."""
AROUND = 2
"""How many lines of the Dockerfile stand before and after the offending one."""


@dataclass
class Row:
    """One instruction in the view: `state` is a symbol and a word."""

    number: int
    total: int
    instruction: str
    state: str = "… running"
    seconds: float | None = None
    output: str = ""

    @property
    def duration(self) -> str:
        """The duration in seconds, "" while it runs."""
        return "" if self.seconds is None else f"{self.seconds:.2f} s"

    def as_line(self, width: int) -> str:
        """The row as text, its instruction cut or filled to a width in characters."""
        line = f"{self.number}/{self.total}  {self.instruction[:width]:<{width}}  {self.state:<9}  {self.duration}"
        return f"{line}  {self.output}".rstrip()

    def as_html(self) -> str:
        """The row as a row of a table."""
        output = f"<br><small>{html.escape(self.output)}</small>" if self.output else ""
        return (
            f"<tr><td>{self.number}/{self.total}</td>"
            f"<td style='text-align:left'><code>{html.escape(self.instruction)}</code>{output}</td>"
            f"<td style='text-align:left'>{self.state}</td><td>{self.duration}</td></tr>"
        )


@dataclass
class BuildView:
    """What a cell shows of a build. `take` events as they come; IPython shows it as text and as HTML.

    Args:
        name: the image's name.
        source: the Dockerfile's lines, to point at the offending one.
    """

    name: str
    source: Sequence[str]
    rows: list[Row] = field(default_factory=list)
    closing_line: str = ""
    failed: StepFailed | None = None
    advice: tuple[Advice, ...] = ()

    def take(self, event: BuildEvent) -> None:
        """Bring the view up to date with an event."""
        match event:
            case StepStarted(number, total, instruction, _):
                self.rows.append(Row(number, total, instruction))
            case StepOutput(_, text):
                self.rows[-1].output = text.strip().splitlines()[-1][:100]
            case StepDone(_, cached, seconds):
                row = self.rows[-1]
                row.state, row.seconds, row.output = "✓ cached" if cached else "✓ done", seconds, ""
            case StepFailed():
                self.failed = event
                if self.rows and event.number:
                    self.rows[-1].state, self.rows[-1].output = "✗ failed", ""
                self.closing_line = f"✗ {self.name} was not built"
            case BuildDone():
                self.closing_line = _success(event)

    def not_attempted(self) -> None:
        """There is no instruction to build from yet."""
        self.closing_line = (
            f"○ not attempted: the Dockerfile of {self.name} has no instruction yet, so nothing is built"
        )

    def interrupted(self) -> None:
        """The build was cancelled; nothing of it runs any more."""
        if self.rows and self.rows[-1].seconds is None:
            self.rows[-1].state, self.rows[-1].output = "✗ stopped", ""
        self.closing_line = f"✗ {self.name} was not built: interrupted, and the build is cancelled"

    def following(self, events: Iterable[BuildEvent]) -> Iterator[BuildEvent]:
        """Pass events on, after taking each."""
        for event in events:
            self.take(event)
            yield event

    def __str__(self) -> str:
        width = max((len(row.instruction) for row in self.rows), default=0)
        lines = [row.as_line(min(width, INSTRUCTION_WIDTH)) for row in self.rows]
        lines += [f"{'→' if here else ' '} {number:>3} {text}" for number, text, here in self._excerpt()]
        lines += [self.closing_line] if self.closing_line else []
        lines += [f"advice, {advice}" for advice in self.advice]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._html()}

    def _excerpt(self) -> list[tuple[int, str, bool]]:
        line = self.failed.line if self.failed else None
        if line is None:
            return []
        numbers = range(max(1, line - AROUND), min(len(self.source), line + AROUND) + 1)
        return [(number, self.source[number - 1], number == line) for number in numbers]

    def _html(self) -> str:
        rows = "".join(row.as_html() for row in self.rows)
        table = (
            "<table><thead><tr><th>step</th><th style='text-align:left'>instruction</th>"
            f"<th style='text-align:left'>state</th><th>time</th></tr></thead><tbody>{rows}</tbody></table>"
        )
        excerpt = "\n".join(
            html.escape(f"{'→' if here else ' '} {number:>3} {text}") for number, text, here in self._excerpt()
        )
        advice = "".join(f"<li>{html.escape(str(one))}</li>" for one in self.advice)
        return (
            (table if rows else "")
            + (f"<pre>{excerpt}</pre>" if excerpt else "")
            + (f"<p><strong>{html.escape(self.closing_line)}</strong></p>" if self.closing_line else "")
            + (f"<p>Advice (hadolint), not an error:</p><ul>{advice}</ul>" if advice else "")
        )


def _success(done: BuildDone) -> str:
    names = ", ".join(done.tags)
    return (
        f"✓ {names} is built: image {done.image_id.removeprefix('sha256:')[:12]}, "
        f"{done.cached} of {done.steps} instructions from the cache, {done.seconds:.2f} s"
    )
