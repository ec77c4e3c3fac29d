"""The engine's layer cache serves a build only from the images that the gateway lists."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from contextlib import closing
from typing import Any

import docker

from course.gateway.policy import build
from course.gateway.policy.query import Query


def context(dockerfile: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(dockerfile)
        tar.addfile(member, io.BytesIO(dockerfile.encode()))
    return held.getvalue()


def run_build(client: docker.DockerClient, names: Any, dockerfile: str, cache_from: tuple[str, ...]) -> tuple[str, str]:
    """The image id and the output of a build with the gateway's own query."""
    sent = build.parse(Query()).engine_query(names, cache_from, "none")
    answer = client.api.post(
        client.api._url("/build"), params=sent, data=context(dockerfile), headers={"Content-Type": "application/x-tar"}
    )
    output = [json.loads(line) for line in answer.text.splitlines()]
    built = [line["aux"]["ID"] for line in output if line.get("aux", {}).get("ID")]
    assert built, answer.text
    return built[-1], answer.text


def test_a_layer_is_taken_from_a_listed_image_and_from_no_other(each_engine_url: str, names: Any):
    names.cgroup = ""
    recipe = f"FROM course/busybox\nRUN echo {uuid.uuid4()} > /one\nRUN cat /one > /two\n"
    with closing(docker.DockerClient(base_url=each_engine_url, version="auto", timeout=120)) as client:
        before = set(client.api.images(all=True, quiet=True))
        try:
            first, output = run_build(client, names, recipe, ())
            assert "Using cache" not in output
            stranger, output = run_build(client, names, recipe, ())
            assert "Using cache" not in output and stranger != first
            owner, output = run_build(client, names, recipe, (first,))
            assert output.count("Using cache") == 2 and owner == first
        finally:
            # what was taken from the cache by its history has a step of its own, which no image below it holds
            while made := set(client.api.images(all=True, quiet=True)) - before:
                parents = {client.api.inspect_image(image)["Parent"] for image in made}
                for image in made - parents:
                    client.images.remove(image, force=True)
