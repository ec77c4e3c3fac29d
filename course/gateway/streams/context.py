"""A build context: spooled, its Dockerfile rewritten, rebuilt as one clean tar.

The Dockerfile may come anywhere in the tar, so the whole context is read before the engine is asked for anything. The
engine is given the rewritten Dockerfile under a name of its own, so that `COPY . .` copies the learner's Dockerfile as
it was written. A line in .dockerignore makes the classic builder leave that file out of the context. BuildKit doesn't
read .dockerignore in an archive, so each COPY of the whole context has an --exclude (`stages.py`).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import IO

from course.gateway.policy.limits import MIB, Limits
from course.gateway.policy.names import Names
from course.gateway.policy.refusal import Refusal, UnknownImage
from course.gateway.streams.dockerfile import Rewritten, Step, reader_of, rewrite_dockerfile
from course.gateway.streams.frontend import CLASSIC, ENGINE_DOCKERFILE, Frontend
from course.gateway.streams.ignore import ignores
from course.gateway.streams.inflate import inflated
from course.gateway.streams.member import END, Kind, Member, clean_name, header, padding, shown, whole
from course.gateway.streams.source import PIECE
from course.gateway.streams.stages import BaseConfig
from course.gateway.streams.tar import Caps, TarReader
from course.gateway.streams.unpacking import Unpacking, may_be_archive

WHAT = "the build context"
DOCKERFILE = "Dockerfile"
Fetch = Callable[[str], Awaitable[None]]
IGNORE = ".dockerignore"
MOST_LINKS = 255  # as in the engine
IN_MEMORY = 2 * MIB  # a larger context is spooled to disk


@dataclass(frozen=True)
class Context:
    """A context that is ready for the engine; a context manager, its spool file is gone after the block.

    Args:
        dockerfile: the value of the `dockerfile` query for the engine.
        steps: the instructions as the learner wrote them, for `translate_output`.
        left_out: names of members that are not in the tar (fifos).
        bases: full ids of the images that FROM and COPY --from name.
        size: bytes of the tar.
        spool: the tar.
        words: the learner's word for each image reference that the engine is given.
        builder: who reads it.
    """

    dockerfile: str
    steps: tuple[Step, ...]
    bases: tuple[str, ...]
    size: int
    spool: IO[bytes]
    words: Mapping[str, str]
    left_out: tuple[str, ...] = ()
    builder: Frontend = CLASSIC

    def __enter__(self) -> Context:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.spool.close()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The tar for the engine."""
        self.spool.seek(0)
        while piece := self.spool.read(PIECE):
            yield piece


async def _rewritten(rewrite: Callable[[], Awaitable[Rewritten]], fetch: Fetch | None) -> Rewritten:
    """The rewritten Dockerfile; images that it names and the session doesn't have are fetched first."""
    fetched: set[str] = set()
    while True:
        try:
            return await rewrite()
        except Refusal as error:
            missing = error.__cause__
            if fetch is None or not isinstance(missing, UnknownImage) or missing.ref in fetched:
                raise
            fetched.add(missing.ref)
            await fetch(missing.ref)


async def read_context(
    body: AsyncIterator[bytes],
    *,
    dockerfile: str,
    names: Names,
    base_config: BaseConfig,
    buildargs: Mapping[str, str | None] | None = None,
    builders: Sequence[Frontend] = (CLASSIC,),
    fetch: Fetch | None = None,
) -> Context:
    """Read a whole context to disk, check it and rewrite it; nothing has gone to the engine when this returns.

    Args:
        body: the request's body: tar, or tar in gzip, bzip2 or xz.
        dockerfile: the `dockerfile` query as parsed by the policy ("" means Dockerfile).
        names: the session.
        base_config: gives the Config of an image by its full id, for its ONBUILD triggers.
        buildargs: the `buildargs` query; FROM may use them.
        builders: who may read the Dockerfile: the first that has what it asks for.
        fetch: gets an image that the session doesn't have, or raises; None where images are not fetched.

    Raises:
        Refusal: 400, 403, 404 (an image that the session does not have) or 413; 500, with the engine's words, when
            there is no Dockerfile.
    """
    path = clean_name(dockerfile or DOCKERFILE, WHAT)
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by Context
    try:
        limits = names.policy.limits
        files = _Files(path, spool, limits.build_context)
        if builders[-1].buildkit:
            files.begin_plainly()
        await files.read(body, limits)
        raw = files.dockerfile()
        if not raw:
            raise Refusal(f"the Dockerfile ({path}) cannot be empty", "", status=400)
        builder = reader_of(raw, builders)
        rewritten = await _rewritten(
            partial(
                rewrite_dockerfile, raw, names=names, base_config=base_config, buildargs=buildargs, builder=builder
            ),
            fetch,
        )
        if rewritten.adds:
            await files.check_archives()
        files.finish(rewritten.text, builder)
        return Context(
            builder.dockerfile,
            rewritten.steps,
            rewritten.bases,
            spool.tell(),
            spool,
            rewritten.words,
            files.left_out,
            builder,
        )
    except BaseException:
        spool.close()
        raise


@dataclass(frozen=True)
class _Archive:
    """A file of the context that ADD may unpack: its name, where its content is in the spool, its size."""

    name: str
    at: int
    size: int


class _Files:
    """The members of a context on their way to the spool.

    A few are held in memory until all is read: the Dockerfile, the file that the engine takes when there is none
    ("dockerfile", builder/remotecontext/detect.go), and .dockerignore. Each may be a link to a file of the context.
    """

    def __init__(self, path: str, spool: IO[bytes], limit: int) -> None:
        self._path, self._spool, self._limit = path, spool, limit
        self._hold = {path, IGNORE} | ({DOCKERFILE.lower()} if path == DOCKERFILE else set())
        self._held: dict[str, tuple[Member, bytes]] = {}
        self._kinds: dict[str, Kind] = {}
        self._archives: list[_Archive] = []
        self._links: dict[str, str] = {}
        self._places: dict[str, tuple[int, int]] = {}  # of each file: where its content is in the spool, its size
        self.left_out: tuple[str, ...] = ()

    def begin_plainly(self) -> None:
        """Begin with a member that has no PAX header: the folder of all.

        BuildKit takes a body for a tar by its first 1,024 bytes, in which the member behind a PAX header doesn't begin.
        """
        self._spool.write(header(Member(".", "dir", mode=0o755)))

    async def read(self, body: AsyncIterator[bytes], limits: Limits) -> None:
        """Spool all members but those that are held."""
        size = self._limit
        plain = inflated(body, what=WHAT, size=size, quota="build_context", ratio=limits.inflate_ratio)
        reader = TarReader(plain, Caps(WHAT, size, limits.tar_members, "build_context"))
        async for member in reader.members():
            name = clean_name(member.name, WHAT)
            if member.kind == "fifo":
                # the engine would wait for ever for one that ADD or COPY names
                self.left_out += (name,)
                continue
            again = member.kind == "dir" and self._kinds.get(name) == "dir"
            if name and not again:
                # COPY and ADD give all to root, whoever owns it here (Dockerfile reference); an engine with remapped
                # ids refuses those that it cannot map, and its cache tells contexts apart by them
                roots = replace(member, name=name, uid=0, gid=0, uname="", gname="")
                await self._put(self._checked(roots), reader)
        for number, name in enumerate(self._kinds):
            self._check_folders(name)
            if number % 1000 == 0:
                await asyncio.sleep(0)  # other sessions go on

    def dockerfile(self) -> bytes:
        """The Dockerfile as it was sent."""
        content = self._content(self._path)
        if content is None and self._path == DOCKERFILE and DOCKERFILE not in self._kinds:
            content = self._content(DOCKERFILE.lower())
        if content is None and self._path in self._links:
            why = f"it is a link to {shown(self._links[self._path])}, which leads to no file of the context"
            raise Refusal(f"the Dockerfile ({self._path})", why, "Put that file into the context.", status=400)
        if content is None:
            raise Refusal(f"Cannot locate specified Dockerfile: {self._path}", "", status=500)
        return content

    def _content(self, path: str) -> bytes | None:
        """The content of a file, links followed inside the context, as the engine does; None where there is no file."""
        name = self._followed(path)
        if name in self._held:
            return self._held[name][1]
        if name not in self._places:
            return None
        at, size = self._places[name]
        if size > MIB:
            raise Refusal(
                f"{WHAT}, the member {shown(name)}", f"it must be read, and is larger than {MIB} bytes", status=413
            )
        end = self._spool.tell()
        self._spool.seek(at)
        content = self._spool.read(size)
        self._spool.seek(end)
        return content

    def _followed(self, path: str) -> str:
        """Where a path leads when the context is the root of all (moby, FollowSymlinkInScope); "" for nowhere."""
        parts, hops = path.split("/"), 0
        done: list[str] = []
        while parts:
            part = parts.pop(0)
            target = self._links.get("/".join((*done, part)))
            if part in ("", ".", ".."):
                done = done[:-1] if part == ".." else done
            elif target is None:
                done.append(part)
            elif (hops := hops + 1) > MOST_LINKS:
                return ""
            else:
                parts, done = [*target.split("/"), *parts], [] if target.startswith("/") else done
        return "/".join(done)

    def finish(self, rewritten: bytes, builder: Frontend) -> None:
        """Write what was held, and the engine's Dockerfile as the last member.

        What .dockerignore leaves out was left out by the client, but for the Dockerfile and .dockerignore itself.
        """
        own_ignore, ignore = IGNORE in self._held, self._content(IGNORE) or b""
        ignore_member, _ = self._held.pop(IGNORE, (Member(IGNORE, "file"), b""))
        if ignore_member.kind != "file":
            ignore_member = Member(IGNORE, "file")
        if ignores(ignore.decode("utf-8", "replace"), self._path):
            self._held.pop(self._path, None)  # the engine removes it once it has read it
        for member, content in self._held.values():
            self._spool.write(whole(member, content))
        if not builder.buildkit:
            lines = [ignore if own_ignore else IGNORE.encode(), ENGINE_DOCKERFILE.encode()]
            self._spool.write(whole(ignore_member, b"\n".join(lines) + b"\n"))
        elif own_ignore and not ignores(ignore.decode("utf-8", "replace"), IGNORE):
            self._spool.write(whole(ignore_member, ignore))
        self._spool.write(whole(Member(builder.dockerfile, "file"), rewritten))
        self._spool.write(END)

    async def check_archives(self) -> None:
        """Count what ADD would unpack, in all files of the context that may be archives.

        Raises:
            Refusal: 413 past the quota for the context, 403 for a sparse member.
        """
        unpacked = 0

        def count(size: int) -> None:
            nonlocal unpacked
            unpacked += size
            if unpacked > self._limit:
                quota = f"the quota build_context, {self._limit // MIB} MiB"
                raise Refusal(WHAT, f"what ADD would unpack is larger than {quota}", status=413)

        end = self._spool.tell()
        for archive in self._archives:
            self._spool.seek(archive.at)
            left, unpacking = archive.size, None
            while left and (piece := self._spool.read(min(left, PIECE))):
                left -= len(piece)
                unpacking = unpacking or Unpacking(f"{WHAT}, the file {shown(archive.name)}", piece, count)
                unpacking.feed(piece)
                await asyncio.sleep(0)  # other sessions go on
                if unpacking.over:
                    break
        self._spool.seek(end)

    def _checked(self, member: Member) -> Member:
        """The member, with its name recorded; refused if it would conflict with another one."""
        name, kind = member.name, member.kind
        what = f"{WHAT}, the member {shown(name)}"
        if kind == "device":
            raise Refusal(what, f"a {kind} may not be in a build context", "Leave it out with a .dockerignore.")
        if name.rpartition("/")[2].lower() == ENGINE_DOCKERFILE:
            raise Refusal(what, "the name is reserved")
        if name in self._kinds:
            raise Refusal(what, "it is there twice", "Pack each file once.")
        if kind == "hardlink":
            member = replace(member, link=clean_name(member.link, WHAT))
            if self._kinds.get(member.link) not in ("file", "hardlink"):
                raise Refusal(what, f"a hard link to {shown(member.link)}, which is no file before it in the archive")
        self._kinds[name] = kind
        return member

    def _check_folders(self, name: str) -> None:
        """No member may lie below a link or a file: it would be written somewhere else."""
        folder = name.rpartition("/")[0]
        while folder:
            if self._kinds.get(folder, "dir") != "dir":
                raise Refusal(f"{WHAT}, the folder {shown(folder)}", f"it is also a {self._kinds[folder]}")
            folder = folder.rpartition("/")[0]

    async def _put(self, member: Member, reader: TarReader) -> None:
        if member.kind == "symlink":
            self._links[member.name] = member.link
        if member.kind == "file" and member.name in self._hold:
            self._held[member.name] = (member, await reader.read(MIB))
        elif member.kind == "symlink" and member.name in self._hold:
            self._held[member.name] = (member, b"")
        elif member.kind == "hardlink" and member.name in self._hold:
            content = self._content(member.link) or b""
            self._held[member.name] = (replace(member, kind="file", link=""), content)
        elif member.kind == "hardlink" and member.link in self._held:  # that one is written later
            self._spool.write(whole(replace(member, kind="file", link=""), self._held[member.link][1]))
        else:
            self._spool.write(header(member))
            at = self._spool.tell()
            if member.kind == "file":
                self._places[member.name] = (at, member.size)
            elif member.kind == "hardlink" and member.link in self._places:
                self._places[member.name] = self._places[member.link]
            async for piece in reader.content():
                if self._spool.tell() == at and may_be_archive(piece):
                    self._archives.append(_Archive(member.name, at, member.size))
                self._spool.write(piece)
            self._spool.write(padding(member.size))
        if self._spool.tell() > self._limit:  # copies count too
            quota = f"the quota build_context, {self._limit // MIB} MiB"
            raise Refusal(WHAT, f"larger than {quota}", "Leave out what is not needed.", status=413)
