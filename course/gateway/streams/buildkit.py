"""What a build by BuildKit tells, as the stream that docker-py and the classic CLI understand.

The engine answers `POST /build?version=2` with BuildKit's trace (`trace.py`). A client is given, for each step, its
line as BuildKit names it (`[2/4] COPY shop.py .`, with `CACHED` before it where that is so), the output of RUN, the
line of the instruction that failed, warnings, and at the end `aux` with the image's id and `Successfully built`.

Each line of a step follows a document `{"aux": {"step": …}}` with the same as data: number, total, stage, text, line in
the Dockerfile, and "started", "cached", "done" or "failed". A RUN prints into `stream` only, so it can't pretend to be
one.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course.gateway.policy.names import Names
from course.gateway.policy.translate import text as translate_text
from course.gateway.streams.dockerfile import Step
from course.gateway.streams.facts import OutputFacts, StepFact
from course.gateway.streams.frontend import HIDDEN
from course.gateway.streams.output import lines
from course.gateway.streams.trace import IMAGE, TRACE, Status, Vertex, decode

RED, PLAIN = "\x1b[91m", "\x1b[0m"  # how the classic builder paints what RUN writes to standard error
MOST_STEPS = 2000  # a Dockerfile has 500 instructions at most
_NAME = re.compile(r"\[(?:(?P<stage>[^\s\]]+) )? *(?P<number>\d{1,4})/(?P<total>\d{1,4})\] (?P<text>.*)", re.DOTALL)
_HEREDOC = re.compile(r"(?<=\S) \([^()]*\.\.\.\)$")  # BuildKit shows `RUN <<EOF (echo one...)`
_FULL_ID = re.compile(r"sha256:[0-9a-f]{64}")


async def translate_buildkit(
    body: AsyncIterator[bytes],
    *,
    names: Names,
    facts: OutputFacts,
    steps: Sequence[Step] = (),
    words: Mapping[str, str] | None = None,
    tags: Sequence[str] = (),
    quiet: bool = False,
) -> AsyncIterator[bytes]:
    """Translate the answer of a build by BuildKit, each document as soon as it is complete.

    Args:
        body: the engine's answer.
        names: the session.
        facts: filled while the output passes.
        steps: the learner's instructions.
        words: the learner's word for each image reference that the engine was given.
        tags: the learner's names for the image.
        quiet: whether only the image's id was asked for.
    """
    reading = _Reading(names, facts, steps, words or {})
    async for line in lines(body):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            for answer in reading.read(document):
                if not quiet or "error" in answer:
                    yield _written(answer)
    for answer in reading.end(tags, quiet):
        yield _written(answer)


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\r\n"


@dataclass
class _Told:
    """A step as far as the client knows it."""

    step: dict[str, Any]
    shown: str
    fact: StepFact
    state: str = ""


@dataclass
class _Reading:
    """The state of one build's trace."""

    names: Names
    facts: OutputFacts
    steps: Sequence[Step]
    words: Mapping[str, str]
    told: dict[str, _Told] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    at: str = ""  # the step whose line or output came last
    failed: _Told | None = None

    def read(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines for the client that follow from one document of the engine."""
        if document.get("id") == TRACE:
            status = decode(document)
            return self._status(status) if status else []
        if document.get("id") == IMAGE:
            found = str((document.get("aux") or {}).get("ID", ""))
            self.facts.image = found if _FULL_ID.fullmatch(found) else ""
            return []
        if "error" in document or "errorDetail" in document:
            return self._error(document)
        return []

    def end(self, tags: Sequence[str], quiet: bool) -> list[dict[str, Any]]:
        """The last lines: warnings, the image, its names."""
        said = [
            document for text in dict.fromkeys(self.warnings) for document in _note(f"WARN: {self._translated(text)}")
        ]
        if not self.facts.image or self.facts.error:
            return [] if quiet else said
        if quiet:
            return [{"stream": f"{self.facts.image}\n"}]
        short = self.facts.image.removeprefix("sha256:")[:12]
        return [
            *said,
            {"aux": {"ID": self.facts.image}},
            {"stream": f"Successfully built {short}\n"},
            *({"stream": f"Successfully tagged {tag}\n"} for tag in tags),
        ]

    def _status(self, status: Status) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = []
        for vertex in status.vertexes:
            answer += self._vertex(vertex)
        for log in status.logs:
            if (told := self.told.get(log.digest)) is not None:
                answer += self._heading(log.digest, told)
                text = log.text.decode("utf-8", "replace")
                answer.append({"stream": f"{RED}{text}{PLAIN}" if log.error else text})
        self.warnings += status.warnings[: MOST_STEPS - len(self.warnings)]
        return answer

    def _vertex(self, vertex: Vertex) -> list[dict[str, Any]]:
        told = self.told.get(vertex.digest) or self._met(vertex)
        if told is None:
            return []
        state = _state_of(vertex)
        if not state or state == told.state or told.state in ("done", "cached", "failed"):
            return []
        before, told.state = told.state, state
        told.fact.cached = state == "cached"
        answer: list[dict[str, Any]] = []
        if state in ("done", "failed") and not before:  # it took no time to speak of
            answer += [_aux(told, "started"), {"stream": f"{told.shown}\n"}]
            self.at = vertex.digest
        if state == "cached" and not before:
            answer += [_aux(told, "cached"), {"stream": f"CACHED {told.shown}\n"}]
            self.at = vertex.digest
        elif state == "started":
            answer += [_aux(told, "started"), {"stream": f"{told.shown}\n"}]
            self.at = vertex.digest
        else:
            answer.append(_aux(told, state))
        if state == "failed":
            self.failed = told
        return answer

    def _met(self, vertex: Vertex) -> _Told | None:
        """A step that is reported for the first time; None for BuildKit's own work, which belongs to no instruction."""
        found = _NAME.fullmatch(vertex.name)
        if found is None or len(self.told) >= MOST_STEPS:
            return None
        text, line = self._instruction(found["text"])
        stage = f"{found['stage']} " if found["stage"] else ""
        step = {
            "number": int(found["number"]),
            "total": int(found["total"]),
            "stage": found["stage"] or "",
            "text": text,
            "line": line,
        }
        fact = StepFact(len(self.facts.steps) + 1, text)
        self.facts.steps.append(fact)
        told = _Told(step, f"[{stage}{found['number']}/{found['total']}] {text}", fact)
        self.told[vertex.digest] = told
        return told

    def _instruction(self, shown: str) -> tuple[str, int | None]:
        """The learner's words for an instruction that BuildKit shows, and its line."""
        wanted = _words(shown)
        for one in self.steps:
            if _words(one.given or one.text) == wanted:
                return one.text.partition("\n")[0], one.line
        return self._translated(shown), None

    def _heading(self, digest: str, told: _Told) -> list[dict[str, Any]]:
        """The step's line again, where output of another one came between."""
        if self.at == digest:
            return []
        self.at = digest
        return [_aux(told, "started"), {"stream": f"{told.shown}\n"}]

    def _error(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        detail = document.get("errorDetail")
        said = detail.get("message") if isinstance(detail, dict) else document.get("error")
        message = self._translated(str(said or document.get("error") or ""))
        self.facts.error, self.facts.image = message, ""
        where = []
        if self.failed is not None and self.failed.step["line"]:
            where = _note(f"Dockerfile line {self.failed.step['line']}: {self.failed.step['text']}")
        return [*where, {"errorDetail": {"message": message}, "error": message}]

    def _translated(self, text: str) -> str:
        for reference, word in self.words.items():
            text = text.replace(f"docker.io/{reference}", word).replace(reference, word)
        return translate_text(text.replace(f" --exclude={HIDDEN}", ""), self.names)


def _state_of(vertex: Vertex) -> str:
    if vertex.error:
        return "failed"
    if vertex.cached:
        return "cached"
    if vertex.completed is not None:
        return "done"
    return "started" if vertex.started is not None else ""


def _aux(told: _Told, state: str) -> dict[str, Any]:
    return {"aux": {"step": {**told.step, "state": state}}}


def _note(text: str) -> list[dict[str, Any]]:
    """A line of the gateway's own, which no RUN has printed."""
    return [{"aux": {"note": text}}, {"stream": f"{text}\n"}]


def _words(text: str) -> list[str]:
    """An instruction as BuildKit shows it: no flags, here-documents or stage names; images by their full names."""
    words = [word for word in _HEREDOC.sub("", text.partition("\n")[0]).split() if not word.startswith("--")]
    if words and words[0].upper() == "FROM":
        # with the containerd image store BuildKit adds the manifest's digest
        return ["FROM", *(word.removeprefix("docker.io/").partition("@")[0] for word in words[1:2])]
    return words
