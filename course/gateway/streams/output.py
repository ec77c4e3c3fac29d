"""Progress output of build, load, push and pull: JSON documents, translated one by one as they arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from course.gateway.policy.names import Names
from course.gateway.streams.dockerfile import Step


@dataclass
class StepFact:
    """What a build did for one instruction: the image id after it (short, "" before it is known), from the cache or not."""

    number: int
    text: str
    cached: bool = False
    image: str = ""


@dataclass
class OutputFacts:
    """What a progress output told, filled while it passes.

    Args:
        steps: the instructions of a build, in order.
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


def translate_output(
    body: AsyncIterator[bytes], *, names: Names, facts: OutputFacts, steps: Sequence[Step] = ()
) -> AsyncIterator[bytes]:
    """Translate a stream of JSON documents, each passed on as soon as it is whole.

    Args:
        body: the engine's answer.
        names: the session.
        facts: filled while the output passes.
        steps: of a build: the learner's instructions, shown in the place of those that the engine was given.
    """
    raise NotImplementedError
