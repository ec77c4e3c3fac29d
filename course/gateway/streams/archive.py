"""PUT archive: what a learner copies into a container, as a plain tar rebuilt from its members."""

from __future__ import annotations

from collections.abc import AsyncIterator

from course.gateway.policy.limits import Limits


def rewrite_put_archive(body: AsyncIterator[bytes], *, limits: Limits) -> AsyncIterator[bytes]:
    """Rebuild the tar of PUT /containers/{id}/archive while it passes.

    GET archive needs nothing: the engine's tar names paths inside the container only; pass it on as it is.

    Args:
        body: the learner's tar; compressed ones are refused (CVE-2026-41567).
        limits: `archive` and `tar_members` are the caps.

    Raises:
        Refusal: while iterating: 400 for what is no tar, 403 for a device node, a fifo or a way out of the folder, 413 past
            a cap. The caller breaks the engine's request off.
    """
    raise NotImplementedError
