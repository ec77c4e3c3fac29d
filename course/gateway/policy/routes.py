"""The closed table of calls: which method and path is which call. What is not here is refused.

The path is decoded once and matched as the engine's router matches it (an encoded slash separates); what could be read
in two ways (dot segments, empty segments, bad escapes) is refused. The engine never sees this path: its own is built
from the route and the resolved ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_to_bytes

from course.gateway.policy.refusal import Refusal

Body = Literal["none", "json", "tar"]
OLDEST, NEWEST = (1, 24), (1, 51)
LONGEST = 64 * 1024  # of a request target: build arguments and labels travel in the query

_ID = "(?P<id>[^/]+)"
_NAME = "(?P<name>.+)"  # an image's name has slashes


@dataclass(frozen=True)
class Call:
    """One call of the table.

    Args:
        route: its name, as "container.create".
        method: "GET", "HEAD", "POST", "PUT" or "DELETE".
        params: the names in the path, decoded: "id" (container, exec, network, volume) or "name" (image).
        query: the query, decoded, in order; see `query.parse` for the typed form.
        version: the version in the path ("1.41"), or None.
        body: what the call takes: nothing (a body must be empty), one JSON object, or a stream.
    """

    route: str
    method: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    version: str | None = None
    body: Body = "none"


# method, path after the version, route, body
_TABLE: tuple[tuple[str, str, str, Body], ...] = (
    ("GET", "_ping", "system.ping", "none"),
    ("HEAD", "_ping", "system.ping", "none"),
    ("GET", "version", "system.version", "none"),
    ("GET", "info", "system.info", "none"),
    ("GET", "events", "system.events", "none"),
    ("GET", "system/df", "system.df", "none"),
    ("GET", "containers/json", "container.list", "none"),
    ("POST", "containers/create", "container.create", "json"),
    ("POST", "containers/prune", "container.prune", "none"),
    ("GET", f"containers/{_ID}/json", "container.inspect", "none"),
    ("GET", f"containers/{_ID}/logs", "container.logs", "none"),
    ("GET", f"containers/{_ID}/stats", "container.stats", "none"),
    ("GET", f"containers/{_ID}/changes", "container.changes", "none"),
    ("GET", f"containers/{_ID}/export", "container.export", "none"),
    ("GET", f"containers/{_ID}/top", "container.top", "none"),
    ("POST", f"containers/{_ID}/start", "container.start", "none"),
    ("POST", f"containers/{_ID}/stop", "container.stop", "none"),
    ("POST", f"containers/{_ID}/restart", "container.restart", "none"),
    ("POST", f"containers/{_ID}/kill", "container.kill", "none"),
    ("POST", f"containers/{_ID}/pause", "container.pause", "none"),
    ("POST", f"containers/{_ID}/unpause", "container.unpause", "none"),
    ("POST", f"containers/{_ID}/resize", "container.resize", "none"),
    ("POST", f"containers/{_ID}/wait", "container.wait", "none"),
    ("POST", f"containers/{_ID}/rename", "container.rename", "none"),
    ("POST", f"containers/{_ID}/attach", "container.attach", "none"),
    ("POST", f"containers/{_ID}/update", "container.update", "json"),
    ("POST", f"containers/{_ID}/exec", "exec.create", "json"),
    ("GET", f"containers/{_ID}/archive", "container.archive.get", "none"),
    ("HEAD", f"containers/{_ID}/archive", "container.archive.stat", "none"),
    ("PUT", f"containers/{_ID}/archive", "container.archive.put", "tar"),
    ("DELETE", f"containers/{_ID}", "container.remove", "none"),
    ("POST", f"exec/{_ID}/start", "exec.start", "json"),
    ("POST", f"exec/{_ID}/resize", "exec.resize", "none"),
    ("GET", f"exec/{_ID}/json", "exec.inspect", "none"),
    ("POST", "commit", "image.commit", "json"),
    ("POST", "build", "image.build", "tar"),
    ("POST", "build/prune", "build.prune", "none"),
    ("GET", "images/json", "image.list", "none"),
    ("GET", "images/get", "image.save", "none"),
    ("POST", "images/create", "image.create", "none"),
    ("POST", "images/load", "image.load", "tar"),
    ("POST", "images/prune", "image.prune", "none"),
    ("GET", f"images/{_NAME}/json", "image.inspect", "none"),
    ("GET", f"images/{_NAME}/history", "image.history", "none"),
    ("GET", f"images/{_NAME}/get", "image.save", "none"),
    ("POST", f"images/{_NAME}/tag", "image.tag", "none"),
    ("POST", f"images/{_NAME}/push", "image.push", "none"),
    ("DELETE", f"images/{_NAME}", "image.remove", "none"),
    ("GET", "networks", "network.list", "none"),
    ("POST", "networks/create", "network.create", "json"),
    ("POST", "networks/prune", "network.prune", "none"),
    ("GET", f"networks/{_ID}", "network.inspect", "none"),
    ("POST", f"networks/{_ID}/connect", "network.connect", "json"),
    ("POST", f"networks/{_ID}/disconnect", "network.disconnect", "json"),
    ("DELETE", f"networks/{_ID}", "network.remove", "none"),
    ("GET", "volumes", "volume.list", "none"),
    ("POST", "volumes/create", "volume.create", "json"),
    ("POST", "volumes/prune", "volume.prune", "none"),
    ("GET", f"volumes/{_ID}", "volume.inspect", "none"),
    ("DELETE", f"volumes/{_ID}", "volume.remove", "none"),
)
# the same for a session that reaches registries of the world: they come before the others
_REACHING: tuple[tuple[str, str, str, Body], ...] = (
    ("POST", "auth", "system.auth", "json"),
    ("GET", f"distribution/{_NAME}/json", "image.distribution", "none"),
    ("GET", "images/search", "image.search", "none"),
    ("POST", "images/create", "image.create", "tar"),  # an import has a body
)
_ROUTES = [(method, re.compile(path), route, body) for method, path, route, body in _TABLE]
_MORE = [(method, re.compile(path), route, body) for method, path, route, body in _REACHING]
ROUTES = frozenset(route for _, _, route, _ in (*_TABLE, *_REACHING))

INSTEAD_OF_BUILDKIT = "Use `course shell`, whose DOCKER_CONFIG has a plugin for it, or set DOCKER_BUILDKIT=0."
# path after the version, what it is, why it is not given, what to do in its place
_DENIED: tuple[tuple[str, str, str, str], ...] = (
    ("session|grpc", "BuildKit", "it is not available in a session", INSTEAD_OF_BUILDKIT),
    ("build/cancel", "BuildKit", "it is not available in a session", "Close the connection to end a build."),
    ("auth", "a login", "the engine would contact any host that is named", "The registry of a lesson needs no login."),
    ("distribution/.*", "a look into a registry", "the engine would contact any host that is named", "Pull the image."),
    ("images/search", "a search on Docker Hub", "sessions have no access to it", "List the images of the session."),
    (r"containers/[^/]+/attach/ws", "attach by WebSocket", "it is not available in a session", "Use attach."),
    (r"containers/[^/]+/checkpoints.*", "a checkpoint", "checkpoints are not available in a session", "Use commit."),
    (r"containers/[^/]+/copy", "copy", "it is no longer part of the Engine API", "Use get_archive."),
    ("(swarm|services|tasks|nodes|secrets|configs)(/.*)?", "swarm mode", "it changes the engine for everybody", ""),
    ("plugins(/.*)?", "a plugin", "plugins run with all rights on the machine of the engine", ""),
    ("debug(/.*)?", "the inside of the engine", "it is not available in a session", ""),
)
# `docker inspect NAME` asks for a plugin last, and says that there is no such object only after a 404
_PLUGIN = re.compile("plugins/(.+)/json")
_REFUSED = [(re.compile(path), what, why, instead) for path, what, why, instead in _DENIED]


def match_reaching(method: str, raw_target: str) -> Call:
    """`match` for a session whose policy names registries."""
    return match(method, raw_target, reaching=True)


def match(method: str, raw_target: str, *, reaching: bool = False) -> Call:
    """Find the call for a request line.

    Args:
        method: as on the wire.
        raw_target: the request target as on the wire, still encoded, with the query.
        reaching: whether calls that make the engine talk to a registry are among them.

    Raises:
        Refusal: 400 for a malformed target, 404 for an unknown one, 403 with words for one that is known and not given.
    """
    raw_path, _, raw_query = raw_target.partition("?")
    version, path = _split_version(_decode_path(raw_path, raw_target))
    for wanted, pattern, route, body in (*(_MORE if reaching else ()), *_ROUTES):
        found = pattern.fullmatch(path)
        if found and wanted == method:
            return Call(route, method, found.groupdict(), _decode_query(raw_query), version, body)
    if method == "GET" and (plugin := _PLUGIN.fullmatch(path)):
        raise Refusal(f'plugin "{plugin[1]}" not found', "", status=404)
    if reaching and (method, path) == ("POST", "swarm/leave"):  # docker-py asks this to be sure, and knows the answer
        raise Refusal("This node is not part of a swarm", "", status=503)
    for pattern, what, why, instead in _REFUSED:
        if pattern.fullmatch(path):
            raise Refusal(what, why, instead)
    raise Refusal(f"{method} /{path}", "there is no such call in a session", status=404)


def _decode_path(raw: str, target: str) -> str:
    if len(target) > LONGEST:
        raise Refusal("the address of the request", f"longer than {LONGEST} characters", status=414)
    if not raw.startswith("/") or "#" in target or not _is_plain(target):
        raise Refusal("the address of the request", "it is not a plain path", status=400)
    path = _unquote(raw, "the path")
    segments = path[1:].split("/")
    if any(part in ("", ".", "..") for part in segments) or "\\" in path:
        raise Refusal(f"the path {path!r}", "it has an empty or a dot segment", status=400)
    return path[1:]


def _split_version(path: str) -> tuple[str | None, str]:
    if not re.match("v[0-9]", path):
        return None, path
    word, _, rest = path.partition("/")
    found = re.fullmatch(r"v(1)\.([1-9][0-9])", word, re.ASCII)
    if found is None or not OLDEST <= (1, int(found[2])) <= NEWEST:
        asked = word.removeprefix("v")
        raise Refusal(f"API version {asked}", "sessions speak versions 1.24 to 1.51", "Use a newer client.", 400)
    return word.removeprefix("v"), rest


def _decode_query(raw: str) -> dict[str, list[str]]:
    answer: dict[str, list[str]] = {}
    for pair in raw.split("&") if raw else ():
        if not pair:
            continue
        if ";" in pair:  # Go drops such a pair and everything that it says
            raise Refusal("the query", "it has a semicolon", "Write it as %3B.", status=400)
        name, _, value = pair.replace("+", " ").partition("=")
        answer.setdefault(_unquote(name, "the query"), []).append(_unquote(value, "the query", lines=True))
    return answer


def _unquote(text: str, where: str, *, lines: bool = False) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", text):
        raise Refusal(where, "it has a percent sign without two hexadecimal digits", status=400)
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(where, "it is not UTF-8", status=400) from error
    allowed = "\n\t\r" if lines else ""
    if any((letter < " " or letter == "\x7f") and letter not in allowed for letter in decoded):
        raise Refusal(where, "it has a control character", status=400)
    return decoded


def _is_plain(text: str) -> bool:
    return text.isascii() and all("!" <= letter <= "~" for letter in text)
