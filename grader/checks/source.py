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
    """

    file: Path
    context: Path
