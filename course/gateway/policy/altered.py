"""What a session changed of what was asked, in words: the warnings of a create's and an update's answer.

docker-py's `create_container` hands them over, and the CLI prints them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.gateway.policy.container import ContainerSpec

_AMOUNTS = {
    "Memory": "memory (bytes)",
    "MemoryReservation": "memory reservation (bytes)",
    "NanoCpus": "processors (billionths)",
    "PidsLimit": "processes",
    "ShmSize": "/dev/shm (bytes)",
    "CpuShares": "CPU shares",
}
_EVERY_ADDRESS = ("", "127.0.0.1", "localhost")


def warnings(spec: ContainerSpec, body: Mapping[str, Any]) -> list[str]:
    """What is different in the body that the engine is given.

    Args:
        spec: the request.
        body: what was built from it.
    """
    answer = host(spec.host, body["HostConfig"])
    for port, bindings in spec.host.get("PortBindings", {}).items():
        for address in {one.get("HostIp", "") for one in bindings or ()} - {*_EVERY_ADDRESS}:
            answer.append(
                f"{port} is published on 127.0.0.1 and not on {address}: a session publishes on this machine only"
            )
    asked, given = spec.config.get("StopTimeout"), body.get("StopTimeout")
    if asked is not None and asked != given:
        answer.append(f"the stop timeout is {given} s and not {asked} s, which is the most in this session")
    health = spec.config.get("Healthcheck") or {}
    for key in ("Interval", "StartInterval"):
        if health.get(key) and health[key] != (body.get("Healthcheck") or {}).get(key):
            answer.append(f"the health check's {key} is 1 s, which is the least in this session")
    return answer


def host(asked: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """The same for the fields that an update has too."""
    answer = []
    for key, words in _AMOUNTS.items():
        if asked.get(key, 0) > 0 and key in given and asked[key] != given[key]:
            answer.append(f"{words}: {given[key]} and not {asked[key]}, which is the most in this session")
    policy, got = asked.get("RestartPolicy") or {}, given.get("RestartPolicy") or {}
    if policy.get("Name") and policy["Name"] != got.get("Name"):
        most = got.get("MaximumRetryCount", 0)
        answer.append(
            f"the restart policy is {got.get('Name')} with at most {most} attempts and not {policy['Name']}: "
            "in this session a container may not start again for ever"
        )
    elif policy.get("MaximumRetryCount", 0) > got.get("MaximumRetryCount", 0):
        answer.append(f"restarts: at most {got['MaximumRetryCount']} and not {policy['MaximumRetryCount']}")
    config = (asked.get("LogConfig") or {}).get("Config") or {}
    if config and config != (given.get("LogConfig") or {}).get("Config"):
        answer.append("the sizes of the log are those of the session, not max-size and max-file as asked")
    for one in asked.get("Ulimits") or ():
        hard = next((got["Hard"] for got in given.get("Ulimits") or () if got["Name"] == one.get("Name")), None)
        if hard is not None and hard != one.get("Hard"):
            answer.append(
                f"the ulimit {one['Name']} is {hard} and not {one.get('Hard')}, which is the most in this session"
            )
    return answer
