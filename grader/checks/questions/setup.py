"""Questions about how a container was set up when it was made."""

from __future__ import annotations

import json
from typing import Any

from grader.checks.check import failed
from grader.checks.finding import find_container, find_image
from grader.checks.found import FoundContainer, image_of
from grader.checks.named import Container, Image
from grader.checks.questions.identity import short
from grader.checks.questions.metadata import matches, uid
from grader.checks.text import Wanted
from grader.checks.trial import Trial


def from_image(container: Container, image: Image, trial: Trial) -> str:
    """Its image id is that of the name now."""
    seen, wanted = find_container(trial, container), find_image(trial, image)
    if seen.fact.image_id != wanted.id:
        raise failed("container.other_image", container=container.name, image=image.ref, seen=seen.fact.image)
    return f"image {short(wanted.id)}"


def command(container: Container, words: tuple[str, ...], trial: Trial) -> str:
    """Its entry point and command together are these words."""
    seen = find_container(trial, container).fact.command
    if seen != words:
        raise failed("container.other_command", container=container.name, seen=json.dumps(seen))
    return json.dumps(seen)


def env(container: Container, name: str, value: Wanted | None, trial: Trial) -> str:
    """The variable is set, by its image or by its maker."""
    pairs = dict(entry.partition("=")[::2] for entry in find_container(trial, container).config.get("Env") or ())
    if name not in pairs:
        raise failed("container.no_env", container=container.name, name=name, names=", ".join(sorted(pairs)) or "none")
    if value is not None and not matches(value, pairs[name]):
        raise failed("container.other_env", container=container.name, name=name, seen=pairs[name])
    return f"{name}={pairs[name]}"


def label(container: Container, name: str, value: Wanted | None, trial: Trial) -> str:
    """The label is there."""
    seen = find_container(trial, container).fact.labels
    if name not in seen:
        raise failed("container.no_label", container=container.name, name=name)
    if value is not None and not matches(value, seen[name]):
        raise failed("container.other_label", container=container.name, name=name, seen=seen[name])
    return f"{name}={seen[name]}"


def publishes(container: Container, port: int, protocol: str, trial: Trial) -> str:
    """The port is bound outside. Asked of what was set up, so a container that has ended can answer too."""
    bound = find_container(trial, container).host_config.get("PortBindings") or {}
    if f"{port}/{protocol}" not in bound:
        seen = ", ".join(bound) or "no port"
        raise failed("http.not_published", container=container.name, port=port, seen=seen)
    return f"{port}/{protocol} is published"


def on_network(container: Container, network: str, alias: str | None, trial: Trial) -> str:
    """It is attached to the network."""
    ends = _networks(find_container(trial, container))
    if network not in ends:
        seen = ", ".join(sorted(ends)) or "none"
        raise failed("container.other_network", container=container.name, network=network, seen=seen)
    names = (ends[network] or {}).get("Aliases") or []
    if alias is not None and alias not in names:
        raise failed("container.no_alias", container=container.name, network=network, alias=alias)
    return f"on {network}"


def mounts(container: Container, volume: str, at: str | None, trial: Trial) -> str:
    """It mounts the volume."""
    seen = find_container(trial, container).attrs.get("Mounts") or []
    named = [mount for mount in seen if mount.get("Type") == "volume" and mount.get("Name") == volume]
    if not named:
        kinds = ", ".join(f"{mount.get('Type')} at {mount.get('Destination')}" for mount in seen) or "nothing"
        raise failed("container.no_mount", container=container.name, volume=volume, seen=kinds)
    places = [str(mount.get("Destination")) for mount in named]
    if at is not None and at not in places:
        raise failed("container.other_mount", container=container.name, volume=volume, at=at, seen=", ".join(places))
    return f"{volume} at {', '.join(places)}"


def restart_policy(container: Container, name: str, trial: Trial) -> str:
    """Its restart policy; an empty one is `no`."""
    seen = (find_container(trial, container).host_config.get("RestartPolicy") or {}).get("Name") or "no"
    if seen != name:
        raise failed("container.other_policy", container=container.name, wanted=name, seen=seen)
    return f"restart policy {seen}"


def not_root(container: Container, trial: Trial) -> str:
    """Its user, as its own image counts, is not number 0."""
    seen = find_container(trial, container)
    user = str(seen.config.get("User") or "")
    attrs = trial.client(container.machine).api.inspect_image(seen.fact.image_id)
    number = uid(trial, image_of(attrs), user, container.machine)
    if number is None or number == 0:
        raise failed("container.root", container=container.name, seen=user or "no user is set")
    return f"user {user}"


def _networks(container: FoundContainer) -> dict[str, Any]:
    return (container.attrs.get("NetworkSettings") or {}).get("Networks") or {}
