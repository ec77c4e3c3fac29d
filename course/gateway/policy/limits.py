"""The policies, as data: what a session may do, and how much of the machine it may use."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """What one session may use. Sizes are bytes, times seconds, CPU in billionths of a core.

    `memory`, `nano_cpus`, `shm`, `tmpfs`, `file_size` and `open_files` may be 0: then what was asked holds, or else the
    engine's default.
    """

    containers: int = 200  # one pass through the course leaves more than 42 with nothing removed
    images: int = 400
    networks: int = 8
    volumes: int = 20
    ports: int = 256  # published by all containers together; each is a docker-proxy outside the session's cgroup
    execs: int = 64  # running at once
    idle_connections: int = 48  # kept open for clients that may come back; past it the oldest is closed
    streams: int = 256  # followed at once: logs, events, attach, transfers
    builds: int = 2  # running at once
    bytes_written: int = 4 * GIB  # writable layers, volumes, images added, together
    files_written: int = 1_000_000  # files and folders in them, where marks count
    lifetime: float = math.inf  # also of a session that is held
    memory: int = 256 * MIB  # a container, or a RUN step
    nano_cpus: int = 1_000_000_000  # a container, or a RUN step
    pids: int = 128  # a container; all RUN steps of a session together
    shm: int = 64 * MIB
    tmpfs: int = 64 * MIB
    file_size: int = 1 * GIB  # ulimit fsize
    open_files: int = 1024  # ulimit nofile
    log_size: int = 128 * MIB  # one log file of a container, at most
    log_files: int = 2
    log_total: int = 3 * GIB  # the logs of all containers together; see container_limits.log
    log_spool: int = 256 * MIB  # log output of removed containers that clients have not read yet
    stop_timeout: int = 30
    restart_attempts: int = 3
    health_interval: float = 1.0  # the shortest that is allowed
    json_body: int = 256 * 1024
    archive: int = 256 * MIB  # one PUT archive
    build_context: int = 256 * MIB  # inflated
    image_tar: int = 3 * GIB  # one load, inflated
    tar_members: int = 20_000
    inflate_ratio: int = 200  # inflated bytes for each compressed byte, past the first 16 MiB


@dataclass(frozen=True)
class Policy:
    """What a session may do: one row of the table in README.md.

    Args:
        name: "own", "class", "grading" or "trusted".
        says: one line for people, told when a session opens.
        limits: the quotas; 0 is no limit of the session's.
        registries: hosts that the engine may pull from and push to, besides the registries that the learner runs
            ("docker.io" is Docker Hub); `ANY` for every host.
        fixed_ports: whether a container may ask for a port of the machine, which it gets on 127.0.0.1.
        binds: whether folders inside the workspace may be mounted, read-write.
        as_engine: whether restart policies, health checks, namespaced sysctls, addresses, links, capabilities and the
            like are the engine's own, as far as they stay inside the session.
        outside: whether containers and builds may reach anything outside the session's own networks.
        build_cache: whether a build may take layers that this same session made before (never another's).
        buildkit: whether builds go to the engine's BuildKit, which bounds neither memory nor processes of a RUN, and
            gives it the engine's own network or none: where a Dockerfile needs it, only where the gateway is asked to,
            or never.
        marks: whether marks depend on it: then it has a second door, for the checks.
        grace: seconds between the end of the last lease and the removal of what the session made, unless it is kept
            (`course.gateway.keeping`).
        warn_at: the share of a quota from which on an answer carries a warning; 1 for never.
    """

    name: str
    says: str
    limits: Limits = field(default_factory=Limits)
    registries: tuple[str, ...] = ()
    fixed_ports: bool = False
    binds: bool = False
    as_engine: bool = False
    outside: bool = True
    build_cache: bool = True
    buildkit: Literal["needed", "asked", "never"] = "asked"
    marks: bool = False
    grace: float = 300.0
    warn_at: float = 1.0

    def reaches(self, host: str) -> bool:
        """Whether the engine may talk to that registry for the session."""
        return ANY in self.registries or host in self.registries


ANY = "*"
OWN = Policy(
    "own",
    "a guard rail on your own machine: names stay apart, and what the session made is removed at its end",
    Limits(
        containers=200,
        images=1000,
        networks=100,
        volumes=200,
        ports=2048,
        execs=256,
        builds=4,
        bytes_written=64 * GIB,
        files_written=10_000_000,
        memory=0,
        nano_cpus=0,
        pids=4096,
        shm=0,
        tmpfs=0,
        file_size=0,
        open_files=0,
        log_total=8 * GIB,
        stop_timeout=3600,
        health_interval=0.001,
        json_body=MIB,
        archive=8 * GIB,
        build_context=8 * GIB,
        image_tar=32 * GIB,
        tar_members=1_000_000,
    ),
    registries=(ANY,),
    fixed_ports=True,
    binds=True,
    as_engine=True,
    buildkit="needed",
    warn_at=0.9,
)
CLASS = Policy("class", "a wall on a shared machine: what would reach outside the session is refused")
GRADING = Policy(
    "grading",
    "a wall without a way out, for marks",
    Limits(
        containers=40,
        images=80,
        ports=64,
        log_total=2 * GIB,
        lifetime=3600.0,
        bytes_written=768 * MIB,
        files_written=100_000,
        image_tar=512 * MIB,
    ),
    outside=False,
    build_cache=False,
    buildkit="never",
    marks=True,
    grace=0.0,
)
# `grading` without walls around the network, for where there is no firewall: an internal network would do as a wall,
# but publishes no port, and what serves one would lose its marks.
TRUSTED = replace(GRADING, name="trusted", says="grading without a firewall, on request", outside=True)
POLICIES = {policy.name: policy for policy in (OWN, CLASS, GRADING, TRUSTED)}
FORMER_NAMES = {"learner": "class"}  # in ledgers of earlier versions
