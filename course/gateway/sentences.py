"""The journal as sentences ("built shop:1 in 1.2 s, 2 of 4 instructions from cache"), and where to find a journal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from course.gateway.errors import NoSession
from course.gateway.journal_file import BEGUN, Entry, read
from course.paths import state_dir

# What a call did, by route; `{…}` are filled from what was asked and what came of it.
_SENTENCES = {
    "container.create": "created container {name} from {image}",
    "container.start": "started container {id}",
    "container.stop": "stopped container {id}",
    "container.restart": "restarted container {id}",
    "container.kill": "killed container {id}",
    "container.pause": "paused container {id}",
    "container.unpause": "resumed container {id}",
    "container.remove": "removed container {id}",
    "container.rename": "renamed container {id} to {name}",
    "container.update": "changed the limits of container {id}",
    "container.wait": "waited for container {id}",
    "container.attach": "attached to container {id}",
    "container.archive.put": "copied files into container {id}",
    "container.prune": "removed the containers that had ended",
    "exec.create": "prepared a command in container {id}",
    "exec.start": "ran a command in container {container}",
    "image.build": "built {tags}",
    "image.commit": "made image {tag} from container {container}",
    "image.tag": "tagged {name} as {tag}",
    "image.push": "pushed {tag}",
    "image.create": "pulled {tag}",
    "image.load": "loaded images",
    "image.save": "saved {names}",
    "image.remove": "removed image {name}",
    "image.prune": "removed unused images",
    "network.create": "created network {name}",
    "network.remove": "removed network {id}",
    "network.connect": "connected container {container} to network {id}",
    "network.disconnect": "disconnected container {container} from network {id}",
    "volume.create": "created volume {name}",
    "volume.remove": "removed volume {id}",
}


def entries(ref: str) -> tuple[Entry, ...]:
    """The journal of a session, open or ended, by id or name; of several with one name, the newest.

    Raises:
        NoSession: nothing is known of it.
    """
    found: list[tuple[bool, float, Path]] = []
    for path in (state_dir() / "gateway").glob("*/journal/*.jsonl"):
        sid = path.name.partition(".")[0]
        if sid == ref or _name(path) == ref:  # a session that is named like another's id must not be taken for it
            found.append((sid == ref, path.stat().st_mtime, path))
    if not found:
        raise NoSession(f"a session {ref!r}, open or ended", "no journal has that name", "`course session list`")
    newest = max(found)[-1]
    return tuple(read(newest.parent, newest.name.partition(".")[0]))


def sentences(calls: Iterable[Entry], *, everything: bool = False) -> Iterator[str]:
    """Tell a journal to a person, a line for each call that changed something, failed or was refused.

    Args:
        calls: the entries, from the beginning, so that ids can be told by name.
        everything: also those that only looked.
    """
    names: dict[str, str] = {}
    for entry in calls:
        if entry.route == BEGUN and not everything:  # the line of the call itself follows when it ends
            continue
        if entry.route in ("container.create", "network.create") and entry.outcome.get("id"):
            names[str(entry.outcome["id"])] = str(entry.asked.get("name"))
        if everything or not entry.method or entry.decision != "allowed" or entry.method not in ("GET", "HEAD"):
            clock = time.strftime("%H:%M:%S", time.localtime(entry.time))
            yield f"{clock}  {sentence(entry, names)}"


def sentence(entry: Entry, names: Mapping[str, str] | None = None) -> str:
    """One entry in words.

    Args:
        entry: the call.
        names: the learner's name by engine id.
    """
    if not entry.method:
        return entry.message
    told = {**entry.outcome, **{key: value for key, value in entry.asked.items() if value}}
    template = _SENTENCES.get(entry.route)
    words = template.format_map(_Told(told, names or {})) if template else f"{entry.method} {entry.route}"
    if entry.decision == "refused":
        return f"refused: {words}: {entry.message}"
    if entry.decision in ("failed", "unknown"):
        return f"failed: {words}: {entry.message or entry.status}"
    if entry.route == "image.build":
        if told.get("error"):
            return f"failed: {words}: {told['error']}"
        words += f" in {entry.duration:.1f} s"
        if "steps" in told:
            words += f", {told.get('cached', 0)} of {told['steps']} instructions from cache"
    return words


class _Told(dict[str, str]):
    """What a template may name, in words; a thing that the journal does not have is "?"."""

    def __init__(self, told: Mapping[str, object], names: Mapping[str, str]) -> None:
        super().__init__({key: _word(value, names) for key, value in told.items()})

    def __missing__(self, key: str) -> str:
        return "an image without a name" if key in ("tags", "tag") else "?"


def _word(value: object, names: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_word(item, names) for item in value) or "an image without a name"
    text = str(value)
    if text in names:
        return names[text]
    return text[:12] if len(text) == 64 and text.isalnum() else text


def _name(path: Path) -> str:
    """The session's name, from the first lines of its journal; "" when they were rotated away."""
    for number, entry in enumerate(read(path.parent, path.name.partition(".")[0])):
        if entry.route == "session.open":
            return str(entry.outcome.get("name", ""))
        if number > 50:
            break
    return ""
