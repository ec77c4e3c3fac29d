"""What one container may use: lower limits of the learner are kept, everything else is the session's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course.gateway.policy.limits import MIB, Limits
from course.gateway.policy.refusal import Refusal

SECOND = 1_000_000_000  # nanoseconds
SECURITY = ("no-new-privileges:true",)
ALWAYS_DROPPED = ("MKNOD", "NET_RAW")
_LOG_SHARE = 8
DEFAULT_SHARES = 1024
_RESTART = ("", "no", "always", "unless-stopped", "on-failure")


def at_most(asked: int | None, limit: int) -> int:
    """The value asked for; the limit where none (null, 0 or -1) or more was asked for. A limit of 0 is none."""
    given = asked if asked is not None and asked > 0 else 0
    return min(given, limit) if given and limit else given or limit


def resources(host: Mapping[str, Any], limits: Limits, *, as_asked: bool = False) -> dict[str, Any]:
    """Memory, processor, processes, shared memory, ulimits and log of a container."""
    memory = at_most(host.get("Memory"), limits.memory)
    answer: dict[str, Any] = {
        "Memory": memory,
        "NanoCpus": at_most(host.get("NanoCpus"), limits.nano_cpus),
        "PidsLimit": at_most(host.get("PidsLimit"), limits.pids),  # 0, -1 and null are "unlimited" for the engine
        "ShmSize": at_most(host.get("ShmSize"), limits.shm),
        "Ulimits": ulimits(host.get("Ulimits", []), limits),
        "LogConfig": log(host.get("LogConfig", {}), limits, as_asked=as_asked),
    }
    # the same as the memory where that has a limit: no swap. Unset would be twice the memory, -1 no limit at all
    if swap := memory if limits.memory else host.get("MemorySwap"):
        answer["MemorySwap"] = swap
    if host.get("MemoryReservation"):
        answer["MemoryReservation"] = at_most(host["MemoryReservation"], memory)
    if host.get("CpuShares"):
        answer["CpuShares"] = cpu_shares(host["CpuShares"], limits)
    if host.get("CpusetCpus"):
        answer["CpusetCpus"] = host["CpusetCpus"]
    return answer


def cpu_shares(asked: int, limits: Limits) -> int:
    """The weight asked for, at most the default one where processors have a limit."""
    return at_most(asked, DEFAULT_SHARES if limits.nano_cpus else 0)


def ulimits(asked: list[dict[str, Any]], limits: Limits) -> list[dict[str, Any]]:
    """The three ulimits of a session, lowered to what was asked; no core files."""
    if not limits.open_files:
        return [{"Name": one.get("Name", ""), "Soft": one.get("Soft", 0), "Hard": one.get("Hard", 0)} for one in asked]
    answer = {"nofile": limits.open_files, "fsize": limits.file_size, "core": 0}
    soft = dict(answer)
    for entry in asked:
        name = entry.get("Name", "")
        if name not in answer:
            raise Refusal(f"the ulimit {name}", f"a session knows {', '.join(sorted(answer))}")
        hard = _rlimit(entry.get("Hard", 0), answer[name])
        answer[name], soft[name] = hard, min(_rlimit(entry.get("Soft", 0), hard), hard)
    return [{"Name": name, "Soft": min(soft[name], hard), "Hard": hard} for name, hard in answer.items()]


def _rlimit(asked: int, limit: int) -> int:
    return limit if asked < 0 else min(asked, limit)  # -1 is "unlimited"


def log(asked: Mapping[str, Any], limits: Limits, others: int = 0, *, as_asked: bool = False) -> dict[str, Any]:
    """The json-file log, bounded: other drivers write elsewhere, or the log could not be read back.

    A user's gateway can't see how large a log file is, so the session's quota is handed out in advance: each container
    may fill 1 MiB, and an eighth of what the containers before it left of the rest. That stays below `log_total` in
    whatever order containers are created and removed, and the first ones get `log_size`.

    Args:
        asked: the LogConfig of the request; its sizes are not used.
        limits: the session's.
        others: how many containers the session has already.
        as_asked: whether another driver, or sizes, are given where they are asked for.
    """
    if as_asked and (asked.get("Type") or asked.get("Config")):
        return {"Type": asked.get("Type", ""), "Config": dict(asked.get("Config") or {})}
    if asked.get("Type", "") not in ("", "json-file"):
        raise Refusal(f"the log driver {asked['Type']}", "a session logs to json-file", "Read the log with logs().")
    unknown = sorted(set(asked.get("Config", {})) - {"max-size", "max-file"})
    if unknown:
        raise Refusal(f"the log option {unknown[0]}", "a session knows max-size and max-file, and sets both")
    rest = limits.log_total / limits.log_files - limits.containers * MIB
    size = min(limits.log_size, MIB + int(rest / _LOG_SHARE * (1 - 1 / _LOG_SHARE) ** others))
    return {
        "Type": "json-file",
        "Config": {"max-size": f"{size // 1024}k", "max-file": str(limits.log_files)},
    }


def restart(asked: Mapping[str, Any], limits: Limits, *, as_asked: bool = False) -> dict[str, Any]:
    """A restart policy that ends by itself: `always` and `unless-stopped` would outlive the session and a reboot.

    Args:
        asked: the RestartPolicy of the request.
        limits: the session's.
        as_asked: whether one that doesn't end is given too, where the session is its user's own.
    """
    name = asked.get("Name", "")
    if name not in _RESTART:
        raise Refusal(f"the restart policy {name!r}", f"expected one of {', '.join(_RESTART[1:])}", status=400)
    if name in ("", "no"):
        return {"Name": name, "MaximumRetryCount": 0}
    if as_asked:
        return {"Name": name, "MaximumRetryCount": asked.get("MaximumRetryCount", 0)}
    attempts = at_most(asked.get("MaximumRetryCount"), limits.restart_attempts)
    return {"Name": "on-failure", "MaximumRetryCount": attempts}


def security(asked: list[str], *, as_asked: bool = False) -> list[str]:
    """Exactly the session's one option. The engine takes the last of several, so the list is replaced, not extended.

    Args:
        asked: the SecurityOpt of the request.
        as_asked: whether labels (SELinux) and the absence of `no-new-privileges` are left to the learner.
    """
    known = ("no-new-privileges", "label") if as_asked else ("no-new-privileges",)
    for option in asked:
        word = option.partition("=")[0].partition(":")[0].strip()
        if word not in known:
            raise Refusal(f"the security option {option}", "it would loosen what keeps a container apart", "Drop it.")
    return asked if as_asked else list(SECURITY)


def dropped_capabilities(asked: list[str], *, as_asked: bool = False) -> list[str]:
    """The learner's, and those that every session drops (`as_asked`: none, as on the engine)."""
    if as_asked:
        return asked
    plain = {name.upper().removeprefix("CAP_") for name in asked}
    return sorted(plain | set(ALWAYS_DROPPED))


def stop_timeout(asked: int | None, limits: Limits) -> int | None:
    """Seconds that a stop waits before it kills; -1 (for ever) and more than the limit become the limit."""
    if asked is None:
        return None
    return limits.stop_timeout if asked < 0 else min(asked, limits.stop_timeout)


def healthcheck(
    own: Mapping[str, Any] | None, image: Mapping[str, Any] | None, limits: Limits
) -> dict[str, Any] | None:
    """The effective health check, merged as the engine does, probing not more often than the session allows.

    Every probe costs the engine itself processor time, outside the container's limits; the engine's minimum is 1 ms.
    """
    if not own and not image:
        return None
    merged = {key: value for key, value in (image or {}).items() if value}
    merged |= {key: value for key, value in (own or {}).items() if value}
    if not merged.get("Test"):
        return None  # without a test nothing is probed
    shortest = int(limits.health_interval * SECOND)
    for key in ("Interval", "StartInterval"):
        if merged.get(key):
            merged[key] = max(int(merged[key]), shortest)
    known = ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
    return {key: merged[key] for key in known if key in merged}
