"""Which builder reads a Dockerfile, and what that builder understands."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The engine's major version whose built-in frontend has a feature first (docs.docker.com/reference/dockerfile; tried).
SINCE = {"mount": 23, "network": 23, "heredoc": 23, "link": 23, "exclude": 28}
FIRST = (
    23  # on 20.10 the host name of RUN is not part of the cache's key: another session's result was taken (measured)
)
FLAGS: dict[str, frozenset[str]] = {
    "ADD": frozenset({"link", "exclude"}),
    "COPY": frozenset({"link", "exclude"}),
    "RUN": frozenset({"mount", "network"}),
}
REPEATED = frozenset({"mount", "exclude"})


@dataclass(frozen=True)
class Frontend:
    """The classic builder, or the BuildKit of an engine.

    Args:
        major: the engine's major version, 0 for the classic builder.
    """

    major: int = 0

    @classmethod
    def of(cls, info: Mapping[str, Any], wish: str | None = None) -> Frontend:
        """The builder for an engine: BuildKit where it's asked for, else the classic one.

        Args:
            info: what the engine says of itself (`GET /info`).
            wish: "buildkit" or "classic"; None reads the variable SLIPWAY_BUILDER.
        """
        asked = os.environ.get("SLIPWAY_BUILDER", "") if wish is None else wish
        found = re.match(r"(\d{1,4})\.", str(info.get("ServerVersion", "")))
        major = int(found[1]) if found else 0
        return cls(major) if asked == "buildkit" and major >= FIRST else cls()

    @property
    def buildkit(self) -> bool:
        """Whether it is BuildKit."""
        return self.major > 0

    def lacks(self, feature: str) -> str:
        """Why a feature may not be used, "" where it may."""
        if not self.buildkit:
            return "it is a feature of BuildKit, and this session builds with the classic builder"
        if feature not in SINCE:
            return "a session does not offer it"
        if self.major < SINCE[feature]:
            return f"it needs Docker Engine {SINCE[feature]} or newer, and this is {self.major}"
        return ""


CLASSIC = Frontend()
