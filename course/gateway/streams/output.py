"""Progress output of build, load, push and pull: JSON documents, translated one by one as they arrive."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from course.gateway.policy.limits import MIB
from course.gateway.policy.names import Names
from course.gateway.policy.translate import text as translate_text
from course.gateway.streams.dockerfile import Step
from course.gateway.streams.facts import OutputFacts
from course.gateway.streams.source import Source

LONGEST = 4 * MIB  # one document; the engine cuts a RUN's output into pieces of some kilobytes
_STEP = re.compile(r"Step (\d{1,5})/\d{1,5} : ")
_TEXTS = ("stream", "status", "error")


async def translate_output(
    body: AsyncIterator[bytes], *, names: Names, facts: OutputFacts, steps: Sequence[Step] = ()
) -> AsyncIterator[bytes]:
    """Translate a stream of JSON documents, each passed on as soon as it is complete.

    What is no JSON document, or is too long for one, is dropped: nothing passes unread.

    Args:
        body: the engine's answer.
        names: the session.
        facts: filled while the output passes.
        steps: of a build: the learner's instructions, shown in the place of those that the engine was given.
    """
    async for line in lines(body):
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            answer = _translated(document, names, facts, steps)
            yield json.dumps(answer, separators=(",", ":")).encode() + b"\r\n"
    facts.end()


async def lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a stream that are not blank; one that is too long is dropped."""
    waiting = bytearray()
    dropping = False
    async for piece in Source(body).rest():
        *whole, rest = piece.split(b"\n")
        for part in whole:
            line = bytes(waiting + part).strip()
            waiting.clear()
            if line and not dropping:
                yield line
            dropping = False
        waiting += rest
        if len(waiting) > LONGEST:
            waiting.clear()
            dropping = True
    if (line := bytes(waiting).strip()) and not dropping:
        yield line


def _translated(document: dict[str, Any], names: Names, facts: OutputFacts, steps: Sequence[Step]) -> dict[str, Any]:
    facts.note(document)
    answer = {key: value for key, value in document.items() if key not in ("error", "errorDetail")}
    for key in _TEXTS:
        if isinstance(document.get(key), str):
            answer[key] = translate_text(_shown(document[key], facts, steps), names)
    detail = document.get("errorDetail")
    if isinstance(detail, dict):
        answer["errorDetail"] = {**detail, "message": translate_text(str(detail.get("message", "")), names)}
    if isinstance(document.get("id"), str):
        answer["id"] = translate_text(document["id"], names)
    if "error" in answer:
        facts.error = answer["error"]
    return answer


def _shown(text: str, facts: OutputFacts, steps: Sequence[Step]) -> str:
    """A step's line with the learner's instruction."""
    found = _STEP.match(text)
    if found is None or int(found[1]) > len(steps):
        return text
    step = steps[int(found[1]) - 1]
    if not step.changed:
        return text
    facts.steps[-1].text = step.text
    return found[0] + step.text
