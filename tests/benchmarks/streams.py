"""How much the rewriting of archives costs: processor time and memory, from and to memory, without any socket.

Run as `python tests/benchmarks/streams.py [MEGABYTES]`; past 3,000 the quota image_tar refuses the load.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from scopes import open_scope
from stream_bench import pack

from course.gateway.scope import Scope
from course.gateway.streams import rewrite_load, rewrite_put_archive, rewrite_save

MIB = 1024 * 1024
PIECE = 256 * 1024
NOISE = os.urandom(MIB)


def image(megabytes: int) -> tuple[bytes, bytes]:
    """What stands before and behind the content of an image archive with one layer."""
    header = tarfile.TarInfo("x/layer.tar")
    header.size = megabytes * MIB
    digest = hashlib.sha256()
    for _ in range(megabytes):
        digest.update(NOISE)
    config = {"rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]}}
    manifest = [{"Config": "c.json", "RepoTags": ["shop:1"], "Layers": ["x/layer.tar"]}]
    behind = pack(("c.json", json.dumps(config).encode()), ("manifest.json", json.dumps(manifest).encode()))
    return header.tobuf(), behind


async def body(megabytes: int, before: bytes, behind: bytes) -> AsyncIterator[bytes]:
    yield before
    for _ in range(megabytes):
        for at in range(0, MIB, PIECE):
            yield NOISE[at : at + PIECE]
    yield behind


async def drain(pieces: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in pieces])


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    before, behind = image(megabytes)
    with tempfile.TemporaryDirectory() as folder, open_scope(Path(folder), "a00000000001") as scope:
        measure(scope, megabytes, before, behind)


def measure(scope: Scope, megabytes: int, before: bytes, behind: bytes) -> None:
    limits = replace(scope.policy.limits, archive=2**40)
    ways: dict[str, Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]] = {
        "passed on as it is": lambda pieces: pieces,
        "rewrite_save": lambda pieces: rewrite_save(pieces, sid=scope.sid),
        "rewrite_put_archive": lambda pieces: rewrite_put_archive(pieces, limits=limits),
        "rewrite_load": lambda pieces: aiter(rewrite_load(pieces, names=scope)),
    }
    for name, way in ways.items():
        began = time.process_time()
        asyncio.run(drain(way(body(megabytes, before, behind))))
        taken = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        rate = megabytes / 1000 / max(taken, 1e-3)
        print(f"{name:20} {rate:6.2f} GB for each second of processor time, peak {peak} MiB")


if __name__ == "__main__":
    main()
