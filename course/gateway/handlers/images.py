"""The calls on images, but for those that move them (`transfers`, `registry`) and build them (`builds`)."""

from __future__ import annotations

import time
from dataclasses import replace

from aiohttp import web

from course.gateway.exchange import Exchange, created_at, own_containers
from course.gateway.owning import hold, share_of
from course.gateway.policy import filters, image, prune, reference, translate
from course.gateway.policy.names import EngineRequest
from course.gateway.policy.refusal import Refusal
from course.gateway.scope import canonical


async def listing(x: Exchange) -> web.StreamResponse:
    """GET /images/json: own and base images; the learner's filters are applied to what the learner sees."""
    every = x.query.flag("all")
    query = {"all": "1" if every else "0", "digests": "1"}
    rows = (await x.ask(EngineRequest("GET", ("images", "json"), query))).value
    shown = translate.image_list(rows, x.scope, all_images=every)
    return x.json(filters.keep_images(shown, x.query, x.scope))


async def inspect(x: Exchange) -> web.StreamResponse:
    """GET /images/{name}/json."""
    answer = await x.ask(EngineRequest("GET", ("images", x.scope.image(x.ref), "json")))
    return x.json(translate.image_inspect(answer.value, x.scope))


async def history(x: Exchange) -> web.StreamResponse:
    """GET /images/{name}/history."""
    answer = await x.ask(EngineRequest("GET", ("images", x.scope.image(x.ref), "history")))
    return x.json(translate.image_history(answer.value, x.scope))


async def tag(x: Exchange) -> web.StreamResponse:
    """POST /images/{name}/tag."""
    request, ref = image.tag_request(x.query, x.scope, x.ref)
    image_id = x.scope.image(x.ref)
    x.asked["tag"] = ref.familiar()

    async def work() -> None:
        await x.ask(request)
        x.scope.add_tag(ref.familiar(), image_id)

    await x.complete(work())
    return x.empty(201)


async def commit(x: Exchange) -> web.StreamResponse:
    """POST /commit: a container becomes an image."""
    spec = image.parse_commit(await x.body(), x.query, x.limits.json_body)
    request = spec.engine_request(x.scope)
    x.asked |= {"container": spec.container, "tag": spec.reference.familiar() if spec.reference else ""}

    async def work() -> str:
        with x.scope.charge("images"), x.scope.charge("bytes_written"):
            image_id = str((await x.ask(request)).value["Id"])
            share, _ = await share_of(x, image_id)
            await hold(x, image_id, share, [spec.reference.familiar()] if spec.reference else [])
            return image_id

    image_id = await x.complete(work())
    x.outcome["image"] = image_id
    return x.json({"Id": image_id}, 201)


async def remove(x: Exchange) -> web.StreamResponse:
    """DELETE /images/{name}: the learner's names go one by one, the image itself with its last name."""
    plan = image.remove_check(x.query, x.scope, x.ref)
    rows = await x.complete(_remove(x, plan))
    x.outcome |= {"image": plan.id, "removed": rows}
    return x.json(rows)


async def _remove(x: Exchange, plan: image.Removal) -> list[dict[str, str]]:
    running = plan.delete and await _refuse_in_use(x, plan.id, plan.force)
    return await _give_up(x, replace(plan, delete=plan.delete and not running), noprune=x.query.flag("noprune"))


async def _give_up(x: Exchange, plan: image.Removal, *, noprune: bool = False) -> list[dict[str, str]]:
    rows = []
    for name in plan.untag:
        if "@" in name:  # a digest is the ledger's alone; on the engine the image has none
            x.scope.remove_digest(name)
        else:
            await _untag(x, reference.to_engine(x.scope.sid, name))
            x.scope.remove_tag(name)
        rows.append({"Untagged": name})
    if plan.delete:
        rows += await delete_held(x, plan.id, noprune=noprune)
    return rows


async def delete_held(x: Exchange, image_id: str, *, noprune: bool = False) -> list[dict[str, str]]:
    """Give an own image up: the session's last tag of it goes, and with that the image unless another session has it.

    An image with children stays on the engine until they go, as one of the session's leftovers.
    """
    query = {"force": "1", "noprune": "1" if noprune else "0"}
    held = x.scope.hold_reference(image_id)
    answer = await x.plane.engine.ask(EngineRequest("DELETE", ("images", held), query))
    there = await x.plane.engine.ask(EngineRequest("GET", ("images", image_id, "json")))
    x.scope.remove_image(image_id)
    if there.ok and not there.value.get("RepoTags"):
        x.scope.add_leftovers([image_id])
        return []
    deleted = [row["Deleted"] for row in answer.value or () if isinstance(row, dict) and "Deleted" in row]
    return [{"Deleted": one} for one in deleted or [image_id]]


async def _refuse_in_use(x: Exchange, image_id: str, force: bool) -> bool:
    """The engine's own conflicts, which the hold tag would hide from it; returns whether a running container uses it.

    The rules and the words are those of moby's daemon/images/image_delete.go.
    """
    rows = (await x.ask(own_containers(x.scope))).value
    users = [row for row in rows if row.get("ImageID") == image_id]
    running = [row for row in users if row.get("State") in ("running", "paused", "restarting")]
    short = image_id.removeprefix("sha256:")[:12]
    known = canonical(x.ref)
    if known in x.scope.tags():
        if users and not force:
            what = f'conflict: unable to remove repository reference "{known}" (must force)'
            why = f"container {users[0]['Id'][:12]} is using its referenced image {short}"
            raise Refusal(f"{what} - {why}", "", status=409)
        return bool(running)
    if running:
        why = f"image is being used by running container {running[0]['Id'][:12]}"
        raise Refusal(f"conflict: unable to delete {short} (cannot be forced) - {why}", "", status=409)
    if users and not force:
        why = f"image is being used by stopped container {users[0]['Id'][:12]}"
        raise Refusal(f"conflict: unable to delete {short} (must be forced) - {why}", "", status=409)
    if await _has_children(x, image_id):
        why = "image has dependent child images"
        raise Refusal(f"conflict: unable to delete {short} (cannot be forced) - {why}", "", status=409)
    return False


async def _has_children(x: Exchange, image_id: str) -> bool:
    rows = (await x.ask(EngineRequest("GET", ("images", "json"), {"all": "1"}))).value
    own = x.scope.visible_images() | x.scope.leftovers()
    return any(row.get("ParentId") == image_id and row["Id"] in own for row in rows)


async def _untag(x: Exchange, engine_reference: str) -> None:
    answer = await x.plane.engine.ask(EngineRequest("DELETE", ("images", engine_reference), {"noprune": "1"}))
    if not answer.ok and answer.status != 404:
        raise Refusal(translate.text(answer.message, x.scope), "", status=answer.status)


async def prune_unused(x: Exchange) -> web.StreamResponse:
    """POST /images/prune: own images that no container uses, one by one; those with a name when that is asked for.

    Of a base image only the learner's own names go.
    """
    spec = prune.parse(x.query, time.time())
    used = {row.get("ImageID") for row in (await x.ask(own_containers(x.scope))).value}
    rows: list[dict[str, str]] = []
    freed = 0
    tagged = dict.fromkeys(x.scope.tags().values())  # base images among them
    for image_id in dict.fromkeys((*x.scope.images_newest_first(), *tagged)):  # children before their parents
        names = [name for name, found in x.scope.tags().items() if found == image_id]
        if image_id in used or (spec.dangling and x.scope.image_tags(image_id)):
            continue
        answer = await x.plane.engine.ask(EngineRequest("GET", ("images", image_id, "json")))
        labels = (answer.value.get("Config") or {}).get("Labels") or {} if answer.ok else {}
        if not answer.ok or not spec.takes(labels, created_at(answer.value)):
            continue
        own = image_id in x.scope.images()
        freed += (await share_of(x, image_id))[0] if own else 0
        untag = (*names, *(x.scope.image_digests(image_id) if own else ()))
        rows += await x.complete(_give_up(x, image.Removal(image_id, untag, own, force=False)))
    x.outcome["removed"] = rows
    return x.json({"ImagesDeleted": rows or None, "SpaceReclaimed": freed})


HANDLERS = {
    "image.list": listing,
    "image.inspect": inspect,
    "image.history": history,
    "image.tag": tag,
    "image.commit": commit,
    "image.remove": remove,
    "image.prune": prune_unused,
}
