"""Images like the official ones, made from the machine's base images, and a registry that has them.

Like the official ones they have no busybox beside their own tools, Python below /usr/local without compiled files, an
entry point and a user 1000 of their own, several layers, and a volume in the registry.
"""

from __future__ import annotations

import io
import shutil
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
import requests

ENTRY = b'#!/bin/sh\nset -e\nif [ "${1#-}" != "$1" ]; then set -- node "$@"; fi\nexec "$@"\n'
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n"
NAMES = ("busybox", "python", "node", "registry")
UPSTREAM = {name: f"library/{name}" for name in NAMES}
_DOCKERFILES = {
    "busybox": 'CMD ["sh"]\n',
    "python": 'ENV PYTHON_VERSION=3\nENV GPG_KEY=0\nCMD ["python3"]\n',
    "node": (
        "ENV NODE_VERSION=24\nCOPY docker-entrypoint.sh /usr/local/bin/\n"
        'ENTRYPOINT ["docker-entrypoint.sh"]\nCMD ["node"]\n'
    ),
    "registry": (
        "VOLUME /var/lib/registry\nEXPOSE 5000\nCOPY docker-entrypoint.sh /entrypoint.sh\n"
        'ENTRYPOINT ["/entrypoint.sh"]\nCMD ["/etc/docker/registry/config.yml"]\n'
    ),
}


def make_official(source: docker.DockerClient, target: docker.DockerClient, name: str) -> str:
    """Make an image like the official one from a base of `source` on `target`; returns its local name."""
    base = _files(source, f"course/{name}")
    files = {path: entry for old, entry in base.items() if (path := _official_path(name, old))}
    if name == "busybox":
        program = files["bin/busybox"]
        links = [old.rpartition("/")[2] for old, (info, _) in base.items() if info.linkname == "busybox"]
        files |= {f"bin/{link}": (_link("bin/busybox", hard=True), b"") for link in links}
        files = {"bin/busybox": program, **files}
    else:
        files |= _shell()
    files["etc/passwd"] = (tarfile.TarInfo(), PASSWD)
    raw = f"raw-{name}:1"
    target.api.import_image_from_data(_packed(files), repository=raw.split(":")[0], tag="1")
    context = {
        "Dockerfile": (tarfile.TarInfo(), f"FROM {raw}\n{_DOCKERFILES[name]}".encode()),
        "docker-entrypoint.sh": (_program(), ENTRY),
    }
    made = f"made-{name}:1"
    build = target.api.build(
        fileobj=io.BytesIO(_packed(context)), custom_context=True, tag=made, rm=True, forcerm=True, decode=True
    )
    for line in build:
        assert "error" not in line, line
    target.images.remove(raw, noprune=True)
    return made


Files = Mapping[str, tuple[tarfile.TarInfo, bytes]]


def _files(client: docker.DockerClient, image: str) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    container = client.containers.create(image, ["true"])
    try:
        with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as packed:
            return {
                info.name: (info, (packed.extractfile(info) or io.BytesIO()).read() if info.isreg() else b"")
                for info in packed
                if info.isreg() or info.issym()
            }
    finally:
        container.remove(force=True, v=True)


def _official_path(name: str, path: str) -> str | None:
    """Where the official image has a file, None where it has none."""
    if path.startswith("lib"):
        return None if path in ("lib", "lib64") else path
    if name == "busybox":
        return "bin/busybox" if path == "usr/bin/busybox" else None
    if path.startswith("usr/lib/python3"):
        moved = path.replace("usr/lib/", "usr/local/lib/", 1)
        return None if "__pycache__" in path else moved
    if path.startswith("usr/bin/"):
        program = path.removeprefix("usr/bin/")
        if program.startswith(("python3", "node")):
            return f"usr/local/bin/{program}"
        return "bin/registry" if program == "docker-registry" else None
    return path if path.startswith(("usr/lib", "usr/share", "etc/ssl")) else None


def _shell() -> Files:
    """The smallest userland: the machine's own shell and a few tools that need only the C library."""
    files: dict[str, tuple[tarfile.TarInfo, bytes]] = {
        "bin/sh": (_link("dash"), b""),
        "lib64": (_link("usr/lib64"), b""),
        "lib": (_link("usr/lib"), b""),
    }
    for program in ("dash", "cat", "sleep", "true"):
        found = shutil.which(program, path="/bin:/usr/bin")
        assert found, f"{program} is not on this machine"
        files[f"bin/{program}"] = (_program(), Path(found).resolve().read_bytes())
    return files


def _link(target: str, *, hard: bool = False) -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname, info.mode = (tarfile.LNKTYPE if hard else tarfile.SYMTYPE), target, 0o777
    return info


def _program() -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.mode = 0o755
    return info


def _packed(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, (info, content) in files.items():
            info.name, info.size = path, len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@contextmanager
def registry(client: docker.DockerClient) -> Iterator[str]:
    """The address of a registry that runs in a container of course/registry."""
    container = client.containers.run("course/registry", detach=True, ports={"5000/tcp": ("127.0.0.1", None)})
    try:
        container.reload()
        address = f"127.0.0.1:{container.ports['5000/tcp'][0]['HostPort']}"
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"http://{address}/v2/", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert time.monotonic() < deadline, container.logs().decode()
                time.sleep(0.05)
        yield address
    finally:
        container.remove(force=True, v=True)


def push(client: docker.DockerClient, image: str, address: str, name: str) -> str:
    """Push under another name and return `name@digest`; the local name is removed again."""
    client.images.get(image).tag(f"{address}/{name}", "1")
    lines = list(client.api.push(f"{address}/{name}", tag="1", stream=True, decode=True))
    errors = [line for line in lines if "error" in line]
    assert not errors, errors
    digest = next(line["aux"]["Digest"] for line in lines if "aux" in line)
    client.images.remove(f"{address}/{name}:1")
    return f"{name}@{digest}"


def publish(source: docker.DockerClient, target: docker.DockerClient, address: str) -> dict[str, str]:
    """Make all four on `target`, push them, and remove them; returns base -> name by digest."""
    published = {}
    for name in NAMES:
        made = make_official(source, target, name)
        published[name] = push(target, made, address, UPSTREAM[name])
        target.images.remove(made)
    return published
