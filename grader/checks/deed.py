"""One thing that was done to an object of the session."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deed:
    """What was done, to what, and when.

    Args:
        action: as the engine's events name it (`create`, `start`, `die`, `destroy`), with plain words for four of them:
            `exec`, `copy_in`, `copy_out`, `remove`.
        kind: container, image, network or volume.
        name: the learner's name for the object.
        object_id: the engine's id.
        time: seconds since the epoch.
    """

    action: str
    kind: str
    name: str
    object_id: str
    time: float
