"""From text to instructions: directives, comments, continuation lines, here-documents (parser.go)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from course.dockerfile.arguments import SPACE, Node, node_of
from course.dockerfile.command import Command, Heredoc, ParseError
from course.dockerfile.heredocs import Announced, heredocs_of

LONGEST_LINE = 65_535  # bytes: bufio.MaxScanTokenSize - 1
_BLANK = "\t\n\f\r "
_DIRECTIVE = re.compile(rf"#[{_BLANK}]*([a-zA-Z][a-zA-Z0-9]*)[{_BLANK}]*=(.+)")
_CONTINUED = {
    sign: re.compile(rf"([^{re.escape(sign)}]){re.escape(sign)}[ \t]*\Z|\A{re.escape(sign)}[ \t]*\Z") for sign in "\\`"
}
_WITH_HEREDOCS = ("add", "copy", "run")


def parse_string(text: str) -> tuple[Command, ...]:
    """The instructions of a Dockerfile, in order.

    Raises:
        ParseError: BuildKit would refuse the text as a whole, or an instruction's arguments.
    """
    lines = _Lines(text)
    directives = _Directives()
    commands: list[Command] = []
    while (raw := lines.next()) is not None:
        first = raw.removeprefix("\ufeff") if lines.number == 1 else raw
        start = lines.number
        line, goes_on = directives.read(first.rstrip("\r\n").lstrip(SPACE))
        if not goes_on and not line:
            continue
        while goes_on and (raw := lines.next()) is not None:
            if _is_comment(raw):
                directives.read(raw.rstrip("\r\n"))
                continue
            if not raw.rstrip("\r\n").lstrip(SPACE):
                continue
            more, goes_on = directives.read(raw.rstrip("\r\n"))
            line += more
        node = node_of(line, directives.escape)
        heredocs = [lines.heredoc(one) for one in heredocs_of(line)] if _may_have_heredocs(node) else []
        commands.append(_command(node, line, start, lines.number, heredocs))
    if lines.too_long and commands:
        raise ParseError(f"dockerfile line greater than max allowed size of {LONGEST_LINE}")
    if not commands:
        raise ParseError("file with no instructions")
    return tuple(commands)


def _command(node: Node, line: str, start: int, end: int, heredocs: list[Heredoc]) -> Command:
    inner = node.child or node
    written = "".join(f"{one.content}{one.name}\n" for one in heredocs)
    return Command(
        cmd=node.name,
        sub_cmd=node.child.name if node.child else None,
        json=inner.json,
        original=f"{line}\n{written}" if heredocs and node.child is None else line,
        start_line=start,
        end_line=end,
        flags=node.flags,
        value=inner.values,
        heredocs=tuple(heredocs) if node.child is None else (),
    )


def _may_have_heredocs(node: Node) -> bool:
    inner = node.child if node.child and node.name.lower() == "onbuild" else node
    return inner.name.lower() in _WITH_HEREDOCS and not inner.json


def _is_comment(raw: str) -> bool:
    return raw.rstrip("\r\n").lstrip(SPACE).startswith("#")


class _Lines:
    """The lines of a text, each with its end; the scanner in Go stops for good at one that is too long."""

    def __init__(self, text: str) -> None:
        self._lines: list[str] = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.number = 0
        self.too_long = False

    def next(self) -> str | None:
        if self.too_long or self.number == len(self._lines):
            return None
        line = self._lines[self.number]
        if len(line.removesuffix("\n").encode(errors="surrogatepass")) > LONGEST_LINE:
            self.too_long = True
            return None
        self.number += 1
        return line

    def heredoc(self, announced: Announced) -> Heredoc:
        """Read the lines of a here-document, up to its name on a line of its own."""
        content = ""
        while (raw := self.next()) is not None:
            line = raw.rstrip("\r\n")
            if (line.lstrip("\t") if announced.chomp else line) == announced.name:
                return Heredoc(announced.name, announced.file_descriptor, content)
            content += raw
        raise ParseError("unterminated heredoc")


@dataclass
class _Directives:
    """The `# key=value` lines before all else (directives.go), and what follows from them for a line."""

    escape: str = "\\"
    done: bool = False
    seen: set[str] = field(default_factory=set)

    def read(self, line: str) -> tuple[str, bool]:
        """A line without comment and continuation sign, and whether it goes on in the next one."""
        self._look_at(line)
        text = "" if line.startswith("#") else line
        rest, continued = _CONTINUED[self.escape].subn(lambda found: found[1] or "", text, count=1)
        return rest, bool(continued)

    def _look_at(self, line: str) -> None:
        found = None if self.done else _DIRECTIVE.fullmatch(line)
        key = found[1].lower() if found else ""
        if found is None or key not in ("syntax", "escape"):
            self.done = True
            return
        if key in self.seen:
            raise ParseError(f"only one {key} parser directive can be used")
        self.seen.add(key)
        if key == "escape":
            value = found[2].strip(_BLANK) or found[2][-1]
            if value not in _CONTINUED:
                raise ParseError(f"invalid escape token '{value}' does not match ` or \\")
            self.escape = value
