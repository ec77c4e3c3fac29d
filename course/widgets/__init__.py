"""Live pictures of the session's engine: one idea each, with the same facts as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course.lazily import lazily

if TYPE_CHECKING:
    from course.widgets.engine_picture import engine_map as engine_map
    from course.widgets.fleet_picture import fleet as fleet
    from course.widgets.layers_picture import layers as layers
    from course.widgets.lifecycle_picture import lifecycle as lifecycle
    from course.widgets.machines_picture import two_machines as two_machines
    from course.widgets.progress_picture import progress_map as progress_map
    from course.widgets.transfer import follow as follow

_HOMES = {
    "engine_map": "engine_picture",
    "fleet": "fleet_picture",
    "follow": "transfer",
    "layers": "layers_picture",
    "lifecycle": "lifecycle_picture",
    "progress_map": "progress_picture",
    "two_machines": "machines_picture",
}
__all__ = ["engine_map", "fleet", "follow", "layers", "lifecycle", "progress_map", "two_machines"]

__getattr__ = lazily(__name__, _HOMES)
