"""The calls on containers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from course.gateway import mounting
from course.gateway.exchange import EngineSaid, Exchange, json_documents, own_containers, raise_for_error
from course.gateway.hijack import tunnel
from course.gateway.policy import (
    altered,
    container,
    container_calls,
    container_limits,
    container_update,
    filters,
    prune,
    translate,
    volume,
)
from course.gateway.policy.container import ContainerSpec, ImageView
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal, unknown
from course.gateway.streams import rewrite_put_archive
from course.gateway.streams.followed import log_request
from course.gateway.upstream import Answer, EngineResponse, Upload

_VOLUME_FOLDER = re.compile(r"/volumes/([0-9a-f]{64})/_data$")


async def create(x: Exchange) -> web.StreamResponse:
    """POST /containers/create: recorded before it is answered; what cannot be recorded is removed again."""
    spec = container.parse_create(await x.body(), x.query, x.scope.policy)
    if not spec.name:
        spec = spec.named(container.invent_name())
    x.asked |= {"name": spec.name, "image": spec.image}
    image = await x.image_view(x.scope.image(spec.image))
    x.outcome["image"] = image.id
    folders = await mounting.find(x.scope, dict(spec.folders_needed))
    answer = await x.complete(_create(x, spec, image, folders))
    x.outcome["id"] = answer["Id"]
    if answer.get("Warnings"):
        x.outcome["warnings"] = answer["Warnings"]
    return x.json(translate.container_created(answer), 201)


async def _create(x: Exchange, spec: ContainerSpec, image: ImageView, folders: dict[str, str]) -> dict[str, Any]:
    with x.scope.charge("containers"), x.scope.charge("bytes_written"):
        for name in spec.volumes_needed:
            await ensure_volume(x, name)
        request = spec.engine_request(x.scope, image, folders)
        others, own = x.scope.used("containers") - 1, x.scope.policy.as_engine
        log = container_limits.log(spec.host.get("LogConfig", {}), x.limits, others, as_asked=own)
        request.body["HostConfig"]["LogConfig"] = log
        changed = altered.warnings(spec, request.body) + x.scope.near_the_end("containers", "bytes_written")
        if x.plane.runtime.for_init and request.body["HostConfig"].get("Init"):
            request.body["HostConfig"]["Runtime"] = x.plane.runtime.for_init
        published = sum(map(len, request.body["HostConfig"].get("PortBindings", {}).values()))
        with x.scope.charge("ports", published):
            answer = await _recorded(x, spec, image, request, published)
        said = [translate.text(str(one), x.scope) for one in answer.get("Warnings") or ()]
        return {**answer, "Warnings": [*said, *changed]}


async def _recorded(
    x: Exchange, spec: ContainerSpec, image: ImageView, request: EngineRequest, published: int
) -> dict[str, Any]:
    """Make the container and record it; what cannot be recorded is removed again."""
    answer: dict[str, Any] = (await x.ask(request)).value
    engine_id = answer["Id"]
    try:
        if image.config.get("Volumes") or _may_make_volumes(request.body):
            await _record_anonymous(x, engine_id)
        for stale, name in x.scope.containers().items():
            if name == spec.name:  # the engine gave the name away, so this one is gone
                x.scope.remove_container(stale)
        x.scope.add_container(engine_id, spec.name, published)
    except BaseException:
        await x.plane.engine.ask(EngineRequest("DELETE", ("containers", engine_id), {"v": "1", "force": "1"}))
        raise
    return answer


def _may_make_volumes(body: dict[str, Any]) -> bool:
    host = body.get("HostConfig") or {}
    return bool(body.get("Volumes") or host.get("Mounts") or host.get("Binds"))


async def _record_anonymous(x: Exchange, engine_id: str) -> None:
    """Record the volumes that the engine made for a container by itself."""
    answer = await x.ask(EngineRequest("GET", ("containers", engine_id, "json")))
    for mount in answer.value.get("Mounts") or ():
        if mount.get("Type") == "volume" and (name := _volume_of(mount)) and x.scope.volume_name(name) is None:
            x.scope.add_volume(name, name, anonymous=True)


def _volume_of(mount: Mapping[str, Any]) -> str:
    """The name of a mounted volume; engine 28 leaves it out for an anonymous one, and its folder still bears it."""
    found = _VOLUME_FOLDER.search(str(mount.get("Source") or ""))
    return str(mount.get("Name") or (found[1] if found else ""))


async def ensure_volume(x: Exchange, name: str) -> None:
    """Make a named volume with the session's labels, unless the session has it."""
    try:
        x.scope.volume(name)
    except Refusal:
        with x.scope.charge("volumes"):
            await make_volume(x, volume.VolumeSpec(name, {}))


async def make_volume(x: Exchange, spec: volume.VolumeSpec) -> dict[str, Any]:
    """Make and record a volume; the engine's answer must carry the session's labels.

    Raises:
        Refusal: 409 when a volume of that engine name belongs to someone else: the engine hands it out unasked.
    """
    answer: dict[str, Any] = (await x.ask(spec.engine_request(x.scope))).value
    labels = answer.get("Labels") or {}
    if any(labels.get(key) != value for key, value in x.scope.labels().items()):
        raise Refusal(f"The volume {spec.name} cannot be made", "its name is taken", "Use another name", status=409)
    x.scope.add_volume(answer["Name"], spec.name)
    return answer


async def listing(x: Exchange) -> web.StreamResponse:
    """GET /containers/json."""
    query = filters.container_list(x.query, x.scope)
    answer = await x.ask(EngineRequest("GET", ("containers", "json"), query))
    rows = translate.container_list(answer.value, x.scope)
    return x.json(filters.keep_containers(rows, x.query, x.scope))


async def inspect(x: Exchange) -> web.StreamResponse:
    """GET /containers/{id}/json."""
    answer = await _ask(x, container_calls.engine_request(x.call, x.query, x.scope))
    shown = translate.container_inspect(answer.value, x.scope)
    if shown.get("ExecIDs"):
        shown["ExecIDs"] = x.scope.shown_execs(shown["ExecIDs"]) or None
    return x.json(shown)


async def plain(x: Exchange) -> web.StreamResponse:
    """The calls whose answer holds no names: pause, top and the like."""
    answer = await _ask(x, container_calls.engine_request(x.call, x.query, x.scope))
    return _passed(x, answer)


async def changes(x: Exchange) -> web.StreamResponse:
    """GET /containers/{id}/changes, with `null` for a container that changed nothing, as the engine has it."""
    answer = await _ask(x, container_calls.engine_request(x.call, x.query, x.scope))
    return x.json(answer.value, answer.status)


async def moved(x: Exchange) -> web.StreamResponse:
    """start, stop, restart, kill: what the container publishes answers inside, or no longer does, before the answer."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    engine_id = request.parts[1]
    starts = x.call.route in ("container.start", "container.restart")
    if starts:
        x.scope.charge("bytes_written")  # a container that was ended for what it wrote does not go on

    async def work() -> Answer:
        folders = await mounting.before(x.plane.engine, x.scope, engine_id) if starts else ()
        try:
            answer = await _ask(x, request)
        finally:
            await x.plane.inner_ports.look(x.scope, engine_id)
        await mounting.after(x.plane.engine, x.scope, engine_id, folders)
        return answer

    return _passed(x, await x.complete(work()))


async def streamed(x: Exchange) -> web.StreamResponse:
    """The calls whose answer is passed on as it comes: export, wait, archive.get, archive.stat."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    async with x.plane.engine.send(request) as response:
        await _raise_known(x, response)
        return await x.stream(response)


async def logs(x: Exchange) -> web.StreamResponse:
    """GET /containers/{id}/logs; one that is followed is read on while the client is slow, once it must be."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    engine_id = request.parts[1]
    facts = (await _ask(x, EngineRequest("GET", ("containers", engine_id, "json")))).value
    log = log_request(x.plane.engine, request, facts)
    async with x.plane.engine.send(log.request) as response:
        await _raise_known(x, response)
        if not x.query.flag("follow"):
            return await x.stream(response, log.pieces(response))
        with x.plane.followers.spool(x.scope.sid, engine_id, x.limits.log_spool) as spool:
            filling = asyncio.create_task(spool.fill(log.pieces(response, x.plane.followers.cut)))
            try:
                return await x.stream(response, spool)
            finally:
                filling.cancel()
                await asyncio.wait({filling})


async def stats(x: Exchange) -> web.StreamResponse:
    """GET /containers/{id}/stats: one document, or one each second until the client goes."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    async with x.plane.engine.send(request) as response:
        await _raise_known(x, response)

        async def documents() -> AsyncIterator[bytes]:
            async for document in json_documents(response):
                yield json.dumps(translate.stats(document, x.scope), separators=(",", ":")).encode() + b"\n"

        return await x.stream(response, documents())


async def rename(x: Exchange) -> web.StreamResponse:
    """POST /containers/{id}/rename."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    engine_id, name = x.scope.container(x.ref), x.query.text("name").removeprefix("/")
    x.asked["name"] = name

    async def work() -> Answer:
        answer = await _ask(x, request)
        x.scope.rename_container(engine_id, name)
        return answer

    return _passed(x, await x.complete(work()))


async def remove(x: Exchange) -> web.StreamResponse:
    """DELETE /containers/{id}; its anonymous volumes go with it, the watch takes them off the ledger."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    engine_id = x.scope.container(x.ref)
    x.outcome["id"] = engine_id

    async def work() -> Answer:
        await x.plane.followers.settle(x.plane.engine, engine_id, kill=x.query.flag("force"))
        answer = await _ask(x, request)
        await x.plane.inner_ports.look(x.scope, engine_id)
        x.scope.remove_container(engine_id)
        return answer

    return _passed(x, await x.complete(work()))


async def update(x: Exchange) -> web.StreamResponse:
    """POST /containers/{id}/update."""
    raw = await x.body()
    request = container_update.engine_request(raw, x.scope, x.ref)
    answer = await _ask(x, request)
    if isinstance(answer.value, dict):
        changed = container_update.warnings(raw, request.body, x.limits.json_body)
        answer = replace(
            answer, value={**answer.value, "Warnings": [*(answer.value.get("Warnings") or ()), *changed] or None}
        )
    return _passed(x, answer)


async def attach(x: Exchange) -> web.StreamResponse:
    """POST /containers/{id}/attach: a raw stream once the engine has switched."""
    return await hijacked(x, container_calls.engine_request(x.call, x.query, x.scope))


async def put_archive(x: Exchange) -> web.StreamResponse:
    """PUT /containers/{id}/archive: a tar that is rebuilt while it passes."""
    request = container_calls.engine_request(x.call, x.query, x.scope)
    upload = Upload(aiter(rewrite_put_archive(x.pieces(), limits=x.limits)))
    with x.scope.charge("bytes_written"):
        async with x.plane.engine.send(request, upload) as response:
            await _raise_known(x, response)
            await response.read()
    return x.empty(200)


async def hijacked(x: Exchange, request: EngineRequest, begun: Callable[[], None] = lambda: None) -> web.StreamResponse:
    """Tunnel after the engine's own switch; otherwise answer plainly, and the connection ends with that.

    Args:
        x: the call.
        request: what the engine is asked.
        begun: is called when the engine has taken it.
    """
    head, result = await x.plane.engine.hijack(request)
    if isinstance(result, Answer):
        x.closes = True
        if not result.ok:
            raise EngineSaid(result)
        begun()
        answer = _passed(x, result)
        answer.force_close()
        return answer
    x.said = 101
    begun()
    x.scope.pause.leave()  # from here on it is the container that works
    done = await tunnel(x.request, head, result, x.plane.headers)
    x.received, x.sent = done.traffic.sent, done.traffic.received
    return done


async def prune_stopped(x: Exchange) -> web.StreamResponse:
    """POST /containers/prune: the session's own stopped containers, one by one."""
    spec = prune.parse(x.query, time.time())
    rows = (await x.ask(own_containers(x.scope, size=True))).value
    gone, freed = [], 0
    for row in rows:
        if row.get("State") in ("running", "paused", "restarting") or x.scope.container_name(row["Id"]) is None:
            continue
        if not spec.takes(row.get("Labels") or {}, float(row.get("Created", 0))):
            continue
        await x.plane.followers.settle(x.plane.engine, row["Id"])
        answer = await x.plane.engine.ask(EngineRequest("DELETE", ("containers", row["Id"]), {"v": "1"}))
        if answer.ok:
            x.scope.remove_container(row["Id"])
            gone.append(row["Id"])
            freed += int(row.get("SizeRw") or 0)
    x.outcome["removed"] = gone
    return x.json({"ContainersDeleted": gone or None, "SpaceReclaimed": freed})


def _passed(x: Exchange, answer: Answer) -> web.Response:
    if answer.value is None:
        return x.empty(answer.status)
    return x.json(answer.value, answer.status)


async def _ask(x: Exchange, request: EngineRequest) -> Answer:
    answer = await x.plane.engine.ask(request)
    if not answer.ok:
        _raise_if_gone(x, request.parts, answer)
        raise EngineSaid(_by_name(x, request.parts[1], answer))
    return answer


async def _raise_known(x: Exchange, response: EngineResponse) -> None:
    try:
        await raise_for_error(response)
    except EngineSaid as error:
        engine_id = x.scope.container(x.ref)
        _raise_if_gone(x, ("containers", engine_id), error.answer)
        raise EngineSaid(_by_name(x, engine_id, error.answer)) from error


def _by_name(x: Exchange, engine_id: str, answer: Answer) -> Answer:
    """The engine's error with the learner's word where the engine repeats that of the path, which here is the id.

    "Could not find the file /x in container web", "Cannot kill container: web: Container 0123… is not running".
    """
    pattern = rf"(?i)(^Cannot \w+ container:? |^Could not find the file .* in container ){engine_id}"
    said = re.sub(pattern, lambda found: found[1] + x.ref, answer.message)
    return replace(answer, value={"message": said}) if said != answer.message else answer


def _raise_if_gone(x: Exchange, parts: tuple[str, ...], answer: Answer) -> None:
    """Say "No such container" with the learner's word, and forget it, when the engine no longer has it."""
    if answer.status == 404 and "no such container" in answer.message.lower() and parts[1] in answer.message:
        x.scope.remove_container(parts[1])
        raise unknown("container", x.ref)


HANDLERS = {
    "container.list": listing,
    "container.create": create,
    "container.prune": prune_stopped,
    "container.inspect": inspect,
    "container.logs": logs,
    "container.stats": stats,
    "container.changes": changes,
    "container.export": streamed,
    "container.top": plain,
    "container.start": moved,
    "container.stop": moved,
    "container.restart": moved,
    "container.kill": moved,
    "container.pause": plain,
    "container.unpause": plain,
    "container.resize": plain,
    "container.wait": streamed,
    "container.rename": rename,
    "container.attach": attach,
    "container.update": update,
    "container.archive.get": streamed,
    "container.archive.stat": streamed,
    "container.archive.put": put_archive,
    "container.remove": remove,
}
