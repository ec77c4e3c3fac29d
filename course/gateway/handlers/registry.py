"""Push and pull with a registry that the learner's own sessions run; `hub` has those with any other.

The learner's name "localhost:5000/shop:1" stands for the registry container of the session or of the learner's
other machine, wherever its port is published. On the engine the image has that address as a tag for the time of the
transfer.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from course.gateway import peer
from course.gateway.exchange import Exchange, own_containers, raise_for_error
from course.gateway.handlers import hub
from course.gateway.owning import hold, name_on_engine, share_of, tag
from course.gateway.policy import image, reference
from course.gateway.policy.image import Transfer
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal
from course.gateway.registry_door import address, open_door
from course.gateway.streams import OutputFacts, translate_output

PORT = 5000  # where a registry listens in its container, and what a lesson calls it by
LATE_SECONDS = 2.0
"""How long after its client has left a pull may still name an image, if the engine could not stop it any more."""
NO_LOGIN = {"X-Registry-Auth": "e30="}  # {} in base64: the engine wants the header


@dataclass(frozen=True)
class Route:
    """A transfer's way: `engine` is the name on the engine without tag, `shown` what the learner calls the host."""

    engine: str
    shown: str
    tag: str

    def translated(self, piece: bytes) -> bytes:
        """A piece of progress output with the learner's name of the registry."""
        host = self.engine.partition("/")[0]
        return piece.replace(host.encode() + b"/", self.shown.encode() + b"/")


async def registries(x: Exchange) -> dict[str, int]:
    """The published port by what a learner may write: "localhost:5000" (this session's first) and the port itself."""
    found: dict[str, int] = {}
    scopes = sorted(x.scope.family(), key=lambda scope: scope.sid != x.scope.sid)
    for scope in scopes:
        rows = (await x.ask(own_containers(scope))).value
        for row in rows:
            for port in row.get("Ports") or () if row.get("State") == "running" else ():
                public = port.get("PublicPort")
                if port.get("PrivatePort") == PORT and port.get("Type") == "tcp" and public:
                    found.setdefault(f"localhost:{PORT}", int(public))
                    found[f"localhost:{public}"] = int(public)
    return found


async def push(x: Exchange) -> web.StreamResponse:
    """POST /images/{name}/push."""
    ports = await registries(x)
    if not x.scope.policy.registries and (missing := _without_registry(x.ref, ports)):
        return await _failed(x, missing)
    transfer = image.parse_push(x.ref, x.query, ports, x.scope.policy)
    name = transfer.reference.familiar()
    x.asked["tag"] = name
    try:
        image_id = x.scope.image(name)
    except Refusal:
        return await _failed(x, f"An image does not exist locally with the tag: {name.rpartition(':')[0]}")
    if transfer.kind == "reached":
        return await hub.push(x, transfer, image_id)
    facts = OutputFacts()
    async with _route(x, transfer, ports, {image_id}) as route:
        await tag(x, image_id, f"{route.engine}:{route.tag}")
        request = EngineRequest("POST", ("images", route.engine, "push"), {"tag": route.tag})
        async with x.plane.engine.send(request, headers=NO_LOGIN) as response:
            answer = await _progress(x, response, facts, route)
        if facts.digest and not facts.error:
            x.scope.add_digest(f"{transfer.reference.repository()}@{facts.digest}", image_id)
    x.outcome |= {"image": image_id, "digest": facts.digest, "error": facts.error}
    await answer.write_eof()
    return answer


async def create(x: Exchange) -> web.StreamResponse:
    """POST /images/create: pull."""
    if x.query.text("fromSrc"):
        return await hub.imported(x)
    ports = await registries(x)
    if not x.scope.policy.registries and (missing := _without_registry(x.query.text("fromImage"), ports)):
        return await _failed(x, missing)
    transfer = image.parse_pull(x.query, ports, x.scope.policy)
    x.asked["tag"] = transfer.reference.familiar()
    if transfer.kind == "base":
        return await _up_to_date(x, transfer)
    if transfer.kind == "reached":
        return await hub.pull(x, transfer)
    facts = OutputFacts()
    with x.scope.charge("images"), x.scope.charge("bytes_written"):
        async with _route(x, transfer, ports, x.scope.visible_images()) as route:
            query = {"fromImage": route.engine, "tag": transfer.digest or route.tag}
            request = EngineRequest("POST", ("images", "create"), query)
            async with x.plane.engine.send(request, headers=NO_LOGIN) as response:
                answer = await _progress(x, response, facts, route)
            if not facts.error:
                at = f"{route.engine}@{transfer.digest}" if transfer.digest else f"{route.engine}:{route.tag}"
                await x.complete(_record(x, transfer, at, facts))
    x.outcome |= {"digest": facts.digest, "error": facts.error}
    await answer.write_eof()
    return answer


async def _record(x: Exchange, transfer: Transfer, at: str, facts: OutputFacts) -> None:
    found = (await x.ask(EngineRequest("GET", ("images", at, "json")))).value
    image_id, name = str(found["Id"]), transfer.reference.familiar()
    x.outcome["image"] = image_id
    share, _ = await share_of(x, image_id)
    if transfer.tag:
        await name_on_engine(x, image_id, name)
    await hold(x, image_id, share, [name] if transfer.tag else [])
    if digest := facts.digest or transfer.digest:
        x.scope.add_digest(f"{transfer.reference.repository()}@{digest}", image_id)


async def _progress(x: Exchange, response: Any, facts: OutputFacts, route: Route) -> web.StreamResponse:
    await raise_for_error(response)
    answer = await x.start(200, {"Content-Type": "application/json"})
    async for piece in translate_output(aiter(response), names=x.scope, facts=facts):
        await x.write(answer, route.translated(piece))
    return answer


@asynccontextmanager
async def _route(x: Exchange, transfer: Transfer, ports: dict[str, int], own: Iterable[str]) -> AsyncIterator[Route]:
    """The name on the engine for the time of a transfer, one transfer at a time for each registry.

    A name that stands for someone else's image is left alone.
    """
    registry = ports[transfer.host]
    path, known = transfer.target.partition("/")[2], set(own) | x.scope.visible_images()
    lock = x.plane.registry_locks.setdefault(registry, asyncio.Lock())
    async with lock, _address(x, registry) as host:
        route = Route(f"{host}/{path}", transfer.host, transfer.tag or "latest")
        taken = await x.plane.engine.ask(EngineRequest("GET", ("images", f"{route.engine}:{route.tag}", "json")))
        if taken.status != 404 and (not taken.ok or taken.value.get("Id") not in known):
            raise Refusal(f"{transfer.reference.familiar()} cannot be moved", "its name is in use", status=409)
        within = 0.0
        try:
            yield route
        except (asyncio.CancelledError, ConnectionError):
            within = LATE_SECONDS
            raise
        finally:
            await x.complete(_untag(x, route, transfer, within))


@asynccontextmanager
async def _address(x: Exchange, registry: int) -> AsyncIterator[str]:
    """Where on the engine's loopback a transfer goes to: a door of ours before the registry.

    An engine on another machine or in a virtual one cannot reach the door. Then a learner's transfer goes to the
    registry itself; a graded one, which must not lead the engine anywhere, is refused.
    """
    if peer.engine_shares(await asyncio.to_thread(peer.listener_pid, x.plane.engine.socket), "net"):
        async with open_door(x.scope.sid, registry, x.limits) as port:
            yield f"{address(x.scope.sid)}:{port}"
    elif x.scope.policy.outside:
        yield f"127.0.0.1:{registry}"
    else:
        raise Refusal("A push or a pull", "this engine is on another machine than the gateway")


async def _untag(x: Exchange, route: Route, transfer: Transfer, within: float) -> None:
    """Take the name from the engine, or wait for so many seconds until it is there to be taken."""
    at = f"{route.engine}@{transfer.digest}" if transfer.digest else f"{route.engine}:{route.tag}"
    deadline = time.monotonic() + within
    while not (await x.plane.engine.ask(EngineRequest("DELETE", ("images", at), {"noprune": "1"}))).ok:
        if time.monotonic() >= deadline:
            return
        await asyncio.sleep(0.05)


def _without_registry(name: str, ports: dict[str, int]) -> str:
    """A note that the learner's own registry isn't running; "" when it is."""
    host = reference.parse(name).domain.replace("127.0.0.1", "localhost") if name else ""
    if host != f"localhost:{PORT}" or host in ports:
        return ""  # another address of this machine is refused by the policy
    hint = f"Start one: client.containers.run('course/registry', detach=True, ports={{'{PORT}/tcp': None}})"
    return f"no registry of this session listens on {host}: connection refused. {hint}"


async def _failed(x: Exchange, message: str) -> web.StreamResponse:
    """An error of a push or a pull, reported as the engine does: in the progress stream, with status 200."""
    x.outcome["error"] = message
    return await _lines(x, [{"errorDetail": {"message": message}, "error": message}])


async def _up_to_date(x: Exchange, transfer: Transfer) -> web.StreamResponse:
    name, tagged = transfer.reference.repository(), transfer.reference.tag or "latest"
    x.outcome["image"] = x.scope.image(transfer.reference.familiar())
    return await _lines(
        x,
        [
            {"status": f"Pulling from {name}", "id": tagged},
            {"status": f"Status: Image is up to date for {transfer.reference.familiar()}"},
        ],
    )


async def _lines(x: Exchange, documents: list[dict[str, Any]]) -> web.StreamResponse:
    answer = await x.start(200, {"Content-Type": "application/json"})
    for document in documents:
        await answer.write(json.dumps(document).encode() + b"\r\n")
    await answer.write_eof()
    return answer


HANDLERS = {"image.push": push, "image.create": create}
