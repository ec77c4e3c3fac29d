"""What a session costs against the bare socket, in one interleaved run: `make bench-gateway`.

Each round does the same work directly and through a session, in turn, so that a busy moment of the machine meets both. The
figures are medians over the rounds; the bars are those of the gateway's own README.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import docker

from course.engine import find
from course.gateway import session

MIB = 1024 * 1024


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(rounds: int, direct: Callable[[], object], through: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of both ways, measured in turn, each going first every other time."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for way in (0, 1) if number % 2 else (1, 0):
            times[way].append(timed((direct, through)[way]))
    return statistics.median(times[0]), statistics.median(times[1])


def cycle(client: docker.DockerClient) -> Callable[[], None]:
    """create + start + wait + remove of one short container."""

    def run() -> None:
        container = client.containers.create("course/busybox", ["true"])
        container.start()
        container.wait()
        container.remove()

    return run


def listing(client: docker.DockerClient) -> Callable[[], None]:
    return lambda: client.api.containers()


def saving(client: docker.DockerClient, image: str) -> Callable[[], None]:
    def run() -> None:
        size = sum(len(chunk) for chunk in client.api.get_image(image, chunk_size=MIB))
        assert size > 512 * MIB

    return run


def large_image(client: docker.DockerClient, megabytes: int) -> str:
    """An image with one layer of bytes that do not compress, under the same name for both ways."""
    container = client.containers.run(
        "course/busybox", ["dd", "if=/dev/urandom", "of=/big", "bs=1M", f"count={megabytes}"], detach=True
    )
    container.wait()
    image = container.commit("bench-large", "1")
    container.remove()
    return str(image.id)


def crowd(urls: list[str], each: int) -> Callable[[], None]:
    """Several clients at once, each with its own socket, each doing some cycles."""

    def one(url: str) -> None:
        with closing(docker.DockerClient(base_url=url, version="1.41", timeout=300)) as client:
            for _ in range(each):
                cycle(client)()

    def run() -> None:
        with ThreadPoolExecutor(len(urls)) as pool:
            list(pool.map(one, urls))

    return run


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--megabytes", type=int, default=1024)
    options.add_argument("--sessions", type=int, default=20)
    asked = options.parse_args()
    engine = find(local_only=True).url
    with ExitStack() as stack:
        opened = stack.enter_context(session())
        direct = stack.enter_context(closing(docker.DockerClient(base_url=engine, version="1.41", timeout=600)))
        through = stack.enter_context(closing(docker.DockerClient(base_url=opened.url, version="1.41", timeout=600)))
        a, b = interleaved(asked.rounds, cycle(direct), cycle(through))
        print(
            f"create+start+wait+remove  direct {a * 1e3:7.1f} ms  session {b * 1e3:7.1f} ms  ratio {b / a:.3f}",
            flush=True,
        )
        a, b = interleaved(asked.rounds * 10, listing(direct), listing(through))
        print(
            f"GET /containers/json      direct {a * 1e3:7.2f} ms  session {b * 1e3:7.2f} ms  more {(b - a) * 1e3:.2f} ms",
            flush=True,
        )
        image = large_image(through, asked.megabytes)
        try:
            a, b = interleaved(3, saving(direct, image), saving(through, image))
            rate = asked.megabytes / a, asked.megabytes / b
            print(
                f"save of {asked.megabytes} MB          direct {rate[0]:7.0f} MB/s session {rate[1]:7.0f} MB/s ratio {a / b:.3f}",
                flush=True,
            )
        finally:
            through.images.remove("bench-large:1")
        many = [stack.enter_context(session()).url for _ in range(asked.sessions)]
        a, b = interleaved(4, crowd([engine] * asked.sessions, 2), crowd(many, 2))
        print(
            f"{asked.sessions} clients at once, 2 each direct {a:7.2f} s   session {b:7.2f} s   ratio {b / a:.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
