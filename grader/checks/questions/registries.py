"""Questions about a registry, asked over its HTTP interface (OCI distribution specification, "Pulling manifests")."""

from __future__ import annotations

from typing import Any

from grader.checks.asking import ask
from grader.checks.check import failed
from grader.checks.finding import find_container, find_image
from grader.checks.named import Container, Image, Registry
from grader.checks.questions import serving
from grader.checks.questions.identity import digests, short
from grader.checks.trial import Trial

PATIENCE = 5.0  # seconds for one answer
LARGEST = 1024 * 1024  # bytes of a manifest
MOST_NAMES = 20  # of a catalogue, in a message
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json"
)


def answers(registry: Registry, within: float, trial: Trial) -> str:
    """The root of the interface answers 200."""
    seen = find_container(trial, Container(registry.container, registry.machine))
    return serving.serve(trial, seen, registry.machine, registry.port, serving.Page("/v2/"), within)


def holds(registry: Registry, repository: str, tag: str, same_as: Image | None, trial: Trial) -> str:
    """The manifest is there, and it is that of the image."""
    seen = find_container(trial, Container(registry.container, registry.machine))
    base = serving.address(seen, registry.port)
    manifest = _manifest(f"{base}/v2/{repository}/manifests/{tag}")
    if manifest is None:
        raise failed("registry.not_there", repository=repository, tag=tag, seen=_catalog(base))
    digest, content = manifest
    if same_as is not None:
        wanted = find_image(trial, same_as)
        config = content.get("config")
        config = config.get("digest") if isinstance(config, dict) else None
        if config != wanted.id and digest not in digests(wanted.fact.digests) and digest != wanted.id:
            raise failed("registry.other_image", repository=repository, tag=tag, image=same_as.ref)
    return f"digest {short(digest)}"


def _manifest(url: str) -> tuple[str, dict[str, Any]] | None:
    answer = _get(url, {"Accept": _MANIFESTS})
    if answer is None:
        return None
    headers, content = answer
    return str(headers.get("Docker-Content-Digest") or ""), content


def _catalog(base: str) -> str:
    answer = _get(f"{base}/v2/_catalog", {})
    told = answer[1].get("repositories") if answer else None
    return ", ".join(str(name) for name in told[:MOST_NAMES]) if isinstance(told, list) and told else "nothing"


def _get(url: str, headers: dict[str, str]) -> tuple[Any, dict[str, Any]] | None:
    import msgspec

    said = ask(url, seconds=PATIENCE, most=LARGEST, headers=headers)
    if said is None or said.status != 200:
        return None
    try:
        return said.headers, msgspec.json.decode(said.body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return None
