"""Gathers the evidence for the marks of a submission while its session still exists."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from grader.examine.examination import ImageFact

if TYPE_CHECKING:
    from course.gateway import Client, Session

MOST_LINES = 4000
"""Of the journal; of a longer one the first and the last half are kept."""
MOST_IMAGES = 100
MOST_TAGS = 20
_PACKAGES = ("slipway", "nbgrader", "docker", "ipython", "ipykernel", "nbformat")


def journal_of(client: Client, session: Session) -> tuple[str, ...]:
    """The journal of a session and of its further machines, one JSON object a line, oldest first."""
    from course.gateway import journal

    family = [one["id"] for one in client.sessions() if one.get("family") == session.id and one["id"] != session.id]
    entries = sorted((entry for sid in (session.id, *family) for entry in journal(sid)), key=lambda entry: entry.time)
    return _capped([json.dumps(asdict(entry), separators=(",", ":"), ensure_ascii=False) for entry in entries])


def images_of(url: str) -> tuple[tuple[ImageFact, ...], dict[str, str]]:
    """The images of a session: the learner's, with their layers; and the ids of the base images by name."""
    import docker
    from docker.errors import DockerException

    with closing(docker.APIClient(base_url=url, version="auto", timeout=60)) as api:
        facts = []
        for listed in api.images()[:MOST_IMAGES]:
            try:
                facts.append(api.inspect_image(listed["Id"]))
            except DockerException:  # gone since it was listed
                continue
    bases = {tag.rpartition(":")[0]: fact for fact in facts for tag in _tags(fact) if tag.startswith("course/")}
    layers = {name: _layers(fact) for name, fact in bases.items()}
    own = [fact for fact in facts if not any(tag.startswith("course/") for tag in _tags(fact))]
    found = tuple(
        ImageFact(
            id=str(fact["Id"]), tags=_tags(fact)[:MOST_TAGS], layers=_layers(fact), base=_base(_layers(fact), layers)
        )
        for fact in own
    )
    return found, {name: str(fact["Id"]) for name, fact in sorted(bases.items())}


def engine_version(url: str) -> str:
    """The engine's version and that of its API, as "20.10.24 (API 1.41)"."""
    import docker

    with closing(docker.APIClient(base_url=url, version="auto", timeout=60)) as api:
        said = api.version()
    return f"{said.get('Version')} (API {said.get('ApiVersion')})"


@cache
def versions() -> dict[str, str]:
    """The versions of what takes part in grading, by name; bubblewrap "" where it is absent."""
    found = {"python": platform.python_version(), "bubblewrap": _bubblewrap()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def _bubblewrap() -> str:
    program = shutil.which("bwrap")
    if program is None:
        return ""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return said.strip().removeprefix("bubblewrap ")


def _tags(fact: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(tag)[:300] for tag in fact.get("RepoTags") or ())


def _layers(fact: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(layer) for layer in (fact.get("RootFS") or {}).get("Layers") or ())


def _base(layers: tuple[str, ...], bases: dict[str, tuple[str, ...]]) -> str:
    """The base image with the longest chain of layers that this one starts with."""
    fitting = [name for name, chain in bases.items() if chain and layers[: len(chain)] == chain]
    return max(fitting, key=lambda name: len(bases[name]), default="")


def _capped(lines: Iterable[str]) -> tuple[str, ...]:
    every = tuple(lines)
    if len(every) <= MOST_LINES:
        return every
    half = MOST_LINES // 2
    left_out = json.dumps({"method": "", "message": f"{len(every) - 2 * half} calls are left out here"})
    return (*every[:half], left_out, *every[-half:])
