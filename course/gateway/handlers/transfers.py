"""GET /images/get and POST /images/load: images as archives."""

from __future__ import annotations

import socket

from aiohttp import web

from course.gateway.exchange import Exchange, raise_for_error
from course.gateway.owning import hold
from course.gateway.policy import reference
from course.gateway.policy.limits import MIB
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal, unknown
from course.gateway.scope import Scope, canonical
from course.gateway.streams import LoadStream, OutputFacts, rewrite_load, rewrite_save, translate_output
from course.gateway.upstream import Upload

SEND_BUFFER = MIB  # bytes of an archive that the system takes from the gateway ahead of the client


async def save(x: Exchange) -> web.StreamResponse:
    """GET /images/{name}/get and /images/get?names=…"""
    wanted = [x.ref] if x.ref else list(x.query.texts("names"))
    if not wanted:
        raise Refusal("No image was named", "images/get needs at least one name", status=400)
    names = tuple(one for name in wanted for one in engine_names(x.scope, name))
    x.asked["names"] = wanted
    request = EngineRequest("GET", ("images", "get"), {"names": names})
    if x.request.transport is not None:  # the engine, this process and the client then find work for longer at a time
        x.request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    async with x.plane.engine.send(request) as response:
        return await x.stream(response, rewrite_save(aiter(response), sid=x.scope.sid))


def engine_names(scope: Scope, name: str) -> list[str]:
    """What the engine is asked to save for a learner's name: its tag, all tags of a repository, or an id.

    Raises:
        Refusal: 404 for what the session does not have.
    """
    repository_only = ":" not in name.rpartition("/")[2] and "@" not in name
    if repository_only:
        tags = [one for one in scope.tags() if one.rpartition(":")[0] == canonical(name).rpartition(":")[0]]
        if tags:
            return [reference.to_engine(scope.sid, one) for one in sorted(tags)]
    try:
        image_id = scope.image(name)
    except Refusal as error:
        raise unknown("image", name) from error  # a save alone tells the name without a tag
    known = canonical(name)
    if known in scope.image_tags(image_id):
        return [known if known not in scope.tags() else reference.to_engine(scope.sid, known)]
    return [image_id]


async def load(x: Exchange) -> web.StreamResponse:
    """POST /images/load; the answer ends only after the images are in the ledger."""
    facts = OutputFacts()
    archive = rewrite_load(x.pieces(), names=x.scope)
    quiet = {"quiet": "1"} if x.query.flag("quiet") else {}
    recorded = False
    try:
        with x.scope.charge("images"), x.scope.charge("bytes_written"):
            request = EngineRequest("POST", ("images", "load"), quiet)
            async with x.plane.engine.send(request, Upload(aiter(archive))) as response:
                await raise_for_error(response)
                answer = await x.start(200, {"Content-Type": response.headers.get("content-type", "application/json")})
                async for piece in translate_output(aiter(response), names=x.scope, facts=facts):
                    await x.write(answer, piece)
        recorded = True
        await x.complete(_record(x, archive))
    finally:
        if not recorded:  # the client vanished, or the engine did: what was loaded so far is still the session's
            await x.complete(_record(x, archive))
        x.outcome |= {"images": [one.id for one in archive.images], "error": facts.error}
    await answer.write_eof()
    return answer


async def _record(x: Exchange, archive: LoadStream) -> None:
    for one in archive.images:
        # an image without a name is known by its config, or (containerd image store) by its manifest
        for name in filter(None, (*one.engine_references[:1], one.id, one.manifest)):
            found = await x.plane.engine.ask(EngineRequest("GET", ("images", name, "json")))
            if found.ok:
                await hold(x, str(found.value["Id"]), one.size, one.references)
                break


HANDLERS = {"image.save": save, "image.load": load}
