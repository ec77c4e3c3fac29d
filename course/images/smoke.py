"""Running each base image's own test in a container, which is removed again."""

from __future__ import annotations

from dataclasses import dataclass

import docker
from docker.errors import DockerException

from course.engine.errors import translate
from course.images.errors import SmokeFailed
from course.images.recipe import LABEL_BASE, Recipe

# What every lesson counts on, in every base image.
_COMMON = """set -e
test "$(id -u app)" = 1000
test "$(id -u root)" = 0
test -d /home/app
test "$(stat -c %a /tmp)" = 1777
if command -v busybox >/dev/null; then for file in /usr/bin/*; do
  if [ "$(readlink "$file")" = busybox ]; then
    busybox --list | grep -Fqx -- "${file##*/}" || { echo "$file is no program of busybox"; exit 1; }
  fi; done; fi
"""


@dataclass(frozen=True)
class Smoke:
    """The outcome of one image's smoke test: its name, exit code and last line of output."""

    name: str
    exit_code: int
    output: str


def verify(client: docker.DockerClient, recipe: Recipe, *, deadline: float = 60) -> Smoke:
    """Run a base image's smoke test in a container without a network, and remove the container.

    Args:
        client: of the engine.
        recipe: the image.
        deadline: seconds after which the container is ended.

    Raises:
        SmokeFailed: the image lacks its label, or its test failed; the output is in the message.
        EngineError: the engine failed, or has no such image.
    """
    try:
        image = client.images.get(recipe.image)
        container = client.containers.create(
            recipe.image, ["sh", "-c", f"{_COMMON}\n{recipe.smoke}"], network_mode="none"
        )
        try:
            container.start()
            code = int(container.wait(timeout=deadline)["StatusCode"])
            output = container.logs().decode("utf-8", "replace").strip()
        finally:
            container.remove(force=True, v=True)
    except (DockerException, OSError) as error:
        raise translate(error) from error
    if code or recipe.expects not in output or image.labels.get(LABEL_BASE) != recipe.name:
        raise SmokeFailed(
            f"{recipe.image} prints {recipe.expects!r} in its smoke test and carries {LABEL_BASE}={recipe.name}",
            f"exit code {code}, label {image.labels.get(LABEL_BASE)!r}, output:\n{output[-1000:]}",
            f"`course images build {recipe.name}` makes it anew",
        )
    return Smoke(recipe.name, code, output.splitlines()[-1] if output else "")
