"""Our parser of Dockerfiles and BuildKit's own (the package `dockerfile`, in Go) say the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course.dockerfile import ParseError, parse_string

buildkit = pytest.importorskip("dockerfile", reason="the Go parser has no wheel for this processor")
ROOT = Path(__file__).resolve().parents[2]
FIELDS = ("cmd", "sub_cmd", "json", "start_line", "end_line", "flags", "value")


def ours(text: str) -> Any:
    try:
        return [(*(getattr(one, name) for name in FIELDS), one.original, _heredocs(one)) for one in parse_string(text)]
    except ParseError as error:
        return _reason(error)


def theirs(text: str) -> Any:
    try:
        commands = buildkit.parse_string(text)
    except buildkit.GoParseError as error:
        return _reason(error)
    except UnicodeDecodeError:  # Go cut a character in two, and its Python side cannot read that
        return None
    # an empty string comes back as None
    return [
        (*(getattr(one, name) for name in FIELDS), one.original or "", _heredocs(one))
        for one in _without_none(commands)
    ]


def _reason(error: Exception) -> str:
    """The message without the text that it quotes: Go and JSON escape control characters differently."""
    return re.sub(r'".*"', '"…"', str(error), flags=re.DOTALL)


def _without_none(commands: Any) -> Any:
    return [one._replace(cmd=one.cmd or "", value=tuple(word or "" for word in one.value)) for one in commands]


def _heredocs(one: Any) -> list[tuple[str, int, str]]:
    return [(doc.name or "", doc.file_descriptor, doc.content or "") for doc in one.heredocs]


def dockerfiles() -> list[str]:
    """Every Dockerfile of the repository, also those in cells and in strings of tests."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    found = set()
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix == ".dockerfile" or path.name == "Dockerfile":
            found.add(path.read_text("utf-8"))
        elif path.suffix == ".py" and path.is_file():
            found |= {text for text in re.findall(r'"""(.*?)"""', path.read_text("utf-8"), re.DOTALL) if "FROM" in text}
            found |= {
                text.encode().decode("unicode_escape")
                for text in re.findall(r'"(FROM [ -~]*?)"', path.read_text("utf-8"))
            }
    return sorted(text for text in found if "\0" not in text)  # where C ends a text


def test_every_dockerfile_of_the_repository() -> None:
    texts = dockerfiles()
    assert len(texts) > 300
    assert [text for text in texts if ours(text) != theirs(text)] == []


KEYWORDS = [
    "FROM", "RUN", "COPY", "ADD", "CMD", "ENTRYPOINT", "ENV", "LABEL", "ARG", "EXPOSE", "HEALTHCHECK", "ONBUILD",
    "SHELL", "VOLUME", "USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER", "run", "Copy", "onbuild", "WAT",
]  # fmt: skip
PIECES = [
    *KEYWORDS, "a", "b=c", "x=", "=", "'", '"', "\\", "`", "$", "${", "}", ":-", "#", "--from=a", "--", "--x", "-",
    "[", "]", ",", '["a", "b"]', '["a"] c', "[1]", "[NaN]", '["\\ud800"]', "[1e999]", "[]", "<<", "<<EOF", "<<-EOF",
    '<<"EOF"', "3<<E", "<<<", "EOF", "\tEOF", "E", "# escape=`", "# escape=\\", "# syntax=x", "é", "à", "\xa0", "\x85",
    "\u3000", "\ufeff", "\x1c", "\v", "\f", "\r", "\t", " ", "  ", "\n", "\n", "\n", "\\\n", "\\ \n", "`\n", "CMD",
    "NONE", "&&", "0",
]  # fmt: skip


def pieces() -> Any:
    line = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
    spaced = st.lists(st.sampled_from(PIECES), max_size=10).map(" ".join)
    begun = st.tuples(st.sampled_from(KEYWORDS), st.one_of(line, spaced)).map(" ".join)
    return st.lists(st.one_of(begun, begun, line, spaced), max_size=8).map("\n".join)


@settings(max_examples=2500, deadline=None)
@given(pieces())
@example("RUN " + "a" * 65_531)
@example("FROM a\nRUN " + "a" * 65_532)
@example("FROM a\nRUN " + "a" * 65_531 + "\nUSER b")
@example("RUN cat <<A <<-B\na\nA\n\tb\n\tB\nUSER c")
@example("ONBUILD RUN <<A\na\nA")
@example("# escape=  \nFROM a")
@example("#escape =`\t\nFROM a `\nb")
@example("RUN cat <<$A <<'B'C\n$A\nBC\n")
@example('HEALTHCHECK --interval=1s CMD ["a"] b')
def test_made_up_text(text: str) -> None:
    assert theirs(text) in (ours(text), None)


def test_what_is_nested_too_deeply_to_be_read_is_refused() -> None:
    with pytest.raises(ParseError, match="nested"):
        parse_string("RUN " + "${a:-" * 3000 + "}" * 3000 + " <<EOF\nEOF\n")


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(KEYWORDS), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
)
def test_any_characters(keyword: str, text: str) -> None:
    assert theirs(f"{keyword} {text}") in (ours(f"{keyword} {text}"), None)
