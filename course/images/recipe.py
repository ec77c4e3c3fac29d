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
PIPELINE, CONTRACT = 2, 1
"""Versions of `adapt.py` with what it calls, and of `contract.py`; raise one when it makes or asks something else."""


@dataclass(frozen=True)
class Folder:
    """A folder of an image, with its permission bits and the id of its owner (user and group)."""

    mode: int
    owner: int


@dataclass(frozen=True)
class Upstream:
    """The official image, and what is taken from it.

    Args:
        image: its name by digest, without the registry's host.
        keep: shell patterns over paths after the /usr merge; nothing else is taken.
        cut: patterns that win over `keep`.
        links: path -> target of symbolic links that its programs need to be where Debian's are.
        prepare: a command that runs in it before its files are read, or nothing.
    """

    image: str
    keep: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """What lessons may rely on in a base, besides its configuration, folders and users.

    Args:
        programs: found by name on PATH, each as a file.
        paths: programs at a fixed place.
        users: `name:id`.
        floor: the oldest version of what the base is about, which the smoke test prints.
        megabytes: least and most size of its layer.
        says: what the log of its server holds when it is ready.
    """

    programs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    floor: str = "0"
    megabytes: tuple[float, float] = (0, 1000)
    says: str = ""


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
        cut: patterns of what is left out in any case.
        files: path -> text of files that the recipe adds.
        folders: path -> `Folder` that the recipe adds.
        links: path -> target of symbolic links that the recipe adds.
        compile: prefix of the folder whose Python files are compiled into the image, or "".
        smoke: a shell command that serves, asks and succeeds in a healthy container, and writes no file.
        expects: a regular expression for its last line; the group is the version.
        key: 12 hex digits that change with the declaration, the pipeline or the contract.
        upstream: the official image that a registry is asked for.
        contract: what lessons may rely on.
    """

    name: str
    summary: str
    packages: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    smoke: str
    expects: str
    key: str
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Folder] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    compile: str = ""
    upstream: Upstream = Upstream("")
    contract: Contract = Contract()

    @property
    def image(self) -> str:
        """The image's name on the engine, `course/<name>:latest`."""
        return f"course/{self.name}:latest"

    @property
    def candidate(self) -> str:
        """Its name until it has passed the contract test."""
        return f"course/{self.name}:candidate"

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
    """The busybox programs that are links in every image, as far as its busybox has them."""
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

    declared = json.dumps([PIPELINE, CONTRACT, common, table, applets()], sort_keys=True)
    upstream, contract, shared = table["upstream"], table["contract"], common["contract"]
    folders = {**common["folders"], **table.get("folders", {})}
    return Recipe(
        name=name,
        summary=table["summary"],
        packages=both("packages"),
        cmd=tuple(table["cmd"]),
        env=both("env"),
        smoke=table["smoke"].strip(),
        expects=table["expects"],
        key=hashlib.sha256(declared.encode()).hexdigest()[:12],
        drop=both("drop"),
        keep=both("keep"),
        files={path: text.lstrip("\n") for path, text in {**common["files"], **table.get("files", {})}.items()},
        folders={path: Folder(int(mode, 8), owner) for path, (mode, owner) in folders.items()},
        links=table.get("links", {}),
        compile=table.get("compile", ""),
        upstream=Upstream(
            image=upstream["image"],
            keep=(*common["upstream"]["keep"], *upstream["keep"]),
            cut=(*common["upstream"]["cut"], *upstream.get("cut", ())),
            links=upstream.get("links", {}),
            prepare=tuple(upstream.get("prepare", ())),
        ),
        contract=Contract(
            programs=(*shared["programs"], *contract.get("programs", ())),
            paths=(*shared["paths"], *contract.get("paths", ())),
            users=tuple(shared["users"]),
            floor=contract["floor"],
            megabytes=tuple(contract["megabytes"]),
            says=contract.get("says", ""),
        ),
    )
