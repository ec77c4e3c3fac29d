"""Images: tag, push, pull, delete, commit."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from course.gateway.policy import reference as references
from course.gateway.policy import wire
from course.gateway.policy.fields import Struct
from course.gateway.policy.limits import CLASS, Policy
from course.gateway.policy.names import IMAGE_LABEL, OWNER_LABEL, RESERVED, SESSION_LABEL, EngineRequest, Names
from course.gateway.policy.query import Query
from course.gateway.policy.reference import Reference
from course.gateway.policy.refusal import Refusal

LOCAL_HOSTS = ("localhost", "127.0.0.1")
# moby, builder/dockerfile/dispatchers: what a commit may change, without ONBUILD (it would act in another's build)
CHANGES = ("CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")


@dataclass(frozen=True)
class Transfer:
    """A push or a pull that is allowed.

    Args:
        kind: "base" (a pull of a course image: answer "up to date", ask nobody), "registry" (one that the learner
            runs) or "reached" (one that the policy names).
        reference: the learner's reference ("localhost:32768/shop:1").
        host: the registry, as "localhost:32768"; "" for a base image.
        target: the name that the engine must use on the wire ("localhost:32768/shop"), tag apart.
        tag: the tag ("" with a digest), digest: the digest ("" with a tag).
    """

    kind: Literal["base", "registry", "reached"]
    reference: Reference
    host: str
    target: str
    tag: str
    digest: str


@dataclass(frozen=True)
class Removal:
    """What a DELETE of an image takes away.

    Args:
        id: the full id.
        untag: the learner's references that go.
        delete: whether the image itself goes with them (no name of the session is left).
        force: whether containers that use it are no hindrance.
    """

    id: str
    untag: tuple[str, ...]
    delete: bool
    force: bool


def _join(repo: str, tag: str) -> Reference:
    """A reference from the two parameters; the tag may be in either, a digest in `tag` too (as a pull sends it)."""
    if not tag:
        return references.parse(repo)
    if tag.startswith("sha256:"):
        return references.parse(f"{repo}@{tag}")
    parsed = references.parse(repo, default_tag="")
    if parsed.tag or parsed.digest:
        raise Refusal(f"the name {repo} with the tag {tag}", "it has a tag already", status=400)
    return references.parse(f"{repo}:{tag}")


def tag_request(query: Query, names: Names, image: str) -> tuple[EngineRequest, Reference]:
    """Tag an own (or base) image with an own name; the new learner's reference comes along for the ledger.

    Raises:
        Refusal: 400, 403 for a base image's name, 404 for a foreign image.
    """
    reference = references.check_writable(_join(query.text("repo"), query.text("tag")))
    engine = references.to_engine(names.sid, reference)
    repo, _, tag = engine.rpartition(":")
    return EngineRequest("POST", ("images", names.image(image), "tag"), {"repo": repo, "tag": tag}), reference


def _registry(reference: Reference, registries: Collection[str], verb: str, policy: Policy) -> Transfer:
    host, _, port = reference.domain.partition(":")
    known = f"localhost:{port}" in registries and host in LOCAL_HOSTS
    if not known and policy.reaches(reference.domain) and reference.domain != references.ENGINE_HOST:
        target = f"{reference.domain}/{reference.path}"
        return Transfer("reached", reference, reference.domain, target, reference.tag, reference.digest)
    if not known:
        raise Refusal(
            f"{verb} {reference.familiar()}",
            "a session reaches only a registry that it runs itself",
            "Start course/registry, publish its port 5000, and name the image localhost:<port>/name:tag.",
        )
    target = f"{reference.domain}/{reference.path}"
    return Transfer("registry", reference, f"localhost:{port}", target, reference.tag, reference.digest)


def check_reachable(name: str, policy: Policy) -> Reference:
    """A reference in a registry that the policy names.

    Raises:
        Refusal: 400, 403.
    """
    reference = references.parse(name)
    _registry(reference, (), "a look at", policy)
    return reference


@dataclass(frozen=True)
class ImportSpec:
    """A parsed import. `source` is "-" for the body, or an address that the engine fetches."""

    source: str
    reference: Reference | None
    message: str
    changes: tuple[str, ...]


def parse_import(query: Query) -> ImportSpec:
    """Check POST /images/create with fromSrc.

    Raises:
        Refusal: 400, 403.
    """
    source, repo = query.text("fromSrc"), query.text("repo")
    if source != "-" and not re.fullmatch(r"https?://[^\s/@]+(/\S*)?", source):
        raise Refusal(f"an import from {source}", "expected -, or an address with http:// or https://", status=400)
    return ImportSpec(
        source,
        references.check_writable(_join(repo, query.text("tag"))) if repo else None,
        query.text("message"),
        check_changes(query.texts("changes")),
    )


def parse_push(name: str, query: Query, registries: Collection[str], policy: Policy = CLASS) -> Transfer:
    """Check a push.

    Args:
        name: the name in the path.
        query: the query (tag).
        registries: the "localhost:PORT" that the learner's own sessions publish a registry on; 127.0.0.1 counts as
            localhost.
        policy: the session's; it may name further registries.

    Raises:
        Refusal: 400, 403.
    """
    return _registry(references.check_writable(_join(name, query.text("tag"))), registries, "a push to", policy)


def parse_pull(query: Query, registries: Collection[str], policy: Policy = CLASS) -> Transfer:
    """Check POST /images/create: a base image, or an own registry; imports are refused (by `query.parse`).

    Raises:
        Refusal: 400, 403.
    """
    if not query.text("fromImage"):
        raise Refusal("an import", "it brings metadata from outside the session", "Load a saved image.")
    reference = _join(query.text("fromImage"), query.text("tag"))
    if references.is_base(reference):
        return Transfer("base", reference, "", reference.repository(), reference.tag, reference.digest)
    return _registry(reference, registries, "a pull of", policy)


@dataclass(frozen=True)
class CommitSpec:
    """A parsed commit. `reference` is None when no name was given."""

    container: str
    reference: Reference | None
    changes: tuple[str, ...]
    comment: str
    author: str
    pause: bool

    def engine_request(self, names: Names) -> EngineRequest:
        """The engine's commit of an own container, to the engine's name of the reference.

        The container's ownership labels are emptied in the image: an image may go to another session.

        Raises:
            Refusal: 404.
        """
        emptied = " ".join(f'{label}=""' for label in (SESSION_LABEL, OWNER_LABEL, IMAGE_LABEL))
        query: dict[str, str | tuple[str, ...]] = {
            "container": names.container(self.container),
            "pause": "1" if self.pause else "0",
            "changes": (*self.changes, f"LABEL {emptied}"),
        }
        if self.reference is not None:
            repo, _, tag = references.to_engine(names.sid, self.reference).rpartition(":")
            query |= {"repo": repo, "tag": tag}
        if self.comment:
            query["comment"] = self.comment
        if self.author:
            query["author"] = self.author
        return EngineRequest("POST", ("commit",), query, {})


def parse_commit(raw: bytes, query: Query, cap: int) -> CommitSpec:
    """Read a commit: the body must say nothing (the CLI sends null or {}); `changes` is checked line by line.

    Raises:
        Refusal: 400, 403 or 413.
    """
    wire.decode_object(raw, Struct({}), cap=cap)
    repo, tag = query.text("repo"), query.text("tag")
    if tag and not repo:
        raise Refusal("a commit to a tag without a name", "expected repo", status=400)
    return CommitSpec(
        container=query.text("container"),
        reference=references.check_writable(_join(repo, tag)) if repo else None,
        changes=check_changes(query.texts("changes")),
        comment=query.text("comment"),
        author=query.text("author"),
        pause=query.flag("pause", default=True),
    )


def check_changes(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Dockerfile instructions of a commit, each on its own line, rebuilt.

    Raises:
        Refusal: 400 for what is no instruction, 403 for one that may not be used.
    """
    answer: list[str] = []
    for line in "\n".join(lines).replace("\r\n", "\n").split("\n"):
        if not line.strip():
            continue
        found = re.fullmatch(r"\s*([A-Za-z]+)\s+(\S.*?)\s*", line)
        if found is None or line.rstrip().endswith(("\\", "`")) or "<<" in line:
            raise Refusal(f"the change {line!r}", "expected one whole instruction a line", status=400)
        word, rest = found[1].upper(), found[2]
        if word not in CHANGES:
            raise Refusal(f"the change {word}", f"a commit may change {', '.join(CHANGES)}", "Write a Dockerfile.")
        if word == "LABEL" and (RESERVED in re.sub(r"[\"'\\]", "", rest).casefold() or _variable_key(rest)):
            raise Refusal(f"the change {line}", f"labels under {RESERVED} say to which session an object belongs")
        answer.append(f"{word} {rest}")
    return tuple(answer)


def _variable_key(labels: str) -> bool:
    """Whether the key of a label is made from a variable, which an ENV before it can set to anything."""
    try:
        words = shlex.split(labels)
    except ValueError:  # a quote that is not closed: the engine does not take it either
        return True
    pairs = words if words and "=" in words[0] else words[:1]  # "LABEL key some words" is the old form
    return any("$" in pair.partition("=")[0] for pair in pairs)


def remove_check(query: Query, names: Names, image: str) -> Removal:
    """Which names a DELETE of `image` takes away.

    Raises:
        Refusal: 404 for a foreign image, 403 for a base image, 409 for an id with several names without force.
    """
    full_id, force = names.image(image), query.flag("force")
    tags, digests = names.image_tags(full_id), names.image_digests(full_id)
    own = tuple(tag for tag in (*tags, *digests) if not references.is_base(references.parse(tag)))
    named = _named(image, (*tags, *digests))
    if named is not None:
        if references.is_base(references.parse(named)):
            raise _base(named)
        left = [tag for tag in tags if tag != named]
        gone = (named,) if left or "@" in named else own  # digest names go with the last tag, as on the engine
        return Removal(full_id, gone, not left and "@" not in named and not names.is_base(full_id), force)
    if names.is_base(full_id):
        raise _base(image)
    repositories = {references.parse(name).repository() for name in own}
    if (len(repositories) > 1 or sum("@" not in name for name in own) > 1) and not force:
        # moby, daemon/images/image_delete.go, isSingleReference: two tags of one repository are several as well
        short = full_id.removeprefix("sha256:")[:12]
        why = "image is referenced in multiple repositories"
        raise Refusal(f"conflict: unable to delete {short} (must be forced) - {why}", "", status=409)
    return Removal(full_id, own, True, force)


def _named(image: str, known: tuple[str, ...]) -> str | None:
    """The one of the image's names that `image` is; None when it is an id or an id prefix."""
    try:
        wanted = references.parse(image).familiar()
    except Refusal:
        return None
    return wanted if wanted in known else None


def _base(image: str) -> Refusal:
    return Refusal(
        f"removing {image}", "base images belong to all sessions and cannot be changed", "Remove your own images only."
    )
