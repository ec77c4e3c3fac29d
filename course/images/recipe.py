"""What each base image is made of, read from recipes.toml into frozen data."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

LABEL_BASE = "org.slipway.base"
LABEL_PACKAGES = "org.slipway.packages"
LABEL_ORIGIN = "org.slipway.origin"
LABEL_RECIPE = "org.slipway.recipe"


@dataclass(frozen=True)
class Folder:
    """A folder of an image, with its permission bits and the id of its owner (user and group)."""

    mode: int
    owner: int


@dataclass(frozen=True)
class Recipe:
    """The declaration of one base image.

    Args:
        name: the part after `course/`.
        summary: one line for the list.
        packages: Debian packages whose files make the root file system.
        cmd: the image's default command.
        env: the image's environment, `NAME=value`.
        drop, keep: shell patterns over paths; a path that `drop` matches is left out unless `keep` matches it.
        files: path -> text of files that the recipe adds.
        folders: path -> `Folder` that the recipe adds.
        links: path -> target of symbolic links that the recipe adds.
        compile: prefix of the folder whose Python files are compiled into the image, or "".
        upstream: the image by digest that a registry is asked for, without the registry's host.
        upstream_setup: a shell command that makes the upstream image look like ours.
        smoke: a shell command that succeeds in a healthy container.
        expects: what that command prints.
        key: 12 hex digits that change when the declaration changes.
    """

    name: str
    summary: str
    packages: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    upstream: str
    smoke: str
    expects: str
    key: str
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Folder] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    compile: str = ""
    upstream_setup: str = ""

    @property
    def image(self) -> str:
        """The image's name on the engine, `course/<name>:latest`."""
        return f"course/{self.name}:latest"

    def labels(self, origin: str, packages: str = "") -> dict[str, str]:
        """The labels that mark an image as this base image; `origin` says where its content came from."""
        return {
            LABEL_BASE: self.name,
            LABEL_ORIGIN: origin,
            LABEL_PACKAGES: packages,
            LABEL_RECIPE: self.key,
        }


@cache
def applets() -> tuple[str, ...]:
    """The busybox programs that are links in every image that is made from packages."""
    lines = files(__package__).joinpath("applets.txt").read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("# "))


@cache
def bases() -> Mapping[str, Recipe]:
    """The recipes by name, in the order of recipes.toml."""
    text = files(__package__).joinpath("recipes.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    common = tables.pop("common")
    return MappingProxyType({name: _recipe(name, common, table) for name, table in tables.items()})


def _recipe(name: str, common: dict[str, Any], table: dict[str, Any]) -> Recipe:
    def both(part: str) -> tuple[str, ...]:
        return (*common.get(part, ()), *table.get(part, ()))

    declared = json.dumps([common, table, applets()], sort_keys=True)
    folders = {**common["folders"], **table.get("folders", {})}
    return Recipe(
        name=name,
        summary=table["summary"],
        packages=both("packages"),
        cmd=tuple(table["cmd"]),
        env=both("env"),
        upstream=table["upstream"],
        smoke=table["smoke"].strip(),
        expects=table["expects"],
        key=hashlib.sha256(declared.encode()).hexdigest()[:12],
        drop=both("drop"),
        keep=both("keep"),
        files={path: text.lstrip("\n") for path, text in {**common["files"], **table.get("files", {})}.items()},
        folders={path: Folder(int(mode, 8), owner) for path, (mode, owner) in folders.items()},
        links=table.get("links", {}),
        compile=table.get("compile", ""),
        upstream_setup=table.get("upstream_setup", ""),
    )
