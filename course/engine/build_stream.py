"""The messages of a build, read alike from both builders.

The classic builder writes `Step 2/4 : COPY …`, ` ---> Using cache`, ` ---> 5d82be416958`. A session that builds with
BuildKit sends a document `{"aux": {"step": …}}` before each line of a step (`course.gateway.streams.buildkit`).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT_LINES = 5
"""How many of the last lines of output a failure carries."""
STARTED, CACHED, DONE, FAILED = "started", "cached", "done", "failed"
_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_AFTER = re.compile(r"---> ([0-9a-f]{12})")
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # the engine paints a command's standard error red
_BOOKKEEPING = ("--->", "Removing intermediate container", "Successfully ", "[Warning]")


@dataclass(frozen=True)
class StepNews:
    """Something about a step.

    Args:
        state: "started", "cached", "done" or "failed". The classic builder tells of the first, and "cached" after it.
        number: from 1, in its stage; 0 where the classic builder speaks of the step that it's at.
        total: how many there are in the stage.
        text: the instruction.
        line: where it begins in the Dockerfile, from 1; None where that isn't told.
        stage: the stage's name, "" for one without.
        image: the short id of the image after it, where the classic builder tells it.
    """

    state: str
    number: int = 0
    total: int = 0
    text: str = ""
    line: int | None = None
    stage: str = ""
    image: str = ""


@dataclass(frozen=True)
class Output:
    """What an instruction printed."""

    text: str


class LastLines:
    """The last lines of an instruction's output: the engine sends it in pieces that can end inside a line.

    Args:
        most: how many lines are kept.
    """

    def __init__(self, most: int = KEPT_LINES) -> None:
        self._whole, self._begun = deque[str](maxlen=most), ""

    def add(self, text: str) -> None:
        """Take in a piece."""
        *whole, self._begun = (self._begun + plain(text)).split("\n")
        self._whole.extend(part for line in whole for part in line.splitlines() if part.strip())

    def clear(self) -> None:
        """Begin with another instruction."""
        self._whole.clear()
        self._begun = ""

    def __str__(self) -> str:
        lines = [*self._whole, *(part for part in self._begun.splitlines() if part.strip())]
        return "\n".join(lines[-(self._whole.maxlen or 0) :])


def plain(text: str) -> str:
    """Output without the engine's colours."""
    return _COLOUR.sub("", text)


@dataclass
class BuildStream:
    """Reads the messages of one build in order.

    `image_id` is the id of the built image as far as it's known: whole, or short from a quiet classic builder.
    """

    image_id: str = ""
    buildkit: bool = False
    _told: bool = False  # the next line repeats in words what came as data

    def read(self, message: Mapping[str, Any]) -> StepNews | Output | None:
        """What a message tells; None for what the builder says of itself.

        Args:
            message: as docker-py decodes it.
        """
        aux = message.get("aux")
        if isinstance(aux, Mapping):
            if isinstance(aux.get("step"), Mapping):
                return self._step(aux["step"])
            self._told = "note" in aux or self.buildkit
            if found := _IMAGE_ID.search(str(aux.get("ID", ""))):
                self.image_id = found[0]
        text = str(message.get("stream") or "")
        if self._told and text:
            self._told = self.buildkit and bool(self.image_id)  # after the image's id come its names
            return None
        if self.buildkit:
            return Output(text) if text else None
        return self._classic(text)

    def _step(self, told: Mapping[str, Any]) -> StepNews:
        line = told.get("line")
        news = StepNews(
            str(told.get("state", "")),
            int(told.get("number") or 0),
            int(told.get("total") or 0),
            str(told.get("text", "")),
            line if isinstance(line, int) else None,
            str(told.get("stage", "")),
        )
        self.buildkit, self._told = True, news.state in (STARTED, CACHED)
        return news

    def _classic(self, text: str) -> StepNews | Output | None:
        bare = text.strip()
        if step := _STEP.match(text):
            return StepNews(STARTED, int(step[1]), int(step[2]), step[3].strip())
        if bare.startswith("---> Using cache"):
            return StepNews(CACHED)
        if after := _AFTER.fullmatch(bare):
            return StepNews(DONE, image=after[1])
        if bare.startswith("Successfully built "):
            self.image_id = self.image_id or bare.split()[-1]
            return None
        return Output(text) if bare and not bare.startswith(_BOOKKEEPING) else None
