"""What a progress stream reported: the built image, the steps and their layers, a digest.

The engine writes its own lines and the output of a RUN into the same stream, so a RUN can print lines that look like
the engine's. What counts is therefore taken where a RUN cannot write: the `aux` and `errorDetail` documents, the only
document of a quiet build, and lines that stand behind the removal of the last container.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_STEP = re.compile(r"Step (\d{1,5})/\d{1,5} : ")
_RESULT = re.compile(r" ---> ([0-9a-f]{12})\n?")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]{12})\n?")
_REMOVED = re.compile(r"(?:Removing| ---> Removed) intermediate container ([0-9a-f]{12})\n?")  # 20.10, and from 23
_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)\n?")
_DIGEST = re.compile(r"[Dd]igest: (sha256:[0-9a-f]{64})")
_FULL_ID = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass
class StepFact:
    """What a build did for one instruction.

    Args:
        number: from 1.
        text: the instruction as the learner wrote it.
        cached: whether its layer came from the cache.
        image: the short id of the image after it, "" while there is none.
        sure: whether no RUN can have forged the three above; false for the steps from the first RUN on until the build
            has ended with an image or an error.
    """

    number: int
    text: str
    cached: bool = False
    image: str = ""
    sure: bool = True


@dataclass
class OutputFacts:
    """What a progress stream reported, filled in as it passes.

    Args:
        steps: the instructions of a build, in order; of those that ran in a container see `StepFact.sure`.
        image: the full id of the built image, "" when the build failed.
        loaded: engine references or full ids that a load told.
        digest: the digest of a push or a pull.
        error: the error that ended it, in the learner's names, "" for none.
    """

    steps: list[StepFact] = field(default_factory=list)
    image: str = ""
    loaded: list[str] = field(default_factory=list)
    digest: str = ""
    error: str = ""
    _ran: dict[str, int] = field(default_factory=dict, repr=False)  # container -> how many steps there were
    _documents: int = field(default=0, repr=False)
    _only: str = field(default="", repr=False)

    def note(self, document: dict[str, Any]) -> None:
        """Take in one document of the engine, before translation."""
        self._documents += 1
        said = document.get("stream") or document.get("status")
        if isinstance(said, str):
            self._line(said)
        aux = document.get("aux")
        if isinstance(aux, dict):
            self._settled(aux)
        if "errorDetail" in document or "error" in document:
            self._settled({})
            self.image = ""  # what there is, is of a stage before the one that failed

    def end(self) -> None:
        """The output has ended."""
        if self._documents == 1 and _FULL_ID.fullmatch(self._only):
            self.image = self._only

    def _line(self, said: str) -> None:
        self._only = said.strip() if self._documents == 1 else ""
        if found := _STEP.match(said):
            self.steps.append(StepFact(int(found[1]), said[found.end() :].rstrip("\n"), sure=not self._ran))
        elif found := _RUNNING.fullmatch(said):
            self._ran.setdefault(found[1], len(self.steps))
        elif (found := _REMOVED.fullmatch(said)) and found[1] in self._ran:
            # what came since the container began was printed by it
            del self.steps[self._ran[found[1]] :]
            self._forget()
        elif self.steps and said.startswith(" ---> Using cache"):
            self.steps[-1].cached = True
        elif self.steps and (found := _RESULT.fullmatch(said)):
            self.steps[-1].image = found[1]
            self.steps[-1].sure = not self._ran
        elif found := _LOADED.fullmatch(said):
            self.loaded.append(found[1])
        if found := _DIGEST.search(said):
            self.digest = found[1]

    def _forget(self) -> None:
        if self.steps:
            self.steps[-1].image, self.steps[-1].cached = "", False

    def _settled(self, aux: dict[str, Any]) -> None:
        """A document that only the engine can write: a stage or the whole is done, so all before it is as it reads."""
        for step in self.steps:
            step.sure = True
        if isinstance(aux.get("ID"), str) and _FULL_ID.fullmatch(aux["ID"]):
            self.image = aux["ID"]
        if isinstance(aux.get("Digest"), str):
            self.digest = aux["Digest"]
