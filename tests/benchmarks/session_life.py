"""What a session costs beside its calls: open, end, the gateway's start, the import. Prints medians in milliseconds.

`python tests/benchmarks/session_life.py`, with SLIPWAY_ENGINE set to an engine that has the base images. It uses
folders of its own, so a gateway that runs already is left alone.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import docker


def milliseconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def median(work: Callable[[], object], times: int) -> float:
    """The median of several runs."""
    return statistics.median(milliseconds(work) for _ in range(times))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="swb", dir="/tmp") as folder:
        os.environ |= {"SLIPWAY_STATE_DIR": f"{folder}/s", "SLIPWAY_RUNTIME_DIR": f"{folder}/r"}
        from course.gateway import Client

        client = Client()
        print(f"start of the gateway        {milliseconds(client.status):7.1f}")
        opened, ended, full = [], [], []
        for _ in range(20):
            opened.append(milliseconds(lambda: client.open("empty", "grading")))
            ended.append(milliseconds(lambda: client.end("empty")))
        for _ in range(8):
            url = client.open("full").url
            with closing(docker.DockerClient(url)) as inside:
                inside.containers.run("course/busybox", "sleep 600", detach=True)
            full.append(milliseconds(lambda: client.end("full")))
        print(f"open                        {statistics.median(opened):7.1f}")
        print(f"end, empty                  {statistics.median(ended):7.1f}")
        print(f"end, one running container  {statistics.median(full):7.1f}")
        print(f"status                      {median(client.status, 100):7.1f}")
        bare = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 9)
        face = median(lambda: subprocess.run([sys.executable, "-c", "import course.gateway"], check=True), 9)
        print(f"import, beyond Python's     {face - bare:7.1f}")
        status = Path(f"/proc/{client.status()['pid']}/status")
        if status.exists():
            print("memory of the gateway      ", status.read_text().split("VmRSS:")[1].splitlines()[0].strip())
        client.stop(end_sessions=True)


if __name__ == "__main__":
    main()
