"""Where base images come from on this machine: images.toml in the user's configuration folder, and the environment."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from course.images.errors import BadSettings
from course.images.recipe import bases

SOURCES = ("archive", "registry", "debian")


@dataclass(frozen=True)
class Settings:
    """Which sources are asked for base images, in order.

    Args:
        sources: names out of `SOURCES`, in the order in which they are tried.
        registry: host (and port) of the registry or mirror, with an optional path; Docker Hub by default.
        archive: a file made by `course images save`, or None; the machine's own archive is always looked at too.
        upstream: recipe name -> image name (by digest or tag) in that registry, where it differs from the recipe.
    """

    sources: tuple[str, ...] = SOURCES
    registry: str = "docker.io"
    archive: Path | None = None
    upstream: Mapping[str, str] = field(default_factory=dict)


def settings_file() -> Path:
    """The file that an instructor edits; it need not exist."""
    return user_config_path("slipway") / "images.toml"


def read_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; the environment wins over the file, the file over the defaults.

    Args:
        path: the file, `settings_file()` by default.
        environ: the environment, `os.environ` by default. SLIPWAY_IMAGE_SOURCES (names, comma between),
            SLIPWAY_REGISTRY and SLIPWAY_IMAGE_ARCHIVE are read.

    Raises:
        BadSettings: the file is not TOML, or names a source, a key or an image that does not exist.
    """
    path = path or settings_file()
    environ = os.environ if environ is None else environ
    table: dict[str, Any] = {}
    if path.exists():
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadSettings(f"TOML in {path}", str(error), f"correct {path}, or remove it") from error
    _refuse_unknown(path, "key", table, ("sources", "registry", "archive", "upstream"))
    sources = _names(environ.get("SLIPWAY_IMAGE_SOURCES")) or table.get("sources") or SOURCES
    _refuse_unknown(path, "source", sources, SOURCES)
    _refuse_unknown(path, "image", table.get("upstream", {}), tuple(bases()))
    archive = environ.get("SLIPWAY_IMAGE_ARCHIVE") or table.get("archive")
    return Settings(
        sources=tuple(sources),
        registry=environ.get("SLIPWAY_REGISTRY") or table.get("registry") or "docker.io",
        archive=Path(archive).expanduser() if archive else None,
        upstream=dict(table.get("upstream", {})),
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _refuse_unknown(path: Path, kind: str, given: Any, known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise BadSettings(
                f"a {kind} out of {', '.join(known)}",
                f"{name!r}",
                f"correct {path} or the variable SLIPWAY_IMAGE_SOURCES",
            )
