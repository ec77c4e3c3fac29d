"""POST /build: the context is read and rewritten first, then built under the session's limits, then recorded."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from course.gateway.exchange import Exchange, created_at, raise_for_error
from course.gateway.handlers import hub
from course.gateway.owning import hold, share_of
from course.gateway.policy import build as policy
from course.gateway.policy import image
from course.gateway.policy.names import EngineRequest
from course.gateway.streams import Context, OutputFacts, read_context, translate_output
from course.gateway.streams.buildkit import translate_buildkit
from course.gateway.upstream import Upload

NOTED = 1000  # layers noted while a build runs; its own output can pretend to more


async def build(x: Exchange) -> web.StreamResponse:
    """Build an image; the answer ends only after the image is in the ledger."""
    spec = policy.parse(x.query, any_network=x.scope.policy.as_engine)
    tags = [ref.familiar() for ref in spec.tags]
    builders = x.plane.builders.offered(x.scope.policy, spec.network)
    x.asked |= {"tags": tags, "dockerfile": spec.dockerfile, "nocache": spec.nocache}

    async def config_of(image_id: str) -> Mapping[str, Any]:
        return (await x.image_view(image_id)).config

    async def fetch(ref: str) -> None:
        await hub.fetch(x, image.check_reachable(ref, x.scope.policy))

    with x.scope.charge("builds"), x.scope.charge("images"), x.scope.charge("bytes_written"):
        context = await read_context(
            x.pieces(),
            dockerfile=spec.dockerfile,
            names=x.scope,
            base_config=config_of,
            buildargs=spec.buildargs,
            builders=builders,
            fetch=fetch if x.scope.policy.registries else None,
        )
        with context:
            if context.builder.buildkit:
                policy.check_arguments(spec.buildargs)
            x.outcome["bases"] = list(context.bases)
            return await _run(x, spec, tags, context)


async def _run(x: Exchange, spec: policy.BuildSpec, tags: list[str], context: Context) -> web.StreamResponse:
    if context.builder.buildkit:
        query = spec.buildkit_query(x.scope)
    else:
        query = spec.engine_query(x.scope, cache_sources(x), build_network(x, spec.network))
    query |= {"dockerfile": context.dockerfile}
    answer: web.StreamResponse | None = None
    noted: set[str] = set()
    facts = OutputFacts()
    recorded = False
    began = time.time()
    try:
        for once_more in ({}, {"nocache": "1"}):
            shown, facts = len(facts.steps), OutputFacts()
            request = EngineRequest("POST", ("build",), query | once_more)
            async with x.plane.engine.send(request, Upload(context.chunks())) as response:
                await raise_for_error(response)
                if answer is None:
                    answer = await x.start(200, {"Content-Type": "application/json"})
                    if context.left_out and not spec.quiet:
                        await answer.write(_left_out(context.left_out))
                output = _output(x, spec, tags, context, aiter(response), facts)
                async for piece in _after(shown, output, facts):
                    await _note_layers(x, facts, noted, began)
                    await x.write(answer, piece)
            if not _unrestored(facts):
                break
        recorded = True
        await x.complete(_record(x, facts, tags, began))
        assert answer is not None
        await answer.write_eof()
        return answer
    finally:
        if context.builder.buildkit:
            x.scope.note_build(began, time.time())
        if not recorded:  # the client vanished, or the engine did: what was made so far is still the session's
            await x.complete(_record(x, facts, tags, began))
        cached = sum(step.cached for step in facts.steps)
        x.outcome |= {"image": facts.image, "steps": len(facts.steps), "cached": cached, "error": facts.error}


async def _after(shown: int, output: AsyncIterator[bytes], facts: OutputFacts) -> AsyncIterator[bytes]:
    """What a client gets of a build's output: all of it, or what comes after the steps that it has seen.

    The engine's failure to take a step from its cache is kept back, as the build is done once more without it.
    """
    begun = 0
    async for piece in output:
        seen, begun = begun, len(facts.steps)
        if _unrestored(facts) and not shown:
            return
        if begun > shown or (begun == shown and seen == begun):
            yield piece


def _unrestored(facts: OutputFacts) -> bool:
    """Whether the classic builder broke off because it cannot restore a step without files from `cachefrom`.

    With the containerd image store (measured on 28.5) it looks for the layer of such a step, which has none: "failed
    to restore cached image from …: failed to read diff archive".
    """
    return facts.error.startswith("failed to restore cached image")


def _output(
    x: Exchange,
    spec: policy.BuildSpec,
    tags: list[str],
    context: Context,
    body: AsyncIterator[bytes],
    facts: OutputFacts,
) -> AsyncIterator[bytes]:
    """The engine's answer in the client's words."""
    if not context.builder.buildkit:
        return translate_output(body, names=x.scope, facts=facts, steps=context.steps)
    return translate_buildkit(
        body,
        names=x.scope,
        facts=facts,
        steps=context.steps,
        words=context.words,
        tags=tags,
        quiet=spec.quiet,
    )


async def _note_layers(x: Exchange, facts: OutputFacts, noted: set[str], began: float) -> None:
    """Put each layer into the ledger as soon as the engine tells of it: this gateway may not see the build's end.

    A RUN can print such a line too, with the id of another session's image: only what was made since `began` counts.
    """
    for step in reversed(facts.steps):
        if step.image in noted or len(noted) >= NOTED:
            return
        if step.image:
            noted.add(step.image)
            found = await x.plane.engine.ask(EngineRequest("GET", ("images", step.image, "json")))
            fresh = found.ok and created_at(found.value) >= began
            if fresh and found.value["Id"] not in x.scope.visible_images():
                x.scope.add_leftovers([str(found.value["Id"])])


async def _record(x: Exchange, facts: OutputFacts, tags: list[str], began: float) -> None:
    """Put the image, or of a build that failed the layers that it left, into the ledger."""
    made = facts.image or next((step.image for step in reversed(facts.steps) if step.image), "")
    if not made:
        return
    found = await x.plane.engine.ask(EngineRequest("GET", ("images", made, "json")))
    if not found.ok or (not facts.image and created_at(found.value) < began):  # see _note_layers
        return
    image_id = str(found.value["Id"])
    size, between = await share_of(x, image_id)
    if facts.image and not facts.error:
        facts.image = image_id
        await hold(x, image_id, size, tags)
    elif image_id not in x.scope.visible_images():
        between.append(image_id)
    x.scope.add_leftovers(one for one in between if one not in x.scope.visible_images())


def cache_sources(x: Exchange) -> tuple[str, ...]:
    """The images whose layers a build may take from the cache: own ones and the bases, never another session's.

    The newest comes first. Where another session's layer is the newest of its kind on the engine, the engine takes
    the first of these images that fits, and looks at no other from there on (moby, image/cache/cache.go).
    The list is never empty: with none, the engine would search all that it has.
    """
    if not x.scope.policy.build_cache:
        return ()
    bases = {image_id for image_id in x.scope.visible_images() if x.scope.is_base(image_id)}
    return tuple(sorted(bases)) + tuple(x.scope.hold_reference(image_id) for image_id in x.scope.images_newest_first())


def build_network(x: Exchange, wanted: str = "default") -> str:
    """The network of RUN steps: one of the session's, or none where the policy allows no way out."""
    return x.scope.network("bridge" if wanted in ("none", "default") else wanted) if x.scope.policy.outside else "none"


def _left_out(names: tuple[str, ...]) -> bytes:
    """A line of output about what the build doesn't get."""
    words = ", ".join(name.encode("utf-8", "replace").decode() for name in names[:10])
    return json.dumps({"stream": f"slipway: left out of the context, for it is a fifo: {words}\n"}).encode() + b"\r\n"


async def prune_cache(x: Exchange) -> web.StreamResponse:
    """POST /build/prune: the classic builder's cache is the images themselves, so there is nothing else to remove."""
    return x.json({"CachesDeleted": None, "SpaceReclaimed": 0})


HANDLERS = {"image.build": build, "build.prune": prune_cache}
