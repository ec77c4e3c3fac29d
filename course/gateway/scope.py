"""A session's scope: what it owns, under the learner's names, and how much more it may have.

The data plane asks it for every name and id (`policy.names.Names`) and tells it of every object that the engine made
or removed. All of it is held in memory and written through to the ledger.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from course.gateway import build_records
from course.gateway.allowance import Reservation, near, over
from course.gateway.bases import Bases
from course.gateway.ledger import Ledger, SessionRow
from course.gateway.pause import Pause
from course.gateway.policy import reference
from course.gateway.policy.limits import POLICIES, Policy
from course.gateway.policy.names import OWNER_LABEL, SESSION_LABEL
from course.gateway.policy.refusal import Refusal, unknown

EXECS_KEPT = 4096
SHARED = "shared"  # in the ledger, of a pulled image: the engine had it before
TRANSFER = "transfer"  # in the ledger: a name on the engine that lasts as long as a push or a pull
BUILD = "build"  # in the ledger: when BuildKit built for the session
WORKSPACE = "workspace"  # in the ledger: the folder whose folders the session may mount
_HEX = re.compile(r"[0-9a-f]+")
_KINDS = (
    "container",
    "ports",
    "network",
    "volume",
    "anonymous",
    "exec",
    "image",
    "leftover",
    "tag",
    "digest",
    "pulled",
)


def owner(state: Path) -> str:
    """The owner that a gateway's objects carry: the user's id and a hash of its state folder."""
    return f"{os.getuid()}-{hashlib.sha256(os.fsencode(state.resolve())).hexdigest()[:12]}"


def new_sid() -> str:
    """A fresh session id: 12 hexadecimal digits, the first a letter, so that it is never taken for a number."""
    return secrets.choice("abcdef") + secrets.token_hex(6)[:11]


def canonical(ref: str) -> str:
    """The one spelling of an image reference that the ledger keeps; a digest wins over a tag, as in the engine.

    Raises:
        Refusal: 400 for what is no reference.
    """
    parsed = reference.parse(ref)
    return replace(parsed, tag="").familiar() if parsed.digest else parsed.familiar()


class Scope:
    """What one session owns. Implements `policy.names.Names`.

    `pause` is the time of checks, `hidden` the ids of what checks made, `unfinished` the execs whose end no check has
    seen, with their containers; `views` has the learner's view, without what is hidden. `starved` is whether the
    engine's disk was nearly full meanwhile, `was_beyond` whether this learner was beyond the share of it.

    Args:
        row: the session.
        ledger: where it is kept.
        bases: the base images of the engine.
        siblings: the live scopes by sid, this one included; `family` reads it.
        owned_by: the owner label's value.
        cgroup: the parent cgroup of all that runs in the session, "" for none.
    """

    def __init__(
        self,
        row: SessionRow,
        ledger: Ledger,
        bases: Bases,
        siblings: Mapping[str, Scope],
        owned_by: str,
        cgroup: str = "",
    ) -> None:
        self.row, self.sid, self.name = row, row.sid, row.name
        self.policy: Policy = POLICIES[row.policy]
        self._ledger, self._bases, self._siblings = ledger, bases, siblings
        self._owner, self._cgroup = owned_by, cgroup
        self._own: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
        self._pending: Counter[str] = Counter()
        self._measured = self._shared = self._files = 0
        self.starved = self.was_beyond = False
        self.pause = Pause()
        self.hidden: set[str] = set()
        self.unfinished: dict[str, str] = {}
        self.workspace = ""
        for entry in ledger.entries(row.sid):
            if entry.kind in self._own:  # leases are kept beside the objects
                self._own[entry.kind][entry.key] = entry.value
            elif entry.kind == WORKSPACE:
                self.workspace = entry.key

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(own)} {kind}" for kind, own in self._own.items() if own)
        return f"<Scope {self.sid} {self.name!r} ({self.policy.name}): {counts or 'empty'}>"

    # ---- what the session is

    def labels(self) -> dict[str, str]:
        """The ownership labels that everything of this session carries on the engine."""
        return {SESSION_LABEL: self.sid, OWNER_LABEL: self._owner}

    def cgroup_parent(self) -> str:
        """The parent cgroup for containers and builds, "" where the machine offers none."""
        return self._cgroup

    def family(self) -> tuple[Scope, ...]:
        """The open sessions of the same learner, this one included."""
        return tuple(scope for scope in self._siblings.values() if scope.row.family == self.row.family)

    def engine_name(self, name: str) -> str:
        """The engine's name for a container, network or volume that the learner calls `name`."""
        return f"sw-{self.sid}--{name}"

    def hold_reference(self, image_id: str) -> str:
        """The engine tag that keeps an own image alive while all of the learner's tags may go; never shown."""
        return reference.hold_tag(self.sid, image_id)

    # ---- Names: from the learner's words to the engine's

    def container(self, ref: str) -> str:
        """Full engine id for a learner's container name, id or unique id prefix."""
        return self._lookup("container", ref.removeprefix("/"), ref)

    def network(self, ref: str) -> str:
        """Full engine id for a network; "default" is the session's default network, "bridge"."""
        return self._lookup("network", "bridge" if ref == "default" else ref, ref)

    def volume(self, ref: str) -> str:
        """Engine name for a volume."""
        for key, name in self._seen("volume").items():
            if name == ref:
                return key
        if ref in self._seen("anonymous"):
            return ref
        raise unknown("volume", ref)

    def image(self, ref: str) -> str:
        """Full image id for an own or base image: reference, digest reference, id or unique id prefix."""
        name = ref
        with suppress(Refusal):  # a whole id is no reference
            name = canonical(ref)
            for known in (self._own["tag"], self._own["digest"], self._bases.tags):
                if found := known.get(name):
                    return found
        digits = ref.removeprefix("sha256:")
        by_id = _by_prefix(digits, {key.removeprefix("sha256:"): key for key in self.visible_images()})
        if by_id is None:
            raise unknown("image", name)
        return by_id

    def exec_instance(self, ref: str) -> str:
        """The exec id, if it is an own one; execs are known by their full id only."""
        if ref not in self._seen("exec"):
            raise unknown("exec instance", ref)
        return ref

    def image_reference(self, image_id: str) -> str:
        """The engine's reference of an own or base image, one that nobody in a session can write."""
        base = next((tag for tag, base_id in self._bases.tags.items() if base_id == image_id), "")
        return base or self.hold_reference(image_id)

    def is_base(self, image_id: str) -> bool:
        """Whether that image id is a base image."""
        return image_id in self._bases.ids

    # ---- Names: from the engine's words to the learner's

    def container_name(self, engine_id: str) -> str | None:
        """The learner's name (no slash) of an own container, None for a foreign one."""
        return self._seen("container").get(engine_id)

    def network_name(self, engine_id: str) -> str | None:
        """The learner's name of an own network, None for a foreign one."""
        return self._seen("network").get(engine_id)

    def volume_name(self, engine_name: str) -> str | None:
        """The learner's name of an own volume (an anonymous one is its own name), None for a foreign one."""
        return self._seen("volume").get(engine_name) or self._seen("anonymous").get(engine_name)

    def image_tags(self, image_id: str) -> tuple[str, ...]:
        """The learner's references of a visible image, sorted."""
        tags = {ref for ref, found in self._own["tag"].items() if found == image_id}
        return tuple(sorted(tags | {ref for ref, found in self._bases.tags.items() if found == image_id}))

    def image_digests(self, image_id: str) -> tuple[str, ...]:
        """The learner's digest references of a visible image, sorted."""
        return tuple(sorted(ref for ref, found in self._own["digest"].items() if found == image_id))

    def exec_container(self, exec_id: str) -> str | None:
        """The id of the container that an own exec runs in, None for a foreign exec."""
        return self._seen("exec").get(exec_id)

    # ---- what there is

    def containers(self) -> dict[str, str]:
        """The learner's name by engine id."""
        return dict(self._seen("container"))

    def networks(self) -> dict[str, str]:
        """The learner's name by engine id."""
        return dict(self._seen("network"))

    def volumes(self) -> dict[str, str]:
        """The learner's name by engine name, anonymous volumes included."""
        return {**self._seen("volume"), **self._seen("anonymous")}

    def images(self) -> frozenset[str]:
        """The ids of the session's own images (base images that it tagged are not own)."""
        return frozenset(self._own["image"])

    def images_newest_first(self) -> tuple[str, ...]:
        """The ids of the session's own images, the one that was noted last first."""
        return tuple(reversed(self._own["image"]))

    def visible_images(self) -> frozenset[str]:
        """The ids of own and base images, and of those that carry one of the session's tags."""
        return self.images() | self._bases.ids | frozenset(self._own["tag"].values())

    def image_share(self, image_id: str) -> int:
        """Bytes that an own image added to the session when it was made; 0 for another."""
        return int(self._own["image"].get(image_id, 0))

    def leftovers(self) -> frozenset[str]:
        """Ids of intermediate images that builds of this session left."""
        return frozenset(self._own["leftover"])

    def tags(self) -> dict[str, str]:
        """Image id by the learner's own references; those of the base images are not among them."""
        return dict(self._own["tag"])

    # ---- what changes

    def add_container(self, engine_id: str, name: str, ports: int = 0) -> None:
        """Record a container that the engine made, and how many ports it publishes."""
        with self._ledger.together():
            self._put("container", engine_id, name)
            if ports:
                self._put("ports", engine_id, str(ports))

    def rename_container(self, engine_id: str, name: str) -> None:
        """Record a container's new name."""
        self._put("container", engine_id, name)

    def remove_container(self, engine_id: str) -> None:
        """Forget a container and its execs."""
        with self._ledger.together():
            self._drop("container", engine_id)
            self._drop("ports", engine_id)
            for exec_id in [key for key, owner_id in self._own["exec"].items() if owner_id == engine_id]:
                self._drop("exec", exec_id)

    def add_network(self, engine_id: str, name: str) -> None:
        """Record a network that the engine made."""
        self._put("network", engine_id, name)

    def remove_network(self, engine_id: str) -> None:
        """Forget a network."""
        self._drop("network", engine_id)

    def add_volume(self, engine_name: str, name: str, *, anonymous: bool = False) -> None:
        """Record a volume; an anonymous one is made by the engine for a container and named by itself."""
        self._put("anonymous" if anonymous else "volume", engine_name, name)

    def remove_volume(self, engine_name: str) -> None:
        """Forget a volume, named or anonymous."""
        self._drop("volume", engine_name)
        self._drop("anonymous", engine_name)

    def add_exec(self, exec_id: str, container_id: str) -> None:
        """Record an exec; beyond 4096 the oldest known ones are forgotten (the engine forgets them too)."""
        self._put("exec", exec_id, container_id)
        while len(self._own["exec"]) > EXECS_KEPT:
            self._drop("exec", next(iter(self._own["exec"])))

    def add_image(self, image_id: str, *, size: int = 0) -> None:
        """Record an image that the session built, committed, loaded or pulled.

        Args:
            image_id: the engine's id ("sha256:…"); a base image is never recorded.
            size: bytes that it added beyond the image that it was made from.
        """
        if not self.is_base(image_id):
            self._put("image", image_id, str(size))

    def add_leftovers(self, image_ids: Iterable[str]) -> None:
        """Record intermediate images of a build; they are removed at the end, if nothing else needs them."""
        with self._ledger.together():
            for image_id in image_ids:
                if not self.is_base(image_id):
                    self._put("leftover", image_id, "")

    def remove_image(self, image_id: str) -> None:
        """Forget an own image with its tags and digests."""
        with self._ledger.together():
            self._drop("image", image_id)
            for kind in ("tag", "digest"):
                for ref in [ref for ref, found in self._own[kind].items() if found == image_id]:
                    self._drop(kind, ref)

    def add_tag(self, ref: str, image_id: str) -> None:
        """Record a reference of the learner; it moves when another image had it."""
        self._put("tag", canonical(ref), image_id)

    def remove_tag(self, ref: str) -> None:
        """Forget a reference of the learner; its image stays."""
        self._drop("tag", canonical(ref))

    def add_digest(self, ref: str, image_id: str) -> None:
        """Record a digest reference ("localhost:5000/shop@sha256:…") of an image that was pushed or pulled."""
        self._put("digest", canonical(ref), image_id)

    def remove_digest(self, ref: str) -> None:
        """Forget a digest reference."""
        self._drop("digest", canonical(ref))

    def add_pulled(self, image_id: str, *, shared: bool) -> None:
        """Note that an image came from a registry of the world: others may use it too, with containers of their own.

        Args:
            image_id: the engine's id.
            shared: whether the engine had it before: then it stays when the session ends.
        """
        if image_id not in self._own["pulled"]:
            self._put("pulled", image_id, SHARED if shared else "")

    def begin_transfer(self, engine_reference: str) -> None:
        """Note a name that an image has on the engine while it comes from a registry or goes to one."""
        self._ledger.put(self.sid, TRANSFER, engine_reference, "")

    def end_transfer(self, engine_reference: str) -> None:
        """Note that the name is gone, or is somebody else's too."""
        self._ledger.drop(self.sid, TRANSFER, engine_reference)

    def note_build(self, began: float, ended: float) -> None:
        """Record when BuildKit built for the session, by which its records are known."""
        self._ledger.put(self.sid, BUILD, build_records.window(began, ended), "")

    # ---- quotas

    def measured(self, size: int) -> None:
        """Set how many bytes the session's containers and volumes hold; the quota watcher does."""
        self._measured = size

    def share_is_used(self, size: int, files: int) -> None:
        """Set what all sessions of this learner hold of the engine's disk; `guard` does, where marks count."""
        self._shared, self._files = size, files
        self.was_beyond |= size > self.policy.limits.bytes_written or files > self.policy.limits.files_written

    def used(self, quota: str) -> int:
        """What counts towards a quota of `Limits` now; work under way included."""
        counts = {
            "containers": len(self._own["container"]),
            "images": len(self._own["image"]),
            "ports": sum(map(int, self._own["ports"].values())),
            "networks": sum(name != "bridge" for name in self._own["network"].values()),
            "volumes": len(self._own["volume"]) + len(self._own["anonymous"]),
            "bytes_written": max(self._measured + sum(map(int, self._own["image"].values())), self._shared),
            "files_written": self._files,
        }
        return counts.get(quota, 0) + self._pending[quota]

    def charge(self, quota: str, amount: int = 1) -> Reservation:
        """Check a quota, and in a `with` block hold the place until the block ends.

        Args:
            quota: a field of `Limits`: containers, ports, images, networks, volumes, bytes_written, builds, execs or
                connections.
            amount: how many, or how many bytes.

        Raises:
            Refusal: 403, naming the quota, what is used and what to do.
        """
        for one, more in ((quota, amount), *((("files_written", 1),) if quota == "bytes_written" else ())):
            limit, used = int(getattr(self.policy.limits, one)), self.used(one)
            if used + more > limit:
                raise over(one, limit, used, more)
        return Reservation(self._pending, quota, amount)

    def near_the_end(self, *quotas: str) -> list[str]:
        """Warnings for those quotas that are nearly used up, where the policy gives such warnings."""
        words = (
            near(one, int(getattr(self.policy.limits, one)), self.used(one), self.policy.warn_at) for one in quotas
        )
        return [one for one in words if one]

    # ---- while a check runs

    def exec_ended(self, exec_id: str) -> None:
        """A check has seen the end of an exec that it started."""
        self.unfinished.pop(exec_id, None)

    def shown_execs(self, exec_ids: Iterable[str]) -> list[str]:
        """Of the execs of a container those that this view shows."""
        return list(exec_ids)

    def hides(self, event: Mapping[str, Any]) -> bool:
        """Whether this view leaves an event of the engine out."""
        return False

    # ---- inside

    def _seen(self, kind: str) -> Mapping[str, str]:
        """What there is of a kind in this view."""
        return self._own[kind]

    def _lookup(self, kind: str, ref: str, asked: str) -> str:
        own = self._seen(kind)
        for key, name in own.items():
            if name == ref:
                return key
        found = _by_prefix(ref, {key: key for key in own})
        if found is None:
            raise unknown(kind, asked)
        return found

    def _put(self, kind: str, key: str, value: str) -> None:
        self._ledger.put(self.sid, kind, key, value)
        self._own[kind][key] = value

    def _drop(self, kind: str, key: str) -> None:
        self._ledger.drop(self.sid, kind, key)
        self._own[kind].pop(key, None)


def _by_prefix(ref: str, keys: Mapping[str, str]) -> str | None:
    """The one value whose hexadecimal key starts with `ref`, None for none or several."""
    if not _HEX.fullmatch(ref):
        return None
    found = [value for key, value in keys.items() if key.startswith(ref)]
    return found[0] if len(found) == 1 else None
