"""The base images: their recipes, and the three ways to get them. Importing this loads nothing until a name is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from course.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from course.images.contract import verify as verify
    from course.images.recipe import Recipe as Recipe
    from course.images.settings import Settings as Settings
    from course.images.settings import read_settings as read_settings
    from course.images.supply import BaseImage as BaseImage
    from course.images.supply import ensure as ensure
    from course.images.supply import look as look

    BASES: Mapping[str, Recipe]

_HOMES = {
    "BaseImage": "supply",
    "Recipe": "recipe",
    "Settings": "settings",
    "ensure": "supply",
    "look": "supply",
    "read_settings": "settings",
    "verify": "contract",
}
__all__ = ["BASES", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name == "BASES":
        from course.images.recipe import bases

        return bases()
    return lazily(__name__, _HOMES)(name)
