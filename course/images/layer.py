"""One layer from one root file system, the same bytes for the same packages.

The order of entries, owners, permission bits and times are ours and not those of the machine that builds;
/bin, /sbin and /lib* are merged into /usr, so that packages from before and after Debian's /usr merge agree.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import posixpath
import tarfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from course.images.recipe import Folder, Recipe, applets

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEFAULT_EPOCH = 1704067200  # 2024-01-01; any fixed second serves


def epoch() -> int:
    """The one time that every file and image carries, in seconds: SOURCE_DATE_EPOCH, else 2024-01-01."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", _DEFAULT_EPOCH))


def write_layer(
    rootfs: Path,
    recipe: Recipe,
    target: Path,
    *,
    programs: Mapping[str, bytes] | None = None,
    names: Collection[str] = (),
) -> str:
    """Write an image's only layer.

    Args:
        rootfs: an uncompressed tar archive of the unpacked packages, or of a container.
        recipe: what to leave out and what to add.
        target: the tar file to write.
        programs: path -> content of programs that are added.
        names: the programs that the image's busybox has; empty means all of `applets`.

    Returns:
        The layer's diff id, `sha256:` and 64 hex digits.
    """
    with tarfile.open(rootfs, "r:") as packed:
        entries = {path: (info, packed) for path, info in _from_packages(packed, recipe)}
        additions = {info.name: (info, text.encode()) for info, text in _from_recipe(recipe, entries.keys(), names)}
        additions |= {path: (_program(path, content), content) for path, content in (programs or {}).items()}
        with tarfile.open(target, "w:", format=tarfile.PAX_FORMAT) as layer:
            for path in sorted({**entries, **additions, **_parents([*entries, *additions])}):
                if path in additions:
                    info, content = additions[path]
                    layer.addfile(_plain(info, path), io.BytesIO(content) if info.isreg() else None)
                elif path in entries:
                    info = entries[path][0]
                    file = packed.extractfile(info) if info.isreg() or info.islnk() else None
                    layer.addfile(_plain(_unlinked(info, packed), path), file)
                else:
                    layer.addfile(_plain(_folder(path, Folder(0o755, 0)), path))
    with target.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _program(path: str, content: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(content), 0o755
    return info


def _from_packages(packed: tarfile.TarFile, recipe: Recipe) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """The files and links that the packages bring and the recipe wants, by their merged path."""
    for info in packed:
        original = info.name.removeprefix("./").strip("/")
        if not (info.isreg() or info.islnk() or info.issym()) or original in _MERGED:
            continue
        path = merged(original)
        if (_matches(path, recipe.drop) and not _matches(path, recipe.keep)) or _matches(path, recipe.cut):
            continue
        if info.issym() and ".." in info.linkname:  # relative to where it was before the merge
            info.linkname = posixpath.normpath(posixpath.join("/", posixpath.dirname(original), info.linkname))
        yield path, info


def _from_recipe(
    recipe: Recipe, taken: Collection[str], names: Collection[str]
) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """What the recipe adds: folders, files, links, and a link for each busybox program that no package brings."""
    for path, folder in recipe.folders.items():
        yield _folder(path, folder), ""
    for path, text in recipe.files.items():
        info = tarfile.TarInfo(path)
        info.size, info.mode = len(text.encode()), 0o644
        yield info, text
    links = {name: f"usr/{name}" for name in _MERGED if name in ("bin", "sbin", "lib")} | dict(recipe.links)
    if any(path.startswith("usr/lib64/") for path in taken):
        links["lib64"] = "usr/lib64"
    for applet in applets():
        path = f"usr/bin/{applet}"
        if path not in taken and path not in links and (not names or applet in names):
            links[path] = "busybox"
    for path, target in links.items():
        info = tarfile.TarInfo(path)
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, target, 0o777
        yield info, ""


def merged(path: str) -> str:
    """A path after the /usr merge: `bin/sh` is `usr/bin/sh`."""
    top = path.split("/", 1)[0]
    return f"usr/{path}" if top in _MERGED else path


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _parents(paths: list[str]) -> dict[str, None]:
    found: dict[str, None] = {}
    for path in paths:
        while path := posixpath.dirname(path):
            found[path] = None
    return found


def _folder(path: str, folder: Folder) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, folder.mode, folder.owner, folder.owner
    return info


def _unlinked(info: tarfile.TarInfo, packed: tarfile.TarFile) -> tarfile.TarInfo:
    """A hard link as a file of its own: in sorted order it could come before the file that it names."""
    if info.islnk():
        info.type, info.size = tarfile.REGTYPE, packed.getmember(info.linkname).size
    return info


def _plain(info: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """The entry under its merged path, without anything that depends on when and where it was made."""
    info.name, info.mtime, info.uname, info.gname, info.pax_headers = path, epoch(), "", "", {}
    return info
