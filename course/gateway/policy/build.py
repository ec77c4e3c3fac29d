"""Build: the query of POST /build; the context is read by course.gateway.streams."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from course.gateway.policy import container_limits, container_network
from course.gateway.policy import reference as references
from course.gateway.policy.container import check_platform
from course.gateway.policy.names import Names
from course.gateway.policy.naming import check_labels
from course.gateway.policy.query import Query
from course.gateway.policy.reference import Reference
from course.gateway.policy.refusal import Refusal

CPU_PERIOD = 100_000  # microseconds; the kernel's default
MOST_TAGS = 16
HOSTNAME, CACHE_NAMESPACE = "BUILDKIT_SANDBOX_HOSTNAME", "BUILDKIT_CACHE_MOUNT_NS"
PROXIES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"})
NEVER_CACHED = "slipway.invalid/none:none"  # an image that never exists: no layer has it as its child


@dataclass(frozen=True)
class BuildSpec:
    """A parsed build. `dockerfile` is a clean relative path; `tags` are the learner's references."""

    tags: tuple[Reference, ...]
    dockerfile: str
    buildargs: Mapping[str, str | None]
    labels: Mapping[str, str]
    target: str
    quiet: bool
    nocache: bool
    network: str
    extra_hosts: tuple[str, ...] = ()

    def engine_query(self, names: Names, cache_from: tuple[str, ...], network: str) -> dict[str, str | tuple[str, ...]]:
        """The query for the engine: limits, cgroup, rm, forcerm and version forced.

        Args:
            names: the session.
            cache_from: engine references of own images: with a list the classic builder takes cached layers from the
                parents of these images only, never from another session's.
            network: "none" or the engine id of the session's default network, for RUN.
        """
        limits = names.policy.limits
        query: dict[str, str | tuple[str, ...]] = {
            "t": tuple(references.to_engine(names.sid, tag) for tag in self.tags),
            "dockerfile": self.dockerfile,
            "buildargs": json.dumps(dict(self.buildargs)),
            "labels": json.dumps(dict(self.labels)),
            "networkmode": "none" if self.network == "none" else network,
            "rm": "1",
            "forcerm": "1",  # a failed RUN leaves a container without any label otherwise
            "pull": "0",
            "version": "1",
            "memory": str(limits.memory),
            "memswap": str(limits.memory),
            "cpuperiod": str(CPU_PERIOD),
            "cpuquota": str(limits.nano_cpus * CPU_PERIOD // container_limits.SECOND),
            "shmsize": str(limits.shm) if limits.shm else "",
            "ulimits": json.dumps(container_limits.ulimits([], limits)),
            "cgroupparent": names.cgroup_parent(),
            "nocache": "1" if self.nocache or not names.policy.build_cache else "0",
            # an empty list would open the cache of everybody
            "cachefrom": json.dumps(list(cache_from) or [NEVER_CACHED]),
        }
        if self.quiet:
            query["q"] = "1"
        return self._with_target(query)

    def buildkit_query(self, names: Names) -> dict[str, str | tuple[str, ...]]:
        """The query for the engine's BuildKit, which takes no memory, cgroup or list of caches (moby, builder-next).

        Its cache is one for the whole engine. What a COPY gives follows from its inputs alone; what a RUN gives may
        depend on the network and the clock, so the host name that it sees is the session's own: it is part of the
        cache's key, and no other session finds the result. Cache mounts have a namespace in the same way. Proxies and
        added host names are not part of the key, so they change the host name; a build with a proxy isn't cached.
        """
        limits = names.policy.limits
        proxies = sorted((name, value) for name, value in self.buildargs.items() if _is_proxy(name) and value)
        salt = json.dumps([proxies, self.extra_hosts]) if proxies or self.extra_hosts else ""
        own = {HOSTNAME: namespace(f"{names.sid}{salt}"), CACHE_NAMESPACE: namespace(names.sid)}
        arguments = {**self.buildargs, **own}
        uncached = self.nocache or not names.policy.build_cache or bool(proxies)
        query: dict[str, str | tuple[str, ...]] = {
            "t": tuple(references.to_engine(names.sid, tag) for tag in self.tags),
            "dockerfile": self.dockerfile,
            "buildargs": json.dumps(arguments),
            "labels": json.dumps(dict(self.labels)),
            "networkmode": "default" if names.policy.outside and self.network != "none" else "none",
            "rm": "1",
            "forcerm": "1",
            "pull": "0",
            "version": "2",
            "shmsize": str(limits.shm) if limits.shm else "",
            "ulimits": json.dumps(container_limits.ulimits([], limits)),
            "nocache": "1" if uncached else "0",
        }
        return self._with_target(query)

    def _with_target(self, query: dict[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        if self.extra_hosts:
            query["extrahosts"] = self.extra_hosts
        return {**query, "target": self.target} if self.target else query


def namespace(sid: str) -> str:
    """The namespace of a session's cache mounts, which tells nobody whose it is."""
    return hashlib.blake2b(sid.encode(), digest_size=6).hexdigest()


def _is_proxy(name: str) -> bool:
    return name.upper() in PROXIES


def check_arguments(buildargs: Mapping[str, str | None]) -> None:
    """Refuse the build arguments that control BuildKit itself: a frontend, a host name, a cache.

    Raises:
        Refusal: 403.
    """
    for name in buildargs:
        if name.upper().startswith("BUILDKIT_"):
            raise Refusal(f"the build argument {name}", "it is one of BuildKit's own", "Leave it out.")


def parse(query: Query, *, any_network: bool = False) -> BuildSpec:
    """Read the query of a build; what the session's limits replace is ignored, what loosens is refused.

    Args:
        query: the query.
        any_network: whether a build may run on any network of the session, by name.

    Raises:
        Refusal: 400 or 403.
    """
    check_platform(query.text("platform"))
    network = query.text("networkmode") or "default"
    container_network.check_mode(network)
    if network not in ("default", "bridge", "none") and not any_network:
        raise Refusal(f"a build on the network {network}", "a build has the session's default network, or none")
    tags = query.texts("t")
    if len(tags) > MOST_TAGS:
        raise Refusal("the names of a build", f"more than {MOST_TAGS}", status=400)
    if not re.fullmatch("[A-Za-z0-9_.-]*", query.text("target")):
        raise Refusal(f"the target {query.text('target')!r}", "expected the name or number of a stage", status=400)
    return BuildSpec(
        tags=tuple(references.check_writable(references.parse(tag)) for tag in tags),
        dockerfile=_dockerfile(query.text("dockerfile")),
        buildargs=_buildargs(query.table("buildargs")),
        labels=check_labels(query.table("labels")),
        target=query.text("target"),
        quiet=query.flag("q"),
        nocache=query.flag("nocache"),
        network=network,
        extra_hosts=_extra_hosts(query.texts("extrahosts")),
    )


def _dockerfile(path: str) -> str:
    if not path:
        return "Dockerfile"
    clean = posixpath.normpath(path)
    if path.startswith("/") or "\\" in path or clean in (".", "..") or ".." in path.split("/"):
        raise Refusal(f"the Dockerfile {path!r}", "expected a path inside the build context", status=400)
    return clean


def _extra_hosts(rows: tuple[str, ...]) -> tuple[str, ...]:
    """Host names for RUN."""
    for row in rows:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,253}[:=][0-9A-Fa-f.:]{2,45}", row, re.ASCII):
            raise Refusal(f"the host {row[:100]!r}", "expected name:address, such as db:10.0.0.5", status=400)
    return rows


def _buildargs(arguments: Mapping[str, str | None]) -> dict[str, str | None]:
    for name in arguments:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
            raise Refusal(f"the build argument {name!r}", "expected a plain name", status=400)
    return dict(arguments)
