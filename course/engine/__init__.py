"""Find an engine, start one, and read facts from it. Importing this loads docker-py only when a name is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.lazily import lazily

if TYPE_CHECKING:
    from course.engine.daemon import Daemon as Daemon
    from course.engine.endpoint import Endpoint as Endpoint
    from course.engine.endpoint import client as client
    from course.engine.endpoint import find as find
    from course.engine.facts import ContainerFact as ContainerFact
    from course.engine.facts import ImageFact as ImageFact
    from course.engine.facts import LayerFact as LayerFact
    from course.engine.facts import container_fact as container_fact
    from course.engine.facts import descends_from as descends_from
    from course.engine.facts import image_fact as image_fact
    from course.engine.lifecycle import down as down
    from course.engine.lifecycle import up as up

_HOMES = {
    "Daemon": "daemon",
    "Endpoint": "endpoint",
    "client": "endpoint",
    "find": "endpoint",
    "ContainerFact": "facts",
    "ImageFact": "facts",
    "LayerFact": "facts",
    "container_fact": "facts",
    "descends_from": "facts",
    "image_fact": "facts",
    "down": "lifecycle",
    "up": "lifecycle",
}
__all__ = sorted(_HOMES)

__getattr__ = lazily(__name__, _HOMES)
