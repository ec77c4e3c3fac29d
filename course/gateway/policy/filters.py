"""Filters of lists and events, answered on what the learner sees, never by trusting the engine's view."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from course.gateway.policy import prune, reference
from course.gateway.policy.names import SESSION_LABEL, Names
from course.gateway.policy.query import FOREIGN_KINDS, Query
from course.gateway.policy.refusal import Refusal

NOTHING = "slipway.invalid/none:none"  # a value that no object has
_AS_SENT = ("status", "exited", "health", "expose", "is-task", "isolation", "publish", "label")


def container_list(query: Query, names: Names) -> dict[str, str]:
    """The engine's query of a container list: all, size, and filters ANDed with the session's label.

    `limit`, `name` and `id` are applied by `keep_containers` on the translated rows.

    Raises:
        Refusal: 404 when `before` or `since` names a container that the session does not have, as the engine says.
    """
    asked = query.filters()
    sent: dict[str, list[str]] = {key: list(asked[key]) for key in _AS_SENT if key in asked}
    sent.setdefault("label", []).append(f"{SESSION_LABEL}={names.sid}")
    for key in ("before", "since"):
        refs = (*asked.get(key, ()), *([query.text(key)] if query.text(key) else []))
        if refs:
            sent[key] = [names.container(ref) for ref in refs]
    for key, find in (("ancestor", names.image), ("network", names.network), ("volume", names.volume)):
        if key in asked:
            sent[key] = _found(find, asked[key])
    limited = (query.number("limit") or 0) > 0
    return {
        "all": "1" if query.flag("all") or limited else "0",
        "size": "1" if query.flag("size") else "0",
        "filters": json.dumps(sent),
    }


def _found(find: Callable[[str], str], refs: Iterable[str]) -> list[str]:
    """The engine's words for what the session has; one that matches nothing where it has none of them."""
    answer = []
    for ref in refs:
        if ref.startswith("/"):  # volume=/path/in/the/container
            answer.append(ref)
            continue
        try:
            answer.append(find(ref))
        except Refusal:
            continue
    return answer or [NOTHING]


def keep_containers(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated rows that the learner's filters leave, newest first as the engine sent them."""
    wanted, ids = query.filters().get("name", ()), query.filters().get("id", ())
    kept = [
        row
        for row in rows
        if (not wanted or _named(wanted, row["Names"])) and (not ids or row["Id"].startswith(tuple(ids)))
    ]
    limit = query.number("limit") or 0
    return kept[:limit] if limit > 0 else kept


def keep_networks(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated networks that the filters leave."""
    asked = query.filters()

    def keep(row: dict[str, Any]) -> bool:
        kind = "builtin" if row["Name"] == "bridge" else "custom"
        return (
            _any(asked, "driver", lambda value: row.get("Driver") == value)
            and _any(asked, "scope", lambda value: row.get("Scope") == value)
            and _any(asked, "type", lambda value: kind == value)
            and _any(asked, "id", lambda value: row["Id"].startswith(value))
            and ("name" not in asked or _named(asked["name"], [row["Name"]]))
            and _any(asked, "dangling", lambda value: prune.truth("dangling", value) == (not row.get("Containers")))
            and _labelled(asked, row.get("Labels"))
        )

    return [row for row in rows if keep(row)]


def keep_volumes(rows: list[dict[str, Any]], query: Query, names: Names, used: set[str]) -> list[dict[str, Any]]:
    """The translated volumes that the filters leave; `used` are the learner's names of volumes in use (dangling)."""
    asked = query.filters()

    def keep(row: dict[str, Any]) -> bool:
        return (
            _any(asked, "driver", lambda value: row.get("Driver") == value)
            and _any(asked, "dangling", lambda value: prune.truth("dangling", value) == (row["Name"] not in used))
            and ("name" not in asked or _named(asked["name"], [row["Name"]]))
            and _labelled(asked, row.get("Labels"))
        )

    return [row for row in rows if keep(row)]


def keep_images(rows: list[dict[str, Any]], query: Query, names: Names) -> list[dict[str, Any]]:
    """The translated images that the filters leave (reference, dangling, label, before, since, until).

    Raises:
        Refusal: 404 when `before` or `since` names an image that the session does not have.
    """
    asked = query.filters()
    patterns = (*asked.get("reference", ()), *([query.text("filter")] if query.text("filter") else []))
    created = {row["Id"]: int(row.get("Created", 0)) for row in rows}
    before = [created.get(names.image(ref), 0) for ref in asked.get("before", ())]
    since = [created.get(names.image(ref), 0) for ref in asked.get("since", ())]
    kept = []
    for row in rows:
        shown = _with_tags(row, patterns) if patterns else row
        nameless = row.get("RepoTags") in (None, [], ["<none>:<none>"])
        if (
            shown is not None
            and all(created[row["Id"]] < moment for moment in before)
            and all(created[row["Id"]] > moment for moment in since)
            and all(prune.truth("dangling", value) == nameless for value in asked.get("dangling", ()))
            and _labelled(asked, row.get("Labels"))
        ):
            kept.append(shown)
    return kept


def _with_tags(row: dict[str, Any], patterns: Iterable[str]) -> dict[str, Any] | None:
    """The row with the names that match only, None when none does."""
    tags = [tag for tag in row.get("RepoTags") or [] if any(_matches(pattern, tag) for pattern in patterns)]
    digests = [word for word in row.get("RepoDigests") or [] if any(_matches(pattern, word) for pattern in patterns)]
    return {**row, "RepoTags": tags, "RepoDigests": digests} if tags or digests else None


def _matches(pattern: str, name: str) -> bool:
    """Go's path.Match on the name with and without its tag: a star does not cross a slash."""
    try:
        repository = reference.parse(name).repository()
    except Refusal:  # <none>:<none>
        return False
    return any(_glob(pattern, text) for text in (name, repository))


def _glob(pattern: str, text: str) -> bool:
    wanted, parts = pattern[:256].split("/"), text.split("/")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def keep_event(event: dict[str, Any], query: Query, names: Names) -> bool:
    """Whether a translated event passes the learner's filters (moby, daemon/events/filter.go)."""
    asked = query.filters()
    kind, action = event.get("Type", ""), event.get("Action", "")
    actor = event.get("Actor") or {}
    attributes: Mapping[str, str] = actor.get("Attributes") or {}
    own_id, name = str(actor.get("ID", "")), str(attributes.get("name", ""))

    def is_object(wanted: str) -> Callable[[str], bool]:
        return lambda value: kind == wanted and (own_id.startswith(value) or name.startswith(value.lstrip("/")))

    def is_container(value: str) -> bool:
        container = attributes.get("container", "") if kind != "container" else ""
        return is_object("container")(value) or bool(container and container.startswith(value))

    image = name or own_id if kind == "image" else str(attributes.get("image", ""))
    return (
        _any(asked, "type", lambda value: value == kind)
        and _any(asked, "event", lambda value: value in (action, action.partition(":")[0]))
        and _any(asked, "scope", lambda value: value == event.get("scope", "local"))
        and _any(asked, "container", is_container)
        and _any(asked, "network", is_object("network"))
        and _any(asked, "volume", is_object("volume"))
        and _any(asked, "image", lambda value: value in (image, own_id, image.rpartition(":")[0]))
        and not any(asked.get(key) for key in FOREIGN_KINDS)
        and _labelled(asked, attributes)
    )


def _any(asked: Mapping[str, tuple[str, ...]], key: str, test: Callable[[str], bool]) -> bool:
    """Whether one of the values of a filter holds; a filter that was not sent holds."""
    return not asked.get(key) or any(test(value) for value in asked[key])


def _labelled(asked: Mapping[str, tuple[str, ...]], labels: Mapping[str, str] | None) -> bool:
    return all(prune.has_label(dict(labels or {}), prune.split_label(word)) for word in asked.get("label", ()))


def _named(patterns: Iterable[str], engine_names: Iterable[str]) -> bool:
    known = [form for name in engine_names for form in (name, name.removeprefix("/"))]
    return any(_expression(pattern).search(name) for pattern in patterns for name in known)


def _expression(pattern: str) -> re.Pattern[str]:
    """The engine takes regular expressions here; a safe part of them is enough, and costs no time to match.

    Groups have no repetition, and all that may be repeated is a letter or a set of letters.
    """
    repeated, choices = len(re.findall(r"[*+?]", pattern)), pattern.count("|")
    if (
        not re.fullmatch(r"[A-Za-z0-9_.\-/^$*+?|()\[\]]{0,128}", pattern)
        or repeated > 2
        or ("(" in pattern and (repeated or choices > 8))
        or "[[" in pattern
    ):
        raise Refusal(f"the filter name={pattern}", "expected a part of a name, with ^ or $ at its ends", status=400)
    try:
        return re.compile(pattern)
    except re.error as error:
        raise Refusal(f"the filter name={pattern}", f"{error}", status=400) from error
