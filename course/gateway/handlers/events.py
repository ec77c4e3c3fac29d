"""GET /events: the engine's events about the session's own objects, as they come."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from course.gateway.exchange import Exchange, json_documents
from course.gateway.policy import filters, reference, translate
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.words import WITHOUT_NAMES, plain_name
from course.gateway.scope import Scope

PASSED = ("since", "until")
KEPT_LOADS = 64


async def events(x: Exchange) -> web.StreamResponse:
    """Every event of the engine is read, and passed on only when it is about something of this session.

    The engine's own label filter would drop the network, volume and image events.
    """
    query = {name: x.query.text(name) for name in PASSED if x.query.text(name)}
    memory = Memory(x.scope)

    async def own() -> AsyncIterator[bytes]:
        async for event in json_documents(response):
            memory.learn(event)
            if x.scope.hides(event):
                continue
            shown = translate.event(event, memory) or memory.late(event)
            if shown is not None and filters.keep_event(shown, x.query, memory):
                yield json.dumps(shown, separators=(",", ":")).encode() + b"\n"

    async with x.plane.engine.send(EngineRequest("GET", ("events",), query)) as response:
        return await x.stream(response, own())


class Memory:
    """The session's names, with those of objects that have gone or are not in the ledger yet.

    The event of a removal arrives after the ledger has forgotten the object, that of a creation before it knows it.
    An own object is then known by the name that only the gateway gives (`sw-<sid>--…`), or because it was own when
    the stream began.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.sid, self.policy = scope.sid, scope.policy
        self._containers, self._networks, self._volumes = scope.containers(), scope.networks(), scope.volumes()
        self._tags = {image_id: scope.image_tags(image_id) for image_id in scope.visible_images()}
        self._loads: dict[str, dict[str, Any]] = {}

    def late(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """The event of a load, sent once the session's hold tag is set: until then no session owns the image."""
        actor = event.get("Actor") or {}
        image_id, name = str(actor.get("ID", "")), str((actor.get("Attributes") or {}).get("name", ""))
        if event.get("Type") != "image":
            return None
        if event.get("Action") == "load":
            self._loads[image_id] = event
            if len(self._loads) > KEPT_LOADS:  # of other sessions, whose hold tags are not waited for
                del self._loads[next(iter(self._loads))]
            return None
        return self._loads.pop(image_id, None) if name == reference.hold_tag(self.sid, image_id) else None

    def learn(self, event: dict[str, Any]) -> None:
        """Remember the own object that an event is about."""
        actor = event.get("Actor") or {}
        engine_id, prefix = str(actor.get("ID", "")), self._scope.engine_name("")
        name = str((actor.get("Attributes") or {}).get("name", ""))
        match event.get("Type"):
            case "container" if name.startswith(prefix):
                self._containers[engine_id] = name.removeprefix(prefix)
            case "network" if name.removeprefix(WITHOUT_NAMES).startswith(prefix):
                self._networks[engine_id] = plain_name(name, self._scope)
            case "volume" if engine_id.startswith(prefix):
                self._volumes[engine_id] = engine_id.removeprefix(prefix)
            case "image" if engine_id in self._scope.visible_images():
                self._tags[engine_id] = self._scope.image_tags(engine_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)

    def container_name(self, engine_id: str) -> str | None:
        """The learner's name of a container that is or was own."""
        return self._scope.container_name(engine_id) or self._containers.get(engine_id)

    def network_name(self, engine_id: str) -> str | None:
        """The learner's name of a network that is or was own."""
        return self._scope.network_name(engine_id) or self._networks.get(engine_id)

    def volume_name(self, engine_name: str) -> str | None:
        """The learner's name of a volume that is or was own."""
        return self._scope.volume_name(engine_name) or self._volumes.get(engine_name)

    def image_tags(self, image_id: str) -> tuple[str, ...]:
        """The learner's references of an image that is or was visible."""
        return self._scope.image_tags(image_id) or self._tags.get(image_id, ())


HANDLERS = {"system.events": events}
