"""The names of one session in memory, for tests of the policy: what it has is what the test says."""

from __future__ import annotations

from dataclasses import dataclass, field

from course.gateway.policy import reference
from course.gateway.policy.limits import CLASS, Policy
from course.gateway.policy.names import OWNER_LABEL, SESSION_LABEL
from course.gateway.policy.refusal import Refusal, unknown

SID = "a0b1c2d3e4f5"
WEB, DB = "c" * 64, "d" * 64
DEFAULT_NET, SHOP_NET = "b" * 64, "e" * 64
BASE = "sha256:" + "5" * 64
OWN = "sha256:" + "6" * 64
ANONYMOUS = "9" * 64


@dataclass
class OwnNames:
    """Implements `course.gateway.policy.names.Names`: containers web and db, networks bridge and net1, a volume data
    and an anonymous one, the base image course/busybox and an own image shop:1."""

    sid: str = SID
    policy: Policy = CLASS
    containers: dict[str, str] = field(default_factory=lambda: {WEB: "web", DB: "db"})
    networks: dict[str, str] = field(default_factory=lambda: {DEFAULT_NET: "bridge", SHOP_NET: "net1"})
    volumes: dict[str, str] = field(default_factory=lambda: {f"sw-{SID}--data": "data", ANONYMOUS: ANONYMOUS})
    tags: dict[str, str] = field(default_factory=lambda: {"course/busybox:latest": BASE, "shop:1": OWN})
    digests: dict[str, str] = field(default_factory=dict)
    cgroup: str = "/slipway/a0b1c2d3e4f5"

    def labels(self) -> dict[str, str]:
        return {SESSION_LABEL: self.sid, OWNER_LABEL: "0-abc"}

    def cgroup_parent(self) -> str:
        return self.cgroup

    def container(self, ref: str) -> str:
        return self._find("container", ref.removeprefix("/"), self.containers)

    def network(self, ref: str) -> str:
        return self._find("network", "bridge" if ref == "default" else ref, self.networks)

    def volume(self, ref: str) -> str:
        return self._find("volume", ref, self.volumes)

    def image(self, ref: str) -> str:
        known = {**self.tags, **self.digests}
        try:
            name = reference.parse(ref).familiar()
        except Refusal:
            name = ""
        if name in known:
            return known[name]
        found = {key for key in known.values() if key.removeprefix("sha256:").startswith(ref.removeprefix("sha256:"))}
        if len(found) != 1:
            raise unknown("image", ref)
        return found.pop()

    def image_reference(self, image_id: str) -> str:
        base = next((tag for tag in self.image_tags(image_id) if tag.startswith("course/")), "")
        return base or f"slipway.invalid/{self.sid}/hold:{image_id.removeprefix('sha256:')}"

    def is_base(self, image_id: str) -> bool:
        return image_id == BASE

    def container_name(self, engine_id: str) -> str | None:
        return self.containers.get(engine_id)

    def network_name(self, engine_id: str) -> str | None:
        return self.networks.get(engine_id)

    def volume_name(self, engine_name: str) -> str | None:
        return self.volumes.get(engine_name)

    def image_tags(self, image_id: str) -> tuple[str, ...]:
        return tuple(sorted(tag for tag, found in self.tags.items() if found == image_id))

    def image_digests(self, image_id: str) -> tuple[str, ...]:
        return tuple(sorted(tag for tag, found in self.digests.items() if found == image_id))

    def _find(self, kind: str, ref: str, own: dict[str, str]) -> str:
        by_name = [key for key, name in own.items() if name == ref]
        by_id = [key for key in own if ref and key.startswith(ref)]
        found = by_name or by_id
        if len(found) != 1:
            raise unknown(kind, ref)
        return found[0]
