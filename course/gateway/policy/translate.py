"""From the engine's answers to the learner's: names without their prefix, no foreign object, no host path."""

from __future__ import annotations

from typing import Any

from course.gateway.policy.names import Names


def container_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One container, as the learner knows it."""
    raise NotImplementedError


def container_list(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The own containers of a list; every other row is dropped."""
    raise NotImplementedError


def container_created(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a create: Id and Warnings."""
    raise NotImplementedError


def stats(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One stats document (name and id)."""
    raise NotImplementedError


def network_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One network with its own containers only."""
    raise NotImplementedError


def network_list(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The own networks of a list."""
    raise NotImplementedError


def volume(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One volume."""
    raise NotImplementedError


def volume_list(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """{"Volumes": own ones, "Warnings": None}."""
    raise NotImplementedError


def image_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One image with the learner's tags and digests."""
    raise NotImplementedError


def image_list(answer: list[dict[str, Any]], names: Names, *, all_images: bool = False) -> list[dict[str, Any]]:
    """The visible images of a list (own and base)."""
    raise NotImplementedError


def image_history(answer: list[dict[str, Any]], names: Names) -> list[dict[str, Any]]:
    """The layers of an image, with the learner's tags."""
    raise NotImplementedError


def exec_inspect(answer: dict[str, Any], names: Names) -> dict[str, Any]:
    """One exec; its container is known to be own."""
    raise NotImplementedError


def event(answer: dict[str, Any], names: Names) -> dict[str, Any] | None:
    """One event, or None when it is about nothing of the session."""
    raise NotImplementedError


def text(message: str, names: Names) -> str:
    """An error, a warning or a line of build output without the engine's names; foreign names become "…"."""
    raise NotImplementedError


def error(answer: Any, names: Names) -> dict[str, Any]:
    """The engine's error body, translated: {"message": …}."""
    raise NotImplementedError
