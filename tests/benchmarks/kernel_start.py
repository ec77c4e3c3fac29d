"""How much slower the course kernel starts than plain ipykernel: ratios from one interleaved run.

    .venv/bin/python tests/benchmarks/kernel_start.py [ROUNDS]

Measured for each kernel, from `start_new_kernel` on: until it answers `kernel_info` (ready), until a first empty cell
has run (first cell: here the course kernel waits for its session), and until `docker.from_env().ping()` has run in a
first cell (first call). It needs an engine (DOCKER_HOST or SLIPWAY_ENGINE); for the plain kernel DOCKER_HOST names the
same session. The gateway runs already, as it does for every kernel of a learner except the first.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

KERNELS = ("python3", "slipway")
STAGES = ("ready", "first cell", "first call")
LIMIT = 1.3
CALL = "import docker; assert docker.from_env().ping()"


def measure(kernel: str, cell: str, env: dict[str, str], folder: Path) -> tuple[float, float]:
    """Seconds until the kernel is ready, and until its first cell has run."""
    begin = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=kernel, cwd=str(folder), env=env)
    try:
        ready = time.perf_counter() - begin
        reply = client.execute_interactive(cell, timeout=60, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok", reply["content"]
        return ready, time.perf_counter() - begin
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def main(rounds: int) -> None:
    """Run both kernels in turn and print medians and ratios."""
    from course.gateway import attach

    seconds: dict[tuple[str, str], list[float]] = {(k, s): [] for k in KERNELS for s in STAGES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with attach(folder) as lease:
            engine = {"SLIPWAY_ENGINE": lease.session.engine, "SLIPWAY_WORKSPACE": name}
            plain = {**os.environ, "DOCKER_HOST": lease.session.url}
            course = {k: v for k, v in os.environ.items() if k != "DOCKER_HOST"} | engine
            for _ in range(rounds + 1):
                for kernel, env in zip(KERNELS, (plain, course), strict=True):
                    ready, cell = measure(kernel, "pass", env, folder)
                    _, call = measure(kernel, CALL, env, folder)
                    for stage, value in zip(STAGES, (ready, cell, call), strict=True):
                        seconds[kernel, stage].append(value)
    for stage in STAGES:
        plain_s, course_s = (statistics.median(seconds[kernel, stage][1:]) for kernel in KERNELS)  # the first warms up
        verdict = "met" if course_s <= LIMIT * plain_s else "NOT met"
        print(
            f"{stage:<10}  ipykernel {plain_s:.3f} s  slipway {course_s:.3f} s  "
            f"ratio {course_s / plain_s:.2f}  {verdict}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
