"""The calls on execs: further commands in own containers."""

from __future__ import annotations

from aiohttp import web

from course.gateway.exchange import Exchange
from course.gateway.handlers.containers import hijacked
from course.gateway.journal_file import BEGUN
from course.gateway.policy import exec as policy
from course.gateway.policy import translate
from course.gateway.policy.names import EngineRequest


async def create(x: Exchange) -> web.StreamResponse:
    """POST /containers/{id}/exec."""
    request = policy.create_request(await x.body(), x.scope, x.ref)
    container_id = x.scope.container(x.ref)

    async def work() -> str:
        exec_id = str((await x.ask(request)).value["Id"])
        x.scope.add_exec(exec_id, container_id)
        return exec_id

    exec_id = await x.complete(work())
    x.outcome |= {"id": exec_id, "container": container_id}
    return x.json({"Id": exec_id}, 201)


async def start(x: Exchange) -> web.StreamResponse:
    """POST /exec/{id}/start: a raw stream, or nothing when detached."""
    exec_id = x.scope.exec_instance(x.ref)
    spec = policy.parse_start(await x.body(), x.limits.json_body)
    request = EngineRequest("POST", ("exec", exec_id, "start"), body=spec.body())
    x.outcome["container"] = container_id = x.scope.exec_container(exec_id)
    with x.scope.charge("execs"), x.scope.charge("bytes_written"):
        if container_id and x.plane.runtime.may_be_early:
            inspected = await x.plane.engine.ask(EngineRequest("GET", ("containers", container_id, "json")))
            if inspected.ok:  # else the engine says what is wrong
                await x.plane.runtime.begun(int(inspected.value["State"]["Pid"]))
        return await hijacked(x, request, lambda: x.note(BEGUN, f"a command began in container {container_id}"))


async def inspect(x: Exchange) -> web.StreamResponse:
    """GET /exec/{id}/json."""
    exec_id = x.scope.exec_instance(x.ref)
    answer = await x.ask(EngineRequest("GET", ("exec", exec_id, "json")))
    if not answer.value.get("Running"):
        x.scope.exec_ended(exec_id)
    return x.json(translate.exec_inspect(answer.value, x.scope))


async def resize(x: Exchange) -> web.StreamResponse:
    """POST /exec/{id}/resize."""
    answer = await x.ask(policy.resize_request(x.query, x.scope.exec_instance(x.ref)))
    return x.empty(answer.status)


HANDLERS = {"exec.create": create, "exec.start": start, "exec.inspect": inspect, "exec.resize": resize}
