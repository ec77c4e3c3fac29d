"""What a session costs and survives over time: quotas, many sessions, long streams, rude clients."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import attack_world
import docker
import pytest
from attack_world import World, dockerfile
from raw_http import call, request

from course.gateway import Client, Session, session
from course.gateway.policy.limits import CLASS

MIB = 1024 * 1024


@pytest.fixture
def alone(engine_url: str) -> Iterator[Session]:
    with session("class") as opened:
        yield opened


def client_of(opened: Session) -> docker.DockerClient:
    return docker.DockerClient(base_url=opened.url, version="1.41", timeout=120)


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until something is true, or fail saying what was not."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def resident(pid: int) -> int:
    """The bytes of memory that a process has now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def gateway_pid() -> int:
    return int(Client().status()["pid"])


@pytest.mark.parametrize(
    ("path", "body", "quota"),
    [
        ("/v1.41/containers/create", {"Image": "course/busybox"}, "containers"),
        ("/v1.41/networks/create", {"Name": "{n}"}, "networks"),
        ("/v1.41/volumes/create", {"Name": "{n}"}, "volumes"),
    ],
)
def test_a_thousand_of_a_kind_end_at_the_quota_that_is_named(
    alone: Session, path: str, body: dict[str, str], quota: str
) -> None:
    made = 0
    for number in range(1000):
        asked = {key: value.replace("{n}", f"n{number}") for key, value in body.items()}
        answer = call(alone.url, "POST", path, json=asked)
        if answer.status != 201:
            break
        made += 1
    assert made == getattr(CLASS.limits, quota)
    assert answer.status == 403
    assert quota in answer.json["message"]


def test_fifty_sessions_at_once_and_none_sees_another(engine_url: str) -> None:
    def work(number: int, opened: Session) -> tuple[int, list[str], list[str], bytes]:
        with closing(client_of(opened)) as client:
            recipe = io.BytesIO(f"FROM course/busybox\nENV NUMBER={number}\nCMD echo $NUMBER\n".encode())
            client.images.build(fileobj=recipe, tag="shop:1", rm=True)
            container = client.containers.run("shop:1", name="web", detach=True)
            container.wait()
            names = [c.name for c in client.containers.list(all=True)]
            tags = sorted(tag for i in client.images.list() for tag in i.tags if not tag.startswith("course/"))
            return number, names, tags, container.logs()

    with ExitStack() as stack:
        opened = [stack.enter_context(session("class", f"many-{number}")) for number in range(50)]
        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(work, range(50), opened))
    for number, names, tags, output in results:
        assert (names, tags, output) == (["web"], ["shop:1"], f"{number}\n".encode())


def test_memory_stays_flat_over_ten_thousand_calls(alone: Session) -> None:
    with closing(client_of(alone)) as client:
        container = client.containers.create("course/busybox", name="web")

        def calls(number: int) -> None:
            for _ in range(number // 2):
                client.api.containers(all=True)
                client.api.inspect_container(container.id)

        calls(2000)
        before = resident(gateway_pid())
        calls(10_000)
        assert resident(gateway_pid()) - before < 8 * MIB


def test_memory_stays_flat_over_a_stream_of_two_gigabytes(alone: Session) -> None:
    with closing(client_of(alone)) as client:
        container = client.containers.run("course/busybox", ["sleep", "600"], detach=True)
        before = resident(gateway_pid())
        seen = most = 0
        command = ["dd", "if=/dev/zero", "bs=1M", "count=2048"]
        for chunk in container.exec_run(command, stream=True, stderr=False).output:
            seen += len(chunk)
            if seen % (64 * MIB) < len(chunk):
                most = max(most, resident(gateway_pid()))
        assert seen == 2048 * MIB
        assert most - before < 32 * MIB


def test_a_reader_that_never_reads_costs_no_memory(alone: Session) -> None:
    with closing(client_of(alone)) as client:
        container = client.containers.run("course/busybox", ["sleep", "600"], detach=True)
        identity = client.api.exec_create(
            container.id, ["sh", "-c", "dd if=/dev/zero bs=1M count=200; touch /written"]
        )["Id"]
        before = resident(gateway_pid())
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(alone.url.removeprefix("unix://"))
            body = b'{"Detach":false,"Tty":false}'
            headers = {"Content-Type": "application/json", "Connection": "Upgrade", "Upgrade": "tcp"}
            rude.sendall(request("POST", f"/v1.41/exec/{identity}/start", body=body, headers=headers))
            until(lambda: client.api.exec_inspect(identity)["Running"], 10, "the exec runs")
            for _ in range(200):  # the gateway goes on answering others meanwhile
                assert client.ping()
            assert client.api.exec_inspect(identity)["Running"], "nobody read 200 MB, so the writer waits"
            assert resident(gateway_pid()) - before < 32 * MIB
        container.remove(force=True)


def test_a_client_that_vanishes_in_a_build_takes_the_build_with_it(alone: Session, engine: docker.DockerClient) -> None:
    context = dockerfile("FROM course/busybox\nRUN sleep 120\n")
    steps = len(engine.api.containers(all=True))
    with socket.socket(socket.AF_UNIX) as rude:
        rude.connect(alone.url.removeprefix("unix://"))
        rude.sendall(request("POST", "/v1.41/build", body=context, headers={"Content-Type": "application/x-tar"}))
        until(lambda: len(engine.api.containers(all=True)) > steps, 20, "the build step runs")
    until(lambda: len(engine.api.containers(all=True)) == steps, 20, "the build step is gone")


def test_half_a_request_holds_nobody_up(alone: Session) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            half = stack.enter_context(socket.socket(socket.AF_UNIX))
            half.connect(alone.url.removeprefix("unix://"))
            half.sendall(b"POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nContent-Length: 100\r\n\r\n{")
        assert call(alone.url, "GET", "/_ping").status == 200
        with closing(client_of(alone)) as client:
            assert client.containers.run("course/busybox", ["echo", "still"], remove=True) == b"still\n"


def opened_socket(stack: ExitStack, opened: Session) -> socket.socket:
    """A connection that stays open until the stack ends."""
    one = stack.enter_context(socket.socket(socket.AF_UNIX))
    one.settimeout(None)  # connect() waits while the queue of the gateway is full
    one.connect(opened.url.removeprefix("unix://"))
    return one


def test_three_thousand_idle_connections_stop_nobody(alone: Session) -> None:
    with ExitStack() as stack, session("class") as other:
        for _ in range(3000):
            opened_socket(stack, alone)
        assert descriptors() < 3000
        assert call(other.url, "GET", "/_ping").status == 200
        assert call(alone.url, "GET", "/_ping").status == 200


def test_a_session_that_holds_all_its_streams_and_reads_none_costs_others_nothing(alone: Session) -> None:
    """Each stream has more to say than the gateway may keep: what it keeps for all of them has a bound."""
    limits, lines = CLASS.limits, "head -c 900000 /dev/zero | tr '\\0' x | fold -w 8000"
    with ExitStack() as stack, session("class") as other, closing(client_of(alone)) as client:
        container = client.containers.run("course/busybox", ["sh", "-c", f"{lines}; sleep 600"], detach=True)
        until(lambda: len(container.logs()) > 800_000, 20, "the log is written")
        before = resident(gateway_pid())
        for number in range(limits.streams):
            rude = opened_socket(stack, alone)
            rude.sendall(request("GET", f"/v1.41/containers/{container.id}/logs?stdout=1&follow=1"))
            assert rude.recv(12) == b"HTTP/1.1 200", f"stream {number} was refused"
        for _ in range(400):  # more than are let in
            with suppress(OSError):
                opened_socket(stack, alone).sendall(request("GET", "/v1.41/events"))
        until(lambda: call(alone.url, "GET", "/v1.41/events").status == 503, 10, "the flood is over")
        refused = call(alone.url, "GET", "/v1.41/events")
        assert refused.status == 503 and f"{limits.streams} × container.logs of" in refused.json["message"]
        assert call(other.url, "GET", "/v1.41/containers/json").status == 200
        with closing(client_of(other)) as theirs:
            assert theirs.containers.run("course/busybox", ["echo", "still"], remove=True) == b"still\n"
        assert resident(gateway_pid()) - before < 256 * MIB
        assert descriptors() < descriptor_limit() // 4
        container.remove(force=True)
    until(lambda: call(alone.url, "GET", "/v1.41/containers/json").status == 200, 10, "the session answers again")


def descriptors() -> int:
    """How many files the gateway has open."""
    return len(list(Path(f"/proc/{gateway_pid()}/fd").iterdir()))


def descriptor_limit() -> int:
    """How many files the gateway may have open."""
    limits = Path(f"/proc/{gateway_pid()}/limits").read_text()
    return int(next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3])


@pytest.fixture(scope="module")
def two(engine_url: str) -> Iterator[World]:
    with attack_world.world(engine_url, policy="grading") as made:
        yield made


def test_grading_reaches_nothing_outside(two: World) -> None:
    with closing(socket.create_server(("0.0.0.0", 0))) as service:  # a service of the host, on every address
        port = service.getsockname()[1]
        gateway = two.run("sh", "-c", "ip route | head -1; ip addr")
        for address in (
            "172.17.0.1",
            *{word.split("/")[0].rsplit(".", 1)[0] + ".1" for word in gateway.split() if "/" in word and "." in word},
        ):
            shown = two.run("timeout", "3", "nc", "-w", "2", address, str(port), timeout=20)
            assert "open" not in shown
            service.settimeout(0.2)
            with pytest.raises(TimeoutError):
                service.accept()


def test_grading_builds_have_no_network_and_no_download(two: World) -> None:
    listed = two.build(dockerfile("FROM course/busybox\nRUN ls /sys/class/net\n"))
    assert listed.status == 200 and "eth0" not in listed.text
    assert two.build(dockerfile("FROM course/busybox\nADD http://127.0.0.1:1/x /x\n")).refused


def test_grading_builds_never_take_a_layer_that_another_session_planted(two: World) -> None:
    for _ in range(2):
        built = two.build(dockerfile(attack_world.VICTIM_RECIPE))
        assert built.status == 200 and "Using cache" not in built.text
