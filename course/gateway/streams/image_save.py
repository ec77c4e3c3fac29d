"""Image archives on their way out (docker save): the engine's names become the learner's."""

from __future__ import annotations

from collections.abc import AsyncIterator


def rewrite_save(body: AsyncIterator[bytes], *, sid: str) -> AsyncIterator[bytes]:
    """Translate the engine's tar of GET /images/get while it passes: manifest.json, repositories and index.json.

    Args:
        body: the engine's answer.
        sid: the session; hold tags and names of others are dropped.
    """
    raise NotImplementedError
