"""Both languages: each pair of call and command, run on the engine in a session of its own, has the same effect."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from course.gateway import session
from course.lesson import commands
from course.lesson.commands import Pair, pairs

SECONDS = 60


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair.command)
def test_a_call_and_its_command_have_the_same_effect(
    pair: Pair, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    worlds = []
    for way in (in_python, in_a_terminal):
        folder = tmp_path / way.__name__
        (folder / "shop").mkdir(parents=True)
        (folder / "shop" / "Dockerfile").write_text("FROM course/busybox\nENV TOWN=Seaside\n")
        monkeypatch.chdir(folder)
        with opened() as (client, environment):
            names: dict[str, Any] = {"client": client, "Path": Path}
            exec(pair.before, names)
            said = way(pair, names, environment)
            assert [text for text in pair.says if text not in said] == [], said
            worlds.append(world(client, pair))
    assert worlds[0] == worlds[1]


def in_python(pair: Pair, names: dict[str, Any], _environment: dict[str, str]) -> str:
    value = eval(pair.python, names)
    return value.decode() if isinstance(value, bytes) else str(value)


def in_a_terminal(pair: Pair, _names: dict[str, Any], environment: dict[str, str]) -> str:
    run = subprocess.run(
        shlex.split(pair.command),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@contextmanager
def opened() -> Iterator[tuple[docker.DockerClient, dict[str, str]]]:
    with session(policy="class") as one, closing(docker.DockerClient(one.url, timeout=SECONDS)) as client:
        yield client, one.environment()


def world(client: docker.DockerClient, pair: Pair) -> dict[str, Any]:
    """What is there, without what differs from run to run: ids, times, names and numbers that the engine chose."""
    named = re.findall(r"[\w-]+", pair.python + pair.before)
    return {
        "containers": sorted(
            (facts(container.attrs, named) for container in client.containers.list(all=True)), key=repr
        ),
        "images": sorted(tag for image in client.images.list() for tag in image.tags),
        "networks": sorted(network.name for network in client.networks.list()),
        "volumes": sorted(volume.name for volume in client.volumes.list()),
    }


def facts(attrs: dict[str, Any], named: list[str]) -> dict[str, Any]:
    config, host, state = attrs["Config"], attrs["HostConfig"], attrs["State"]
    name = attrs["Name"].lstrip("/")
    health, restart = config.get("Healthcheck") or {}, host.get("RestartPolicy") or {}
    return {
        "name": name if name in named else "chosen by the engine",
        "state": (state["Status"], state["ExitCode"]),
        "runs": (config["Image"].removesuffix(":latest"), config.get("Entrypoint") or [], config.get("Cmd")),
        "set": (
            sorted(config.get("Env") or ()),
            config.get("Labels") or {},
            health.get("Test"),
            health.get("Interval"),
        ),
        "ports": sorted(host.get("PortBindings") or ()),
        "restart": (restart.get("Name") or "no", restart.get("MaximumRetryCount")),
        "networks": sorted(attrs["NetworkSettings"]["Networks"]),
        "mounts": sorted((mount.get("Name"), mount["Destination"]) for mount in attrs["Mounts"]),
    }


def test_the_card_holds_every_pair_as_text_and_as_a_table() -> None:
    bundle = commands()._repr_mimebundle_()
    for pair in pairs():
        assert pair.command in bundle["text/plain"] and pair.python in bundle["text/plain"]
    assert bundle["text/html"].count("<tr>") == len(pairs()) + 1
    assert {row.lesson for row in commands("L03").rows} == {"L03"}
