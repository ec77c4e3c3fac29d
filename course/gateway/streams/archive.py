"""PUT archive: what a learner copies into a container, as a plain tar rebuilt from its members.

GET archive needs nothing of the kind: the engine's tar names paths inside the container only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from course.gateway.policy.limits import Limits
from course.gateway.policy.refusal import Refusal
from course.gateway.streams.inflate import inflated
from course.gateway.streams.member import END, Member, clean_name, header, padding, shown
from course.gateway.streams.source import joined
from course.gateway.streams.tar import Caps, TarReader

WHAT = "the archive"


def rewrite_put_archive(body: AsyncIterator[bytes], *, limits: Limits) -> AsyncIterator[bytes]:
    """Rebuild the tar of PUT /containers/{id}/archive while it passes; setuid and setgid bits are dropped.

    Args:
        body: the learner's tar, plain or in gzip, bzip2 or xz. It is inflated here: an engine up to 28.5.2 may run the
            container's own decompressor as root of the host (CVE-2026-41567).
        limits: `archive` and `tar_members` are the caps.

    Raises:
        Refusal: while iterating: 400 for what is no tar, 403 for a device node, a fifo or a way out of the folder,
            413 past a cap. The caller breaks the engine's request off.
    """
    return joined(_rewritten(body, limits))


async def _rewritten(body: AsyncIterator[bytes], limits: Limits) -> AsyncIterator[bytes]:
    plain = inflated(body, what=WHAT, size=limits.archive, quota="archive", ratio=limits.inflate_ratio)
    reader = TarReader(plain, Caps(WHAT, limits.archive, limits.tar_members, "archive"))
    async for member in reader.members():
        yield header(_checked(member))
        async for piece in reader.content():
            yield piece
        yield padding(member.size)
    yield END


def _checked(member: Member) -> Member:
    if member.kind in ("device", "fifo"):
        raise Refusal(f"{WHAT}, the member {shown(member.name)}", f"a {member.kind} may not be copied into a container")
    link = (clean_name(member.link, WHAT) or ".") if member.kind == "hardlink" else member.link
    return replace(member, name=clean_name(member.name, WHAT) or ".", link=link, mode=member.mode & 0o1777)
