"""The three policies, as data: what a session may use, and how much of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """What one session may use. Sizes are bytes, times seconds, CPU in billionths of a core."""

    containers: int = 40
    images: int = 80
    networks: int = 8
    volumes: int = 20
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
    log_total: int = 2 * GIB  # the logs of all containers together; see container_limits.log
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
    """One named set of rules. `grading` is `learner` made stricter; nothing else differs.

    `trusted` is `grading` without walls around the network, for where there is no firewall: an internal network would
    do as a wall, but publishes no port, and what serves one would lose its marks.

    Args:
        name: "learner", "grading" or "trusted".
        limits: the quotas.
        outside: whether containers and builds may reach anything outside the session's own networks.
        build_cache: whether a build may take layers that this same session made before (never another's).
        buildkit: whether a build may go to BuildKit, which bounds neither memory nor processes of a RUN, and gives it
            the engine's own network or none.
        marks: whether marks depend on it: then it has a second door, for the checks.
        grace: seconds between the end of the last lease and the removal of what the session made, unless it is kept
            (`course.gateway.keeping`).
    """

    name: str
    limits: Limits = field(default_factory=Limits)
    outside: bool = True
    build_cache: bool = True
    buildkit: bool = True
    marks: bool = False
    grace: float = 300.0


LEARNER = Policy("learner")
GRADING = Policy(
    "grading",
    Limits(lifetime=3600.0, bytes_written=768 * MIB, files_written=100_000, image_tar=512 * MIB),
    outside=False,
    build_cache=False,
    buildkit=False,
    marks=True,
    grace=0.0,
)
TRUSTED = replace(GRADING, name="trusted", outside=True)
POLICIES = {policy.name: policy for policy in (LEARNER, GRADING, TRUSTED)}
