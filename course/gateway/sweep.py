"""Removing all that a session made, and finding what sessions left that nobody remembers.

Order (GATEWAY.md, 2.3): containers, with what builds left running; volumes; networks; images, the tags that hold them
last; the cgroup. Each step looks at the engine, removes what it finds and looks again, so a sweep may be repeated,
and a sweep that was killed is taken up by the next. Nothing is pruned, and no image is forced away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course.gateway import build_records
from course.gateway.adopt import label_filter, listing
from course.gateway.cgroups import Cgroups
from course.gateway.ledger import Entry
from course.gateway.policy.build import namespace
from course.gateway.policy.names import OWNER_LABEL, SESSION_LABEL, EngineRequest
from course.gateway.policy.reference import ENGINE_HOST
from course.gateway.registry_door import address
from course.gateway.scope import BUILD, SHARED, TRANSFER
from course.gateway.upstream import Upstream

log = logging.getLogger("course.gateway")
PATIENCE = 30.0  # seconds for one kind; the engine needs up to 3 s to drop the container of a cancelled build
RECORD_ROUNDS = 10
AT_ONCE = 4  # on two cores the engine's throughput stops growing there


@dataclass(frozen=True)
class Leftover:
    """Something of a session on the engine.

    Args:
        kind: "container", "volume", "network", "tag", "pulled" (a tag of an image that was pulled), "digest",
            "image" or "cgroup".
        key: what the engine removes it by.
        name: what a person calls it.
    """

    kind: str
    key: str
    name: str = ""

    def request(self) -> EngineRequest:
        """The engine's call that removes it."""
        match self.kind:
            case "container":
                return EngineRequest("DELETE", ("containers", self.key), {"force": "1", "v": "1"})
            case "volume":
                return EngineRequest("DELETE", ("volumes", self.key))
            case "network":
                return EngineRequest("DELETE", ("networks", self.key))
        if self.kind == "pulled":  # a container of the user's may use it by now, and keeps the layers that it needs
            return EngineRequest("DELETE", ("images", self.key), {"noprune": "1", "force": "1"})
        return EngineRequest("DELETE", ("images", self.key), {"noprune": "1"})


@dataclass(frozen=True)
class Belongings:
    """What is known of a session whose objects are to be removed.

    Args:
        sid: the session.
        owner: the owner label's value; only objects that carry it are looked at.
        known: engine keys by kind, from the ledger; empty when the ledger was lost.
        others: ids of images that other sessions have; they stay.
    """

    sid: str
    owner: str
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, sid: str, owner: str, entries: Iterable[Entry], others: frozenset[str]) -> Belongings:
        """From the ledger's entries."""
        known: dict[str, set[str]] = {}
        for entry in entries:
            known.setdefault(entry.kind, set()).add(entry.key)
            if (entry.kind, entry.value) == ("pulled", SHARED):
                known.setdefault(SHARED, set()).add(entry.key)
        return cls(sid, owner, {kind: frozenset(keys) for kind, keys in known.items()}, others)

    def keys(self, *kinds: str) -> frozenset[str]:
        """The recorded keys of some kinds."""
        return frozenset().union(*(self.known.get(kind, frozenset()) for kind in kinds))

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its objects."""
        return {SESSION_LABEL: self.sid, OWNER_LABEL: self.owner}


class Sweeper:
    """Finds and removes what sessions made on one engine.

    Args:
        engine: where.
        cgroups: where sessions' processes are bounded.
    """

    def __init__(self, engine: Upstream, cgroups: Cgroups) -> None:
        self._engine, self._cgroups = engine, cgroups
        self._parents: dict[str, str] = {}  # CgroupParent by container id, which never changes

    async def find(self, of: Belongings) -> list[Leftover]:
        """What is there now, in the order of removal; `sweep --dry-run` shows it."""
        found = await self._containers(of) + await self._volumes(of) + await self._networks(of)
        found += await self._tags(of) + await self._images(of)
        return found + ([Leftover("cgroup", of.sid)] if of.sid in await asyncio.to_thread(self._cgroups.sids) else [])

    async def remove(self, of: Belongings) -> tuple[list[Leftover], list[str]]:
        """Remove all of it.

        Returns:
            What was removed, and the engine's words for what could not be.

        Raises:
            EngineUnavailable: the engine is away; repeat later.
        """
        of = await self._with_lineage(of)
        removed: dict[Leftover, None] = {}
        failures: list[str] = []
        for step in (self._containers, self._volumes, self._networks, self._tags, self._images):
            deadline = asyncio.get_running_loop().time() + PATIENCE
            while found := await step(of):
                words = await self._delete(found)
                removed.update(dict.fromkeys(found))
                if words and asyncio.get_running_loop().time() > deadline:
                    failures += words
                    break
                if words:
                    await asyncio.sleep(0.1)
        await self._build_records(of)
        if not failures and await asyncio.to_thread(self._cgroups.remove, of.sid):
            removed[Leftover("cgroup", of.sid)] = None
        return list(removed), failures

    async def _build_records(self, of: Belongings) -> None:
        """Remove what BuildKit keeps of the session's builds, but for what something still needs."""
        if not (builds := of.keys(BUILD)):
            return
        for _ in range(RECORD_ROUNDS):
            told = await self._engine.ask(build_records.LISTING)
            rows = (told.value or {}).get("BuildCache") or () if told.ok else ()
            found = build_records.left(rows, builds, namespace(of.sid))
            for record in found:
                await self._engine.ask(build_records.removal(record))
            if not found:
                break
            await asyncio.sleep(0.2)  # BuildKit lets go of a build's records some time after its end

    async def orphans(self, owner: str, known: frozenset[str]) -> frozenset[str]:
        """Sessions of this owner that the ledger does not know, by labels, owner tags and cgroups."""
        labelled = label_filter({OWNER_LABEL: owner})
        objects = await listing(self._engine, ("containers", "json"), {"all": "1", "filters": labelled})
        objects += await listing(self._engine, ("networks",), {"filters": labelled})
        objects += await listing(self._engine, ("volumes",), {"filters": labelled})
        sids = {str((thing.get("Labels") or {}).get(SESSION_LABEL, "")) for thing in objects}
        for image in await listing(self._engine, ("images", "json"), {}):
            for tag in image.get("RepoTags") or ():
                host, _, rest = tag.partition("/")
                sid, _, last = rest.partition("/")
                if host == ENGINE_HOST and last == f"owner:{owner}":
                    sids.add(sid)
        return frozenset(sids | await asyncio.to_thread(self._cgroups.sids)) - known - {""}

    async def _delete(self, found: list[Leftover]) -> list[str]:
        """Ask the engine to remove each; the words of those that it did not (an unknown one is gone already)."""
        gate = asyncio.Semaphore(1 if found[0].kind in ("tag", "pulled", "digest", "image") else AT_ONCE)

        async def one(thing: Leftover) -> str:
            async with gate:
                answer = await self._engine.ask(thing.request())
            return (
                "" if answer.ok or answer.status == 404 else f"{thing.kind} {thing.name or thing.key}: {answer.message}"
            )

        return [words for words in await asyncio.gather(*(one(thing) for thing in found)) if words]

    async def _with_lineage(self, of: Belongings) -> Belongings:
        """Count the images below the session's own as its leftovers too, unless another session or the user has them.

        A session that built them and ends first, or at the same time, cannot remove them while this one has the image.
        """
        images = {str(i["Id"]): i for i in await listing(self._engine, ("images", "json"), {"all": "1"})}
        below: set[str] = set()
        for own in (of.keys("image") - of.keys("pulled")) & images.keys():
            parent = str(images[own].get("ParentId") or "")
            while parent in images and not _named_by_user(images[parent]) and parent not in below | of.others:
                below.add(parent)
                parent = str(images[parent].get("ParentId") or "")
        return replace(of, known={**of.known, "leftover": of.keys("leftover") | below})

    async def _containers(self, of: Belongings) -> list[Leftover]:
        found = []
        for container in await listing(self._engine, ("containers", "json"), {"all": "1"}):
            engine_id, labels = str(container["Id"]), container.get("Labels") or {}
            if OWNER_LABEL in labels:
                own = of.labels.items() <= labels.items()
            else:  # the container of a RUN step: the engine gives it no labels of ours
                # what was pulled may be the user's too, whose containers have no label either
                ours = container.get("ImageID") in of.keys("image", "leftover") - of.keys("pulled")
                own = ours or await self._parent(engine_id) == (self._cgroups.parent(of.sid) or None)
            if own or engine_id in of.keys("container"):
                found.append(Leftover("container", engine_id, (container.get("Names") or [engine_id[:12]])[0]))
        return found

    async def _parent(self, engine_id: str) -> str | None:
        if engine_id not in self._parents:
            answer = await self._engine.ask(EngineRequest("GET", ("containers", engine_id, "json")))
            if not answer.ok:
                return None
            if len(self._parents) > 10_000:
                self._parents.clear()
            self._parents[engine_id] = str((answer.value.get("HostConfig") or {}).get("CgroupParent") or "")
        return self._parents[engine_id]

    async def _volumes(self, of: Belongings) -> list[Leftover]:
        recorded = of.keys("volume", "anonymous")
        everything = await listing(self._engine, ("volumes",), {})
        return [
            Leftover("volume", str(volume["Name"]))
            for volume in everything
            if volume["Name"] in recorded or of.labels.items() <= (volume.get("Labels") or {}).items()
        ]

    async def _networks(self, of: Belongings) -> list[Leftover]:
        everything = await listing(self._engine, ("networks",), {})
        return [
            Leftover("network", str(network["Id"]), str(network["Name"]))
            for network in everything
            if network["Id"] in of.keys("network") or of.labels.items() <= (network.get("Labels") or {}).items()
        ]

    async def _tags(self, of: Belongings) -> list[Leftover]:
        """The session's engine tags; the tag that says whose session it was comes last, then its digests."""
        tags, digests, ids = [], [], dict[str, str]()
        for image in await listing(self._engine, ("images", "json"), {"all": "1"}):
            # the second is the name of an image on its way to or from a registry
            marks = (f"{ENGINE_HOST}/{of.sid}/", f"{address(of.sid)}:")
            own = [tag for tag in image.get("RepoTags") or () if tag.startswith(marks) or _familiar(of, tag)]
            digests += [ref for ref in image.get("RepoDigests") or () if _familiar(of, ref)]
            tags += own
            ids |= dict.fromkeys(own, str(image["Id"]))
            named = [tag for tag in image.get("RepoTags") or () if tag != "<none>:<none>"]
            if not named and _is_own(of, image):
                digests += [ref for ref in image.get("RepoDigests") or () if ref != "<none>@<none>"]
        ranks = {"d": 0, "h": 0, "hold": 1, "owner": 2}
        tags.sort(key=lambda tag: ranks.get(tag.split("/", 2)[-1].partition(":")[0].partition("/")[0], 0))
        pulled = {tag for tag in tags if ids[tag] in of.keys("pulled")}
        found = [Leftover("pulled" if tag in pulled else "tag", tag) for tag in tags]
        return found + [Leftover("digest", ref) for ref in digests]

    async def _images(self, of: Belongings) -> list[Leftover]:
        """Untagged, childless images that the session's builds made; removing them may lay bare their parents."""
        images = {str(i["Id"]): i for i in await listing(self._engine, ("images", "json"), {"all": "1"})}
        parents = {str(image.get("ParentId") or "") for image in images.values()}
        return [
            Leftover("image", image_id)
            for image_id, image in images.items()
            if image_id not in parents and not _referenced(image) and _descends(of, image_id, images)
        ]


def _familiar(of: Belongings, name: str) -> bool:
    """Whether a name is that of a transfer which was broken off; the engine lists it without "docker.io/library/"."""
    return any(
        name in (key, key.removeprefix("docker.io/"), key.removeprefix("docker.io/library/"))
        for key in of.keys(TRANSFER)
    )


def _is_own(of: Belongings, image: Mapping[str, Any]) -> bool:
    return image["Id"] in of.keys("image", "leftover") - of.keys(SHARED) and image["Id"] not in of.others


def _referenced(image: Mapping[str, Any]) -> bool:
    refs = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return any(not ref.startswith("<none>") for ref in refs)


def _named_by_user(image: Mapping[str, Any]) -> bool:
    """Whether it has a tag that no session gave, as a base image has."""
    return any(not tag.startswith((f"{ENGINE_HOST}/", "<none>")) for tag in image.get("RepoTags") or ())


def _descends(of: Belongings, image_id: str, images: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether it is an image of the session, or was built upon one; nobody else can build upon those."""
    labels = images[image_id].get("Labels") or {}
    if image_id in of.others | of.keys(SHARED):
        return False
    if of.labels.items() <= labels.items():
        return True
    seen = image_id
    while seen in images:
        if seen in of.others | of.keys(SHARED):
            return False
        if seen in of.keys("image", "leftover"):
            return True
        seen = str(images[seen].get("ParentId") or "")
    return False
