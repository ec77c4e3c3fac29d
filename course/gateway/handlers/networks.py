"""The calls on networks."""

from __future__ import annotations

import json
import time
from typing import Any

from aiohttp import web

from course.gateway.exchange import EngineSaid, Exchange, created_at
from course.gateway.policy import filters, network, prune, translate
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal

DEFAULT = "bridge"


async def create(x: Exchange) -> web.StreamResponse:
    """POST /networks/create; the engine itself would allow two of one name."""
    spec = network.parse_create(await x.body(), x.limits.json_body, as_engine=x.scope.policy.as_engine)
    x.asked["name"] = spec.name
    if spec.name in x.scope.networks().values():
        raise Refusal(f"network with name {spec.name} already exists", "", status=409)
    with x.scope.charge("networks"):
        answer = await x.complete(_create(x, spec))
    x.outcome["id"] = answer["Id"]
    return x.json(answer, 201)


async def _create(x: Exchange, spec: network.NetworkSpec) -> dict[str, Any]:
    """Make it on a subnet of the gateway's own; the engine's pools would not last for a class."""
    answer = await x.plane.networks.create(
        x.scope,
        spec.name,
        internal=spec.internal,
        labels=spec.labels,
        chosen=spec if spec.pools or spec.ipv6 else None,
        more=spec.options,
    )
    if not answer.ok:
        raise EngineSaid(answer)
    said = [translate.text(answer.value.get("Warning") or "", x.scope), *x.scope.near_the_end("networks")]
    return {"Id": answer.value["Id"], "Warning": ". ".join(filter(None, said))}


async def listing(x: Exchange) -> web.StreamResponse:
    """GET /networks."""
    rows = translate.network_list(await _own(x), x.scope)
    return x.json(filters.keep_networks(rows, x.query, x.scope))


async def inspect(x: Exchange) -> web.StreamResponse:
    """GET /networks/{id}."""
    answer = await x.ask(EngineRequest("GET", ("networks", x.scope.network(x.ref))))
    return x.json(translate.network_inspect(answer.value, x.scope))


async def remove(x: Exchange) -> web.StreamResponse:
    """DELETE /networks/{id}; the default network stays, as on any engine."""
    engine_id = x.scope.network(x.ref)
    if x.scope.network_name(engine_id) == DEFAULT:
        raise Refusal(f"{x.ref} is a pre-defined network and cannot be removed", "")

    async def work() -> None:
        await x.ask(EngineRequest("DELETE", ("networks", engine_id)))
        x.scope.remove_network(engine_id)

    await x.complete(work())
    return x.empty()


async def connect(x: Exchange) -> web.StreamResponse:
    """POST /networks/{id}/connect."""
    spec = network.parse_connect(await x.body(), x.limits.json_body, as_engine=x.scope.policy.as_engine)
    x.asked["container"] = spec.container
    answer = await x.ask(spec.connect_request(x.scope, x.ref))
    return x.empty(answer.status)


async def disconnect(x: Exchange) -> web.StreamResponse:
    """POST /networks/{id}/disconnect."""
    spec = network.parse_disconnect(await x.body(), x.limits.json_body)
    x.asked["container"] = spec.container
    answer = await x.ask(spec.disconnect_request(x.scope, x.ref))
    return x.empty(answer.status)


async def prune_unused(x: Exchange) -> web.StreamResponse:
    """POST /networks/prune: own networks that no container uses, one by one, the default one never."""
    spec = prune.parse(x.query, time.time())
    gone = []
    for row in await _own(x):
        name = x.scope.network_name(row["Id"])
        if name is None or name == DEFAULT or not spec.takes(row.get("Labels") or {}, created_at(row)):
            continue
        # The engine refuses to remove a network with running containers; a prune passes over those.
        if (await x.plane.engine.ask(EngineRequest("DELETE", ("networks", row["Id"])))).ok:
            x.scope.remove_network(row["Id"])
            gone.append(name)
    x.outcome["removed"] = gone
    return x.json({"NetworksDeleted": gone or None})


async def _own(x: Exchange) -> list[dict[str, Any]]:
    labels = [f"{key}={value}" for key, value in x.scope.labels().items()]
    query = {"filters": json.dumps({"label": labels})}
    rows: list[dict[str, Any]] = (await x.ask(EngineRequest("GET", ("networks",), query))).value
    return rows


HANDLERS = {
    "network.list": listing,
    "network.create": create,
    "network.prune": prune_unused,
    "network.inspect": inspect,
    "network.connect": connect,
    "network.disconnect": disconnect,
    "network.remove": remove,
}
