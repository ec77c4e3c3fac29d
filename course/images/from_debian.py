"""Base images built on the spot from the packages of Debian or Ubuntu, by mmdebstrap.

The packages are unpacked and none of their scripts is run, so no privilege beyond root (or a user namespace) is
needed, the result holds nothing of this machine, and another architecture needs no emulation.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import docker

from course.engine.debian import apt_install
from course.errors import CourseError
from course.images.archive import write_archive
from course.images.errors import SourceFailed, SourceUnreachable
from course.images.from_archive import kept_in, send
from course.images.layer import write_layer
from course.images.progress import Report, silent
from course.images.recipe import Recipe
from course.images.source import engine_architecture

_STEPS = 8  # lines that mmdebstrap prints with "I:" between its start and its end
_PACKAGE = "PACKAGE "


@dataclass(frozen=True)
class Built:
    """What a build made: the archive, the image's id, the layer's diff id and the packages in it, `name=version`."""

    archive: Path
    image_id: str
    diff_id: str
    packages: tuple[str, ...]


class DebianSource:
    """Builds an archive from packages and loads it."""

    name = "debian"

    def __init__(self, consent: bool = False) -> None:
        self._consent = consent

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        """Build and load; a missing mmdebstrap is installed with root and consent."""
        with tempfile.TemporaryDirectory(prefix="slipway-image-", dir=kept_in()) as folder:
            target = Path(folder) / f"{recipe.name}.tar"
            built = build(recipe, target, engine_architecture(client), report, self._consent)
            send(client, built.archive, f"load course/{recipe.name}", report)
        return self.name


def build(recipe: Recipe, target: Path, architecture: str, report: Report = silent, consent: bool = False) -> Built:
    """Build an image's archive from packages; no engine is needed.

    Args:
        recipe: the image.
        target: the archive to write; it appears only when it is complete.
        architecture: amd64 or arm64.
        report: told about the steps.
        consent: whether the user has agreed to installing mmdebstrap.

    Raises:
        SourceUnreachable: not Debian or Ubuntu, no mmdebstrap, no mirror.
        SourceFailed: mmdebstrap failed; its last lines are in the message.
    """
    _need_mmdebstrap(consent)
    suite, mirrors = mirror_lines()
    with tempfile.TemporaryDirectory(prefix="slipway-image-", dir=target.parent) as folder:
        rootfs, layer, part = (Path(folder) / name for name in ("rootfs.tar", "layer.tar", "image.tar"))
        packages = _unpack(recipe, suite, mirrors, rootfs, architecture, report)
        diff_id = write_layer(rootfs, recipe, layer)
        labels = recipe.labels(f"packages of {suite}", " ".join(packages))
        image_id = write_archive(part, recipe, layer, diff_id, architecture, labels, " ".join(recipe.packages))
        part.replace(target)
    report(f"build course/{recipe.name}", _STEPS, _STEPS)
    return Built(target, image_id, diff_id, packages)


def mirror_lines() -> tuple[str, list[str]]:
    """This machine's suite and its own distribution's mirrors, as lines of a sources.list.

    They are read from apt (`apt-get indextargets`), so every way to configure apt counts. Other repositories of the
    machine are left out: a Node.js from a vendor would give other content than Debian's.

    Raises:
        SourceUnreachable: no apt, or no mirror of the distribution is configured.
    """
    release = _os_release()
    suite = release.get("VERSION_CODENAME", "")
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    lines = []
    for repository, name, component in _index_targets():
        line = f"deb {repository} {name} {component}"
        if name in wanted and component in ("main", "universe") and line not in lines:
            lines.append(line)
    if not suite or not any(f" {suite} main" in line for line in lines):
        raise SourceUnreachable(
            "Debian or Ubuntu, with a mirror for apt",
            f"{release.get('PRETTY_NAME', 'another system')} without one",
            "get the base images from a registry, or from an archive: `course images load FILE`",
        )
    return suite, lines


def _os_release() -> dict[str, str]:
    path = Path("/etc/os-release")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}


def _index_targets() -> list[list[str]]:
    if shutil.which("apt-get") is None:
        return []
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [parts for line in done.stdout.splitlines() if len(parts := line.split()) == 3]


def _need_mmdebstrap(consent: bool) -> None:
    if shutil.which("mmdebstrap"):
        return
    try:
        apt_install(["mmdebstrap"], consent)
    except CourseError as error:
        raise SourceUnreachable("mmdebstrap, installed", error.observed, error.try_next) from error


def _unpack(
    recipe: Recipe, suite: str, mirrors: list[str], rootfs: Path, architecture: str, report: Report
) -> tuple[str, ...]:
    """Unpack the recipe's packages and what they depend on into a tar archive; returns `name=version` of each."""
    list_packages = f"""ls "$1/var/cache/apt/archives" | sed -n 's/\\.deb$//; t ok; d; :ok s/^/{_PACKAGE}/p' >&2"""
    command = [
        "mmdebstrap",
        "--variant=extract",
        "--format=tar",
        f"--architectures={architecture}",
        f"--include={','.join(recipe.packages)}",
        f"--extract-hook={list_packages}",
        *_compile_hook(recipe, architecture),
        suite,
        str(rootfs),
        *mirrors,
    ]
    packages: list[str] = []
    tail: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        try:
            steps = 0
            for line in running.stderr or ():
                tail = [*tail[-9:], line.rstrip()]
                if line.startswith(_PACKAGE):
                    packages.append(_version(line.removeprefix(_PACKAGE).strip()))
                elif line.startswith("I: "):
                    report(f"build course/{recipe.name}", steps := min(steps + 1, _STEPS - 1), _STEPS)
        except BaseException:
            running.terminate()  # an interrupt ends the build too
            raise
    if running.returncode:
        raise SourceFailed(
            f"packages {', '.join(recipe.packages)} unpacked by mmdebstrap",
            "\n".join(tail),
            "look at the lines above: a mirror that does not answer needs `apt-get update` to work first; without "
            "root, mmdebstrap needs the packages uidmap and fakeroot",
        )
    return tuple(sorted(packages))


def _compile_hook(recipe: Recipe, architecture: str) -> list[str]:
    """Compile Python's library in the image, or every start would compile it again: 0.2 s in place of 0.04 s.

    The files carry a hash and no time, and the order of sets is fixed, so that the bytes are always the same. Only
    the machine's own architecture can run the image's Python.
    """
    native = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not recipe.compile or native != architecture:
        return []
    where = f"{recipe.compile}.[0-9]*"
    script = (
        f'cd "$1" && for folder in .{where}; do PYTHONHASHSEED=0 chroot "$1" /usr/bin/python3 -m compileall -q -j 1 '
        '--invalidation-mode unchecked-hash "/${folder#./}" || true; done'
    )
    return [f"--extract-hook={script}"]


def _version(file: str) -> str:
    """`busybox-static_1%3a1.35.0-4_amd64` is `busybox-static=1:1.35.0-4`."""
    name, version, _ = re.split("_", unquote(file), maxsplit=2)
    return f"{name}={version}"
