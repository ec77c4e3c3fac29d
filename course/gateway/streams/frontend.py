"""Which builder reads a Dockerfile, and what that builder understands."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.gateway.policy.limits import Policy

SETTING = "SLIPWAY_BUILDER"
Version = tuple[int, int]  # of an engine: major, minor
# Whose built-in frontend has a feature first (docs.docker.com/reference/dockerfile; tried on 26.1 and 28.5).
SINCE: dict[str, Version] = {"mount": (23, 0), "network": (23, 0), "heredoc": (23, 0), "link": (23, 0)}
SINCE |= {"exclude": (28, 5)}
# On 20.10 the host name of RUN is not part of the cache's key: another session's result was taken (measured).
FIRST: Version = (23, 0)
# The engine's own Dockerfile is kept out of what `COPY . .` copies by --exclude.
DEFAULT: Version = SINCE["exclude"]
ENGINE_DOCKERFILE = ".slipway.dockerfile"
# What --exclude leaves out: the folder in which BuildKit's Dockerfile is. A source that is a pattern (`COPY * .`) would
# match a file itself, which --exclude can't leave out; of a folder it copies what's inside, and so on for `*/*`.
HIDDEN = f"**/{ENGINE_DOCKERFILE}"
BUILDKIT_DOCKERFILE = "/".join([ENGINE_DOCKERFILE] * 4)
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
        engine: the engine's version, (0, 0) for unknown.
        buildkit: whether it is BuildKit.
    """

    engine: Version = (0, 0)
    buildkit: bool = False

    def lacks(self, feature: str) -> str:
        """Why a feature may not be used, "" where it may."""
        since = SINCE.get(feature, FIRST)
        if (0, 0) < self.engine < since:
            return f"it needs BuildKit in Docker Engine {_shown(since)} or newer, and this is {_shown(self.engine)}"
        if not self.buildkit:
            return "it is a feature of BuildKit, and this session builds with the classic builder"
        return "" if feature in SINCE else "a session does not offer it"

    @property
    def dockerfile(self) -> str:
        """Where the engine's Dockerfile is in the context."""
        return BUILDKIT_DOCKERFILE if self.buildkit else ENGINE_DOCKERFILE

    @property
    def hides(self) -> bool:
        """Whether COPY must be told to leave the engine's own Dockerfile out, and can be.

        The classic builder reads .dockerignore; BuildKit reads none in a context that is sent as an archive.
        """
        return self.buildkit and self.engine >= SINCE["exclude"]


def _shown(version: Version) -> str:
    return f"{version[0]}.{version[1]}".removesuffix(".0")


CLASSIC = Frontend()


@dataclass(frozen=True)
class Builders:
    """The builders of an engine, and what whoever starts the gateway wants (`SLIPWAY_BUILDER`).

    Args:
        engine: the engine's version, (0, 0) for unknown.
        wish: "buildkit", "classic", or "" for what the policy says.
    """

    engine: Version = (0, 0)
    wish: str = ""

    @classmethod
    def of(cls, info: Mapping[str, Any], wish: str | None = None) -> Builders:
        """The builders of an engine.

        Args:
            info: what the engine says of itself (`GET /info`).
            wish: as above; None reads the variable.
        """
        found = re.match(r"(\d{1,4})\.(\d{1,4})", str(info.get("ServerVersion", "")))
        version = (int(found[1]), int(found[2])) if found else (0, 0)
        return cls(version, os.environ.get(SETTING, "") if wish is None else wish)

    def offered(self, policy: Policy, network: str = "default") -> tuple[Frontend, ...]:
        """The builders of a session; a build takes the first that has what its Dockerfile asks for.

        Args:
            policy: the session's.
            network: of the build: BuildKit knows the engine's default network and none, so others go to the classic
                builder.
        """
        classic, buildkit = Frontend(self.engine), Frontend(self.engine, buildkit=True)
        if policy.buildkit == "never" or self.wish == "classic" or network not in ("default", "bridge", "none"):
            return (classic,)
        if self.wish == "buildkit":
            return (buildkit,) if self.engine >= FIRST else (classic,)
        return (classic, buildkit) if policy.buildkit == "needed" and self.engine >= DEFAULT else (classic,)
