"""Image references: the grammar of distribution/reference, and the two-way mapping to the engine's names.

On the engine a session's image has a name under a host that does not exist, so that no other session, no base image and
no registry can be meant by it: `slipway.invalid/<sid>/d/shop:1` for "shop:1" and
`slipway.invalid/<sid>/h/localhost__5000/shop:1` for "localhost:5000/shop:1".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from course.gateway.policy.names import BASE_NAMES
from course.gateway.policy.refusal import Refusal

HUB = "docker.io"
ENGINE_HOST = "slipway.invalid"
LONGEST = 255  # of a whole name, on the engine's side as well as on the learner's

# github.com/distribution/reference, regexp.go. IPv6 hosts are left out: a session's registry is on 127.0.0.1.
_HOST_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"{_HOST_PART}(?:\.{_HOST_PART})*(?::[0-9]{{1,5}})?", re.ASCII)
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_PART}(?:/{_PATH_PART})*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """A parsed reference. `domain` is "docker.io" when none was written; `path` has "library/" where it is implied."""

    domain: str
    path: str
    tag: str
    digest: str

    def familiar(self) -> str:
        """As the CLI shows it: "shop:1", "localhost:5000/shop:1", "shop@sha256:…"; no tag when there is none."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository()}{tag}{digest}"

    def repository(self) -> str:
        """The familiar name without tag and digest."""
        if self.domain != HUB:
            return f"{self.domain}/{self.path}"
        return self.path.removeprefix("library/") if self.path.count("/") == 1 else self.path


def parse(text: str, *, default_tag: str = "latest") -> Reference:
    """Parse what a learner wrote; a reference with neither tag nor digest gets `default_tag`.

    Raises:
        Refusal: 400 with the engine's words for an invalid reference.
    """
    name, _, digest = text.partition("@")
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    tag = ""
    if colon >= 0:
        name, tag = name[:colon], name[colon + 1 :]
        if not _TAG.fullmatch(tag):
            raise _invalid(text)
    if ("@" in text and not _DIGEST.fullmatch(digest)) or _ID.fullmatch(name):
        raise _invalid(text)
    domain, path = _split_domain(name)
    if domain == HUB and "/" not in path:
        path = f"library/{path}"
    if not _HOST.fullmatch(domain) or not _PATH.fullmatch(path) or len(domain) + 1 + len(path) > LONGEST:
        raise _invalid(text)
    return Reference(domain, path, tag or ("" if digest else default_tag), digest)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash or not _is_host(first):
        return HUB, name
    domain = HUB if first == "index.docker.io" else first.lower()
    if domain == HUB and "/" in rest and _is_host(rest.partition("/")[0]):
        return HUB, ""  # "docker.io/localhost/x" would be shown as "localhost/x", which is another name
    return domain, rest


def _is_host(first: str) -> bool:
    return bool(set(".:") & set(first)) or first == "localhost" or first.lower() != first


def _invalid(text: str) -> Refusal:
    why = "the name must be in lower case" if text.lower() != text else ""
    return Refusal(f"invalid reference format: {text!r}", why, "Write an image as name:tag, for example shop:1.", 400)


def is_base(ref: Reference) -> bool:
    """Whether it names a base image's repository, with any tag."""
    return ref.domain == HUB and ref.path in BASE_NAMES


def check_writable(ref: Reference) -> Reference:
    """The same reference, unless it names a base image, is in the engine's form, or has a digest.

    Raises:
        Refusal: 403, or 400 for a digest.
    """
    if is_base(ref):
        raise Refusal(
            f"the name {ref.familiar()}",
            "base images are the same in every session and cannot be changed",
            "Choose a name of your own, for example shop:1.",
        )
    if ref.domain == ENGINE_HOST:
        raise Refusal(f"the name {ref.familiar()}", "names under this host are the gateway's own", "Choose another.")
    if ref.digest:
        raise Refusal(f"the name {ref.familiar()}", "a new name cannot have a digest", status=400)
    if len(to_engine("s" * 12, replace(ref, tag=""))) > LONGEST:
        raise Refusal(f"the name {ref.familiar()}", "it is too long for a session", status=400)
    return ref


def to_engine(sid: str, ref: Reference | str) -> str:
    """The engine's reference for a learner's; a base image's is itself."""
    if isinstance(ref, str):
        ref = parse(ref)
    if is_base(ref):
        return ref.familiar()
    tail = ref.familiar().removeprefix(ref.repository())
    if ref.domain == HUB:
        return f"{ENGINE_HOST}/{sid}/d/{ref.repository()}{tail}"
    return f"{ENGINE_HOST}/{sid}/h/{ref.domain.replace(':', '__')}/{ref.path}{tail}"


def from_engine(sid: str, engine_ref: str) -> str | None:
    """The learner's reference for the engine's; None for a foreign one and for a hold tag."""
    if engine_ref.partition("@")[0].partition(":")[0] in BASE_NAMES:
        return engine_ref
    kind, _, rest = engine_ref.removeprefix(f"{ENGINE_HOST}/{sid}/").partition("/")
    if not engine_ref.startswith(f"{ENGINE_HOST}/{sid}/") or not rest:
        return None
    if kind == "d":
        return rest
    if kind == "h":
        host, _, path = rest.partition("/")
        return f"{host.replace('__', ':')}/{path}"
    return None


def hold_tag(sid: str, image_id: str) -> str:
    """The tag that holds an image for a session, never shown."""
    return f"{ENGINE_HOST}/{sid}/hold:{image_id.removeprefix('sha256:')[:32]}"
