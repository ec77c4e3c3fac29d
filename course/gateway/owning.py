"""How an image that a call made becomes the session's: it gets a hold tag, then an entry in the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from course.gateway.exchange import Exchange
from course.gateway.policy import reference
from course.gateway.policy.names import EngineRequest


async def hold(x: Exchange, image_id: str, size: int, names: Iterable[str] = ()) -> None:
    """Make an image the session's own, under the learner's `names`, which the engine has already.

    Args:
        x: the call.
        image_id: the engine's id.
        size: bytes that it added.
        names: the learner's references.
    """
    if not x.scope.is_base(image_id):
        await tag(x, image_id, x.scope.hold_reference(image_id))
        x.scope.add_image(image_id, size=size)
    for name in names:
        x.scope.add_tag(name, image_id)


async def tag(x: Exchange, image_id: str, engine_reference: str) -> None:
    """Tag an image on the engine."""
    repo, _, name = engine_reference.rpartition(":")
    await x.ask(EngineRequest("POST", ("images", image_id, "tag"), {"repo": repo, "tag": name}))


async def name_on_engine(x: Exchange, image_id: str, name: str) -> None:
    """Give an image the engine's tag for a learner's reference."""
    await tag(x, image_id, reference.to_engine(x.scope.sid, name))


async def share_of(x: Exchange, image_id: str) -> tuple[int, list[str]]:
    """What an image added to those that the session could see before.

    Returns (bytes of the layers on top of the next visible image, ids of the intermediate images among them).
    """
    visible = x.scope.visible_images()
    size, between = 0, []
    for index, row in enumerate((await x.ask(EngineRequest("GET", ("images", image_id, "history")))).value):
        row_id = str(row.get("Id", ""))
        if index and row_id in visible:
            break
        size += int(row.get("Size") or 0)
        if index and row_id.startswith("sha256:"):
            between.append(row_id)
    return size, between
