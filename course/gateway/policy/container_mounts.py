"""Volumes and memory file systems of a container, and folders of the workspace where the policy lets them in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from course.gateway.policy.container_limits import at_most
from course.gateway.policy.limits import GIB, MIB, Limits
from course.gateway.policy.names import Names
from course.gateway.policy.naming import check_name
from course.gateway.policy.refusal import Refusal

_INSTEAD = "Use a named volume, put_archive (docker cp), or COPY in a Dockerfile."
_BIND_MODES = frozenset(("", "ro", "rw", "nocopy", "z", "Z"))  # z and Z relabel a volume on SELinux machines
_FOLDER_MODES = frozenset(("", "ro", "rw", "z", "Z", "private", "rprivate", "consistent", "cached", "delegated"))
_SIZE = re.compile(r"([0-9]{1,18})([kmg]?)b?", re.IGNORECASE)
_UNIT = {"": 1, "k": 1024, "m": MIB, "g": GIB}
_TMPFS_WORDS = frozenset(("ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev"))


def clean_path(path: str) -> str:
    """A path inside a container: absolute, without dot segments, not the root.

    Raises:
        Refusal: 400.
    """
    if not path.startswith("/") or ":" in path:
        raise Refusal(f"the path {path!r}", "expected an absolute path inside the container", status=400)
    clean = "/" + posixpath.normpath(path).lstrip("/")
    if clean == "/" or ".." in path.split("/"):
        raise Refusal(f"the path {path!r}", "it cannot be a mount point", status=400)
    return clean


def split_bind(bind: str, *, folders: bool = False) -> tuple[str, str, str]:
    """(volume, path, mode) of "data:/var/lib/data:ro"; no volume for "/path" alone (docker-py volumes=["/path"]).

    Args:
        bind: an entry of Binds.
        folders: whether a folder may stand in the place of the volume; it begins with a slash.

    Raises:
        Refusal: 403 for a folder of the machine, 400 for what is no bind.
    """
    parts = bind.split(":")
    source = parts[0]
    if len(parts) == 1 and source.startswith("/"):
        return "", clean_path(source), ""
    if folders and source.startswith("/") and len(parts) in (2, 3):
        mode = parts[2] if len(parts) == 3 else ""
        if not set(mode.split(",")) <= _FOLDER_MODES:
            raise Refusal(f"the bind {bind!r}", "the mode is ro or rw", status=400)
        return source, clean_path(parts[1]), mode
    if source.startswith(("/", ".", "~")) or "\\" in source:
        raise Refusal(f"the bind mount {bind}", "it would reach into the machine of the engine", _INSTEAD)
    if len(parts) not in (2, 3):
        raise Refusal(f"the bind {bind!r}", "expected volume:/path or volume:/path:ro", status=400)
    mode = parts[2] if len(parts) == 3 else ""
    if not set(mode.split(",")) <= _BIND_MODES:
        raise Refusal(f"the bind {bind!r}", "the mode is ro or rw", status=400)
    return check_volume(source), clean_path(parts[1]), mode


def check_volume(name: str) -> str:
    """A volume's name; one that the gateway invented (64 hexadecimal digits) is found, not made."""
    return name if re.fullmatch("[0-9a-f]{64}", name) else check_name("volume", name)


def check_mount(mount: Mapping[str, Any], *, folders: bool = False) -> Mapping[str, Any]:
    """One entry of Mounts, of type volume or tmpfs, or a folder of the workspace where the policy lets it be mounted.

    Raises:
        Refusal: 403 for another type, 400 for what does not fit together.
    """
    kind = mount.get("Type", "")
    if kind == "bind" and folders:
        if not mount.get("Source", "").startswith("/") or mount.get("VolumeOptions") or mount.get("TmpfsOptions"):
            raise Refusal(
                "a mount of type bind", "expected a Source that is an absolute path, and BindOptions", status=400
            )
        return {**mount, "Target": clean_path(mount.get("Target", ""))}
    if kind not in ("volume", "tmpfs"):
        raise Refusal(f"a mount of type {kind!r}", "it would reach outside the session", _INSTEAD)
    if kind == "volume" and mount.get("Source"):
        check_volume(mount["Source"])
    if (kind == "tmpfs" and (mount.get("Source") or mount.get("VolumeOptions"))) or (
        kind == "volume" and mount.get("TmpfsOptions")
    ):
        raise Refusal(f"a mount of type {kind}", "it has options of another type", status=400)
    return {**mount, "Target": clean_path(mount.get("Target", ""))}


def folders_needed(host: Mapping[str, Any]) -> dict[str, bool]:
    """The folders that a create mounts, as the learner wrote them, and whether one that is absent is made."""
    binds = (split_bind(bind, folders=True)[0] for bind in host.get("Binds", []))
    answer = {source: True for source in binds if source.startswith("/")}
    for mount in host.get("Mounts", []):
        if mount.get("Type") == "bind":
            answer.setdefault(mount.get("Source", ""), bool(mount.get("BindOptions", {}).get("CreateMountpoint")))
    return answer


def volumes_needed(host: Mapping[str, Any], *, folders: bool = False) -> tuple[str, ...]:
    """The learner's names of all volumes that a create mentions, each once."""
    sources = (split_bind(bind, folders=folders)[0] for bind in host.get("Binds", []))
    named = [source for source in sources if source and not source.startswith("/")]
    named += [m["Source"] for m in host.get("Mounts", []) if m.get("Type") == "volume" and m.get("Source")]
    return tuple(dict.fromkeys(named))


def engine_mounts(host: Mapping[str, Any], names: Names, folders: Mapping[str, str]) -> dict[str, Any]:
    """Binds, Mounts, Tmpfs and VolumesFrom for the engine, with the engine's names.

    Args:
        host: the HostConfig of the request.
        names: the session.
        folders: the checked path by what the learner wrote; a folder that is not there is refused.
    """
    limits = names.policy.limits
    answer: dict[str, Any] = {
        "Binds": [_engine_bind(bind, names, folders) for bind in host.get("Binds", [])],
        "Mounts": [
            _engine_mount(check_mount(mount, folders=names.policy.binds), names, folders)
            for mount in host.get("Mounts", [])
        ],
        "Tmpfs": {clean_path(path): tmpfs(words or "", limits) for path, words in host.get("Tmpfs", {}).items()},
        "VolumesFrom": [_volumes_from(entry, names) for entry in host.get("VolumesFrom", [])],
    }
    return {key: value for key, value in answer.items() if value}


def _engine_bind(bind: str, names: Names, folders: Mapping[str, str]) -> str:
    volume, path, mode = split_bind(bind, folders=names.policy.binds)
    if volume.startswith("/"):
        return f"{folders[volume]}:{path}{mode and f':{mode}'}"
    if not volume:
        return path  # an anonymous volume; the engine makes it for this container alone
    return f"{names.volume(volume)}:{path}{mode and f':{mode}'}"


def _engine_mount(mount: Mapping[str, Any], names: Names, folders: Mapping[str, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {"Type": mount["Type"], "Target": mount["Target"]}
    if mount.get("ReadOnly"):
        answer["ReadOnly"] = True
    if mount["Type"] == "bind":
        return {**answer, "Source": folders[mount["Source"]], "BindOptions": {"Propagation": "rprivate"}}
    if mount["Type"] == "tmpfs":
        options = mount.get("TmpfsOptions", {})
        size = at_most(options.get("SizeBytes"), names.policy.limits.tmpfs)
        answer["TmpfsOptions"] = {"SizeBytes": size} if size else {}
        if options.get("Mode"):
            answer["TmpfsOptions"]["Mode"] = options["Mode"] & 0o1777  # no set-uid bits
        return answer
    if mount.get("Source"):
        answer["Source"] = names.volume(mount["Source"])
    options = {key: value for key, value in mount.get("VolumeOptions", {}).items() if value}
    if options:
        answer["VolumeOptions"] = options
    return answer


def _volumes_from(entry: str, names: Names) -> str:
    ref, _, mode = entry.partition(":")
    if mode not in ("", "ro", "rw"):
        raise Refusal(f"volumes from {entry!r}", "the mode is ro or rw", status=400)
    return f"{names.container(ref)}{mode and f':{mode}'}"


def tmpfs(words: str, limits: Limits) -> str:
    """The options of a memory file system: size capped, suid and dev dropped.

    Raises:
        Refusal: 400 for an option that is not one of size, mode, uid, gid, ro, rw, exec, noexec.
    """
    size, kept = limits.tmpfs, []
    for word in filter(None, words.split(",")):
        name, _, value = word.partition("=")
        if name == "size":
            size = _tmpfs_size(value, limits)
        elif name in ("mode", "uid", "gid") and re.fullmatch("[0-9]{1,10}", value, re.ASCII):
            kept.append(f"mode={_mode(value)}" if name == "mode" else word)
        elif word not in (_TMPFS_WORDS if limits.tmpfs else _TMPFS_WORDS - {"suid", "dev"}):
            raise Refusal(
                f"the tmpfs option {word}", "expected size, mode, uid, gid, ro, rw, exec or noexec", status=400
            )
        elif word in ("ro", "rw", "exec", "noexec"):
            kept.append(word)
    if not limits.tmpfs:  # the engine's own defaults are nosuid and nodev too
        return words
    return ",".join([*kept, "nosuid", "nodev", f"size={size}"])


def _mode(value: str) -> str:
    if not re.fullmatch("[0-7]{1,5}", value):
        raise Refusal(f"the tmpfs option mode={value}", "expected an octal number", status=400)
    return f"{int(value, 8) & 0o1777:o}"


def _tmpfs_size(value: str, limits: Limits) -> int:
    if re.fullmatch("[0-9]{1,3}%", value):
        return limits.tmpfs  # a share of the machine's memory
    found = _SIZE.fullmatch(value)
    if found is None:
        raise Refusal(f"the tmpfs option size={value}", "expected a number of bytes, or with k, m or g", status=400)
    return at_most(int(found[1]) * _UNIT[found[2].lower()], limits.tmpfs)
