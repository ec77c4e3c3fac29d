"""What lies where on an engine's disk (storage driver overlay2), weighed in bytes and in files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512  # st_blocks counts in these (stat(2))


@dataclass(frozen=True)
class Weight:
    """Bytes on disk, and inodes."""

    size: int = 0
    files: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.size + other.size, self.files + other.files)

    def beyond(self, limit: Weight) -> bool:
        """Whether one of both is more than in `limit`."""
        return self.size > limit.size or self.files > limit.files


@dataclass(frozen=True)
class Disk:
    """The data folder of an engine, as this process sees it.

    Args:
        root: DockerRootDir, seen through the engine's own mount namespace.
    """

    root: Path

    def used(self) -> Weight:
        """What is in use of its file system, by whomever.

        Raises:
            OSError: it is gone; the engine has ended.
        """
        found = os.statvfs(self.root)
        return Weight((found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree)

    def free(self) -> Weight:
        """What is left of it; a file system that does not count its files (btrfs) has enough of them."""
        found = os.statvfs(self.root)
        return Weight(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else 1 << 40)

    def of_container(self, engine_id: str) -> list[Path]:
        """The folders that a container writes: its layer, its log."""
        return [*self._layer(f"mounts/{engine_id}/mount-id"), self.root / "containers" / engine_id]

    def of_layers(self, diff_ids: Sequence[str]) -> list[Path]:
        """The folders of an image's layers, in order (`RootFS.Layers` of its inspection)."""
        folders, chain = [], ""
        for diff_id in diff_ids:  # https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
            chain = f"sha256:{hashlib.sha256(f'{chain} {diff_id}'.encode()).hexdigest()}" if chain else diff_id
            folders += self._layer(f"{chain.replace(':', '/', 1)}/cache-id")
        return folders

    def of_volume(self, name: str) -> list[Path]:
        """The folder of a volume."""
        return [self.root / "volumes" / name]

    def _layer(self, file: str) -> list[Path]:
        try:
            name = (self.root / "image/overlay2/layerdb" / file).read_text()
        except OSError:
            return []
        return [self.root / "overlay2" / name / "diff"]


def weigh(folders: Iterable[Path], most: Weight) -> Weight:
    """What files below folders take; links are not followed, and it ends where it is more than `most`."""
    seen: set[tuple[int, int]] = set()
    size = files = 0
    waiting = [os.fspath(folder) for folder in folders]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue  # removed meanwhile
        with entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
                    if (found.st_dev, found.st_ino) in seen:
                        continue
                    seen.add((found.st_dev, found.st_ino))
                size, files = size + found.st_blocks * BLOCK, files + 1
                if stat.S_ISDIR(found.st_mode):
                    waiting.append(entry.path)
        if size > most.size or files > most.files:
            break
    return Weight(size, files)


def unlinked(pids: Iterable[int]) -> Weight:
    """What files take that have no name any more, but that processes hold open or mapped."""
    seen: dict[tuple[int, int], int] = {}
    for pid in pids:
        for folder in (f"/proc/{pid}/fd", f"/proc/{pid}/map_files"):
            try:
                entries = os.listdir(folder)  # noqa: PTH208  # names alone, of many
            except OSError:
                continue
            for name in entries:
                try:
                    found = os.stat(f"{folder}/{name}")  # noqa: PTH116
                except OSError:
                    continue
                if found.st_nlink == 0 and stat.S_ISREG(found.st_mode):
                    seen[found.st_dev, found.st_ino] = found.st_blocks * BLOCK
    return Weight(sum(seen.values()), len(seen))
