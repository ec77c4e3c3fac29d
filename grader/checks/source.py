"""What an image is built from: a Dockerfile and the folder that is sent to the engine with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """Both paths are from the lesson's folder.

    Args:
        file: the Dockerfile.
        context: the folder.
        starter: what a learner was given, as text or as the path of a file: while the Dockerfile still says the same,
            nothing was attempted. None when a learner begins with nothing.
    """

    file: Path
    context: Path
    starter: str | None = None
