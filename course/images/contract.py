"""The contract of a base image, tested: what lessons rely on, whichever source the image came from.

README.md, The contract, has it in words. `supply.ensure` asks it before an image gets its name or is kept.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import DockerException, NotFound

from course.engine.errors import translate
from course.images.errors import ContractBroken
from course.images.recipe import LABEL_BASE, LABEL_ORIGIN, LABEL_PACKAGES, LABEL_RECIPE, Recipe

_AT_RUN_TIME = ("dev", "proc", "sys")  # the engine mounts something over them
_EMPTY = ("Entrypoint", "User", "Volumes", "ExposedPorts", "Healthcheck", "OnBuild", "Shell", "StopSignal")
_SCRIPT = """
lacks() { echo "✗ $*"; broken=1; }
for user in $USERS; do [ "$(id -u "${user%:*}" 2>&1)" = "${user#*:}" ] || lacks "user $user"; done
for folder in $FOLDERS; do
  [ "$(stat -c %n:%a:%u "${folder%%:*}" 2>&1)" = "$folder" ] || lacks "folder $folder"; done
for program in $PROGRAMS; do which "$program" >/dev/null || lacks "program $program"; done
for path in $PATHS; do [ -e "$path" ] || lacks "$path"; done
if [ -x /usr/bin/busybox ]; then for file in /usr/bin/*; do
  if [ "$(readlink "$file")" = busybox ]; then
    busybox --list | grep -Fqx -- "${file##*/}" || lacks "$file in its busybox"; fi; done; fi
asked() {
  for attempt in $(seq 200); do if wget -q -O /dev/null "$1"; then return; fi; sleep 0.1; done
  lacks "an answer of its server at $1"; }
[ -z "$broken" ] || exit 1
"""


@dataclass(frozen=True)
class Verdict:
    """A base that passed: its name, its version, and the last line that its test printed."""

    name: str
    version: str
    output: str


def verify(client: docker.DockerClient, recipe: Recipe, reference: str = "", *, deadline: float = 60) -> Verdict:
    """Test a base image in a container without a network, and remove the container.

    Args:
        client: of the engine.
        recipe: what the image should be.
        reference: the image, `recipe.image` by default.
        deadline: seconds after which the container is ended.

    Raises:
        ContractBroken: with every difference that was found.
        EngineError: the engine failed, or has no such image.
    """
    reference = reference or recipe.image
    try:
        differences = list(_configuration(client, reference, recipe))
        code, output, more = _run(client, reference, recipe, deadline)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    lines = output.strip().splitlines() or [""]
    differences += [line.removeprefix("✗ ") for line in lines if line.startswith("✗ ")] + more
    version = re.search(recipe.expects, lines[-1])
    if not differences and (code or version is None):
        differences = [f"its test ended with {code}:\n{output[-1000:]}"]
    if recipe.contract.says not in output:
        differences.append(f"“{recipe.contract.says}” in the log of its server")
    if version and _numbers(version[1]) < _numbers(recipe.contract.floor):
        differences.append(f"version {recipe.contract.floor} or newer: it is {version[1]}")
    if differences or version is None:
        raise ContractBroken(
            f"{recipe.image} as the course's contract for it says",
            f"{reference} differs in: {'; '.join(differences)}",
            f"`course images pull --anew {recipe.name}`, or `course images build {recipe.name}` on Debian or Ubuntu",
        )
    return Verdict(recipe.name, version[1], lines[-1])


def _configuration(client: docker.DockerClient, reference: str, recipe: Recipe) -> Iterator[str]:
    attrs = client.api.inspect_image(reference)
    config: Mapping[str, Any] = attrs.get("Config") or {}
    labels = config.get("Labels") or {}
    wanted = {"Cmd": list(recipe.cmd), "Env": sorted(recipe.env), "WorkingDir": "/"}
    found = {
        "Cmd": config.get("Cmd"), "Env": sorted(config.get("Env") or ()), "WorkingDir": config.get("WorkingDir") or "/"
    }  # fmt: skip
    for key, value in wanted.items():
        if found[key] != value:
            yield f"{key} {value}: it is {found[key]}"
    for key in _EMPTY:
        if config.get(key):
            yield f"no {key}: it is {config[key]}"
    if labels.get(LABEL_BASE) != recipe.name or labels.get(LABEL_RECIPE) != recipe.key:
        yield f"the labels {LABEL_BASE}={recipe.name} and {LABEL_RECIPE}={recipe.key}"
    if strangers := sorted(labels.keys() - {LABEL_BASE, LABEL_RECIPE, LABEL_ORIGIN, LABEL_PACKAGES}):
        yield f"no other label: it has {strangers}"
    if (layers := len((attrs.get("RootFS") or {}).get("Layers") or ())) != 1:
        yield f"one layer: it has {layers}"
    size = sum(int(entry.get("Size") or 0) for entry in client.api.history(reference)) / 1e6
    least, most = recipe.contract.megabytes
    if not least <= size <= most:
        yield f"a layer of {least:g} to {most:g} MB: it is {size:.1f} MB"


def _run(client: docker.DockerClient, reference: str, recipe: Recipe, deadline: float) -> tuple[int, str, list[str]]:
    """The exit code and output of the test in a container, and what the container shows from outside."""
    container = client.containers.create(
        reference, entrypoint=["sh", "-c", _script(recipe)], command=[], user="0", network_mode="none"
    )
    try:
        try:
            container.start()
        except DockerException as error:  # for one, no shell
            return 1, "", [f"a container that starts: {getattr(error, 'explanation', None) or error}"]
        code = int(container.wait(timeout=deadline)["StatusCode"])
        output = container.logs().decode("utf-8", "replace")
        differences = [f"no file that its server writes: {change['Path']}" for change in (container.diff() or [])[:3]]
        container.reload()
        differences += [f"no anonymous volume: {mount.get('Destination')}" for mount in container.attrs["Mounts"]]
        return code, output, differences
    finally:
        with suppress(NotFound):
            container.remove(force=True, v=True)


def _script(recipe: Recipe) -> str:
    folders = [
        f"/{path}:{folder.mode:o}:{folder.owner}" for path, folder in recipe.folders.items() if path not in _AT_RUN_TIME
    ]
    words = {
        "USERS": recipe.contract.users,
        "FOLDERS": folders,
        "PROGRAMS": recipe.contract.programs,
        "PATHS": recipe.contract.paths,
    }
    given = "\n".join(f"{name}={shlex.quote(' '.join(values))}" for name, values in words.items())
    return f"set -f\n{given}\nset +f\n{_SCRIPT}\n{recipe.smoke}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
