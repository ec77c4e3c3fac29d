"""The engine of another Debian keeps its containers, and what is executed in them, away from the machine's files."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import docker


def test_a_command_executed_in_a_container_sees_the_containers_files_only(engine13_url: str):
    with closing(docker.DockerClient(base_url=engine13_url, version="auto", timeout=60)) as client:
        container = client.containers.run("course/busybox", ["sleep", "60"], detach=True)
        try:
            for command in (
                ["cat", "/proc/1/root/etc/hostname"],
                ["sh", "-c", "cat /etc/hostname; readlink /proc/self/root"],
            ):
                code, output = container.exec_run(command)
                assert code == 0 and output.decode().splitlines()[0] == container.short_id, output
            code, output = container.exec_run(["ls", str(Path(__file__).parent)])
            assert code != 0, output
        finally:
            container.remove(force=True)
