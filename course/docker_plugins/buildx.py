"""`docker build` and `docker buildx …` in a session, as a plugin of the docker command."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

METADATA = {
    "SchemaVersion": "0.1.0",
    "Vendor": "Slipway",
    "Version": "v0.0.0-slipway",
    "ShortDescription": "Build in a session (slipway)",
}
PARENT = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"  # the docker command tells how it was called
SOCKET = "DOCKER_CLI_PLUGIN_SOCKET"  # and closes this one when it's asked to end
OBSOLETE = (  # what the command says of the only way to build that it has without BuildKit's own API
    "DEPRECATED: The legacy builder is deprecated",
    "Install the buildx component to build images with BuildKit",
    "https://docs.docker.com/go/buildx/",
    "BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0",
    "environment-variable.",
)
WITHOUT_EFFECT = {"--load"}  # the image goes to the engine anyway
REPLACED: Mapping[str, Mapping[str, list[str]]] = {
    "--progress": {"auto": [], "plain": [], "tty": [], "quiet": ["--quiet"]},
    "--provenance": {"false": []},
    "--sbom": {"false": []},
    "--builder": {"default": [], "": []},
    "--output": {"type=docker": []},
}
SHORT = {"-o": "--output"}
REFUSED = {
    "--allow": "a session gives a build no entitlements",
    "--annotation": "the engine's builder takes labels: --label",
    "--attest": "the image goes to the engine, without attestations",
    "--build-context": "the context is the only one: copy the other folder into it",
    "--builder": "a session has the builder of its engine only",
    "--cache-to": "the cache is the engine's",
    "--call": "checks are not available in a session",
    "--check": "checks are not available in a session",
    "--metadata-file": "--iidfile writes the image's ID",
    "--no-cache-filter": "use --no-cache for all stages",
    "--output": "the image goes to the engine: docker save, or docker cp from a container, takes files out",
    "--policy": "policies are not available in a session",
    "--progress": "auto, plain, tty or quiet",
    "--provenance": "the image goes to the engine, without attestations",
    "--push": "build with a tag, then docker push",
    "--sbom": "the image goes to the engine, without attestations",
    "--secret": "a session can't hand secrets to a build",
    "--ssh": "a session can't hand an SSH agent to a build",
}
BUILDERS = """\
NAME/NODE     DRIVER/ENDPOINT   STATUS    PLATFORMS
default*      docker
 \\_ default   \\_ session        running   {platform}
"""


def main(words: Sequence[str]) -> int:
    """Do what the docker command asks of the plugin; the exit code.

    Args:
        words: global options of the command, `buildx`, and what follows.
    """
    if list(words) == ["docker-cli-plugin-metadata"]:
        print(json.dumps(METADATA))
        return 0
    at = words.index("buildx") if "buildx" in words else -1
    options, rest = list(words[: max(at, 0)]), list(words[at + 1 :])
    command, more = (rest[0], rest[1:]) if rest else ("", [])
    if command in ("build", "b"):
        try:
            return docker([*options, "build", *as_classic(more)])
        except ValueError as error:
            return refused("build", str(error))
    if command == "prune":
        return docker([*options, "builder", "prune", *more])
    if command == "ls":
        print(BUILDERS.format(platform=_platform(options)), end="")
        return 0
    if command == "version":
        print(f"slipway {METADATA['Version']}")
        return 0
    if command in ("", "help", "--help", "-h"):
        print("In a session: docker build, docker buildx build, ls, prune and version.")
        return 0
    instead = "docker compose build builds several images" if command == "bake" else "a session has one builder"
    return refused(command, instead)


def refused(command: str, instead: str) -> int:
    """Say that a command is not available; the exit code."""
    print(f"docker buildx {command}: not available in a session: {instead}", file=sys.stderr)
    return 1


def as_classic(words: Sequence[str]) -> list[str]:
    """The arguments of `docker build` without BuildKit's API, for those of `docker buildx build`.

    Raises:
        ValueError: one of them can't be given.
    """
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        name = SHORT.get(name, name)
        if word.startswith("-o") and len(word) > 2 and not word.startswith("--"):
            name, equals, value = "--output", "=", word[2:].removeprefix("=")
        if name in WITHOUT_EFFECT:
            continue
        if name not in REFUSED:
            kept.append(word)
            continue
        if not equals and name in REPLACED and name not in ("--provenance", "--sbom"):
            value = next(rest, "")
        instead = REPLACED.get(name, {}).get(value)
        if instead is None:
            raise ValueError(f"{name}: {REFUSED[name]}")
        kept += instead
    return kept


def docker(words: Sequence[str]) -> int:
    """Run the docker command without a plugin, and without what it says about that; its exit code."""
    program = os.environ.get(PARENT) or shutil.which("docker") or "docker"
    environment = {name: value for name, value in os.environ.items() if name not in (PARENT, SOCKET, "BUILDX_BUILDER")}
    environment["DOCKER_BUILDKIT"] = "0"
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal's reaches the command itself
    with subprocess.Popen([program, *words], env=environment, stderr=subprocess.PIPE) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        _end_with_the_caller(process)
        assert process.stderr is not None
        for piece in without_deprecation(process.stderr):
            sys.stderr.buffer.write(piece)
            sys.stderr.buffer.flush()
        code = process.wait()
    return code if code >= 0 else 128 - code


def without_deprecation(lines: IO[bytes]) -> Iterator[bytes]:
    """What the command printed, without the paragraph that its builder is deprecated."""
    skipped = False
    for line in lines:
        text = line.strip()
        if text.startswith(tuple(words.encode() for words in OBSOLETE)):
            skipped = True
        elif text or not skipped:  # an empty line ends the paragraph
            skipped = False
            yield line
        else:
            skipped = False


def _end_with_the_caller(process: subprocess.Popen[bytes]) -> None:
    """End the command when the docker command that started the plugin is told to end."""
    address = os.environ.get(SOCKET, "")
    if not address:
        return

    def wait() -> None:
        try:
            with socket.socket(socket.AF_UNIX) as caller:
                caller.connect("\0" + address[1:] if address.startswith("@") else address)
                caller.recv(1)
        except OSError:
            return
        process.terminate()

    threading.Thread(target=wait, daemon=True).start()


def _platform(options: Sequence[str]) -> str:
    program = os.environ.get(PARENT) or shutil.which("docker") or "docker"
    command = [program, *options, "version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
