"""What a session costs against the bare socket, in one interleaved run: `make bench-gateway`.

Each round does the same work directly and through a session, in turn, so that a busy moment of the machine meets both.
The figures are medians over the rounds; the bars are those of the gateway's own README.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

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


def report(what: str, cost: tuple[float, float], figure: str, *, met: bool | None = None, bar: str = "") -> None:
    """Print one line: milliseconds directly and through a session, the figure, and whether it meets its bar."""
    verdict = "" if met is None else f"   bar {bar}: {'met' if met else 'MISSED'}"
    print(f"{what:42} direct {cost[0] * 1e3:9.2f} ms   session {cost[1] * 1e3:9.2f} ms   {figure}{verdict}", flush=True)


@contextmanager
def own_network(client: docker.DockerClient) -> Iterator[str]:
    """A user-defined network, as every session has one, for a like comparison."""
    network = client.networks.create("bench-direct")
    try:
        yield "bench-direct"
    finally:
        network.remove()


def cycle(client: docker.DockerClient, **options: Any) -> Callable[[], None]:
    """create + start + wait + remove of one short container."""

    def run() -> None:
        container = client.containers.create("course/busybox", ["true"], **options)
        container.start()
        container.wait()
        container.remove()

    return run


def listing(client: docker.DockerClient) -> Callable[[], None]:
    return lambda: client.api.containers()


def saving(client: docker.DockerClient, image: str) -> Callable[[], None]:
    def run() -> None:
        size = sum(len(chunk) for chunk in client.api.get_image(image, chunk_size=MIB))
        assert size > 256 * MIB

    return run


def building(client: docker.DockerClient, names: list[str], **query: str) -> Callable[[], None]:
    """A build of four steps, nothing of it cached; the image's name is added to `names`."""

    def run() -> None:
        names.append(f"bench-build:{uuid.uuid4().hex}")
        text = f"FROM course/busybox\nCOPY page /page\nRUN cat /page > /copy\nCMD cat /copy # {names[-1]}\n"
        body = io.BytesIO()
        with tarfile.open(fileobj=body, mode="w") as archive:
            for name, data in {"Dockerfile": text.encode(), "page": names[-1].encode()}.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        answer = client.api.post(
            client.api._url("/build"),
            params={**query, "t": names[-1]},
            data=body.getvalue(),
            headers={"Content-Type": "application/x-tar"},
        )
        assert answer.ok and b'"error"' not in answer.content, answer.text

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
        cost = interleaved(asked.rounds, cycle(direct), cycle(through))
        ratio = cost[1] / cost[0]
        report("create+start+wait+remove", cost, f"ratio {ratio:.3f}", met=ratio <= 1.05, bar="1.05")
        through.networks.create("bench-own")
        with own_network(direct) as network:
            cost = interleaved(asked.rounds, cycle(direct, network=network), cycle(through, network="bench-own"))
            report("the same on a network with names", cost, f"ratio {cost[1] / cost[0]:.3f}")
        cost = interleaved(asked.rounds, cycle(direct, network_mode="none"), cycle(through, network_mode="none"))
        report("the same without a network", cost, f"ratio {cost[1] / cost[0]:.3f}")
        cost = interleaved(asked.rounds * 10, listing(direct), listing(through))
        more = (cost[1] - cost[0]) * 1e3
        report("GET /containers/json", cost, f"{more:.2f} ms more", met=more <= 3.0, bar="3 ms")
        image = large_image(through, asked.megabytes)
        try:
            cost = interleaved(5, saving(direct, image), saving(through, image))
            share = cost[0] / cost[1]
            report(f"save of {asked.megabytes} MB", cost, f"throughput {share:.3f}", met=share >= 0.8, bar="0.8")
        finally:
            through.images.remove("bench-large:1")
        if direct.version()["Version"] >= "28.5":  # the engine's own BuildKit, as a client without a session has it
            made: tuple[list[str], list[str]] = ([], [])
            ways = building(direct, made[0], version="2"), building(through, made[1])
            cost = interleaved(asked.rounds, *ways)
            ratio = cost[1] / cost[0]
            report("a build of four steps by BuildKit", cost, f"ratio {ratio:.3f}", met=ratio <= 1.15, bar="1.15")
            for client, names in zip((direct, through), made, strict=True):
                for name in names:
                    client.images.remove(name)
        many = [stack.enter_context(session()).url for _ in range(asked.sessions)]
        cost = interleaved(4, crowd([engine] * asked.sessions, 2), crowd(many, 2))
        ratio = cost[1] / cost[0]
        what = f"{asked.sessions} clients at once, two cycles each"
        report(what, cost, f"ratio {ratio:.3f}", met=ratio <= 1.1, bar="1.10")


if __name__ == "__main__":
    main()
