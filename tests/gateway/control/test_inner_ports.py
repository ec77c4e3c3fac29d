"""Published ports that also answer inside another network namespace, as a graded kernel needs them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest
from lease_holders import Holder, gateway_pid, until

from course.gateway import Client, journal, machine, session
from course.gateway.errors import GatewayError
from course.gateway.inner_ports import CONNECTIONS, published

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="entering a network namespace needs root")
SERVE = ["python3", "-m", "http.server", "8000"]
FAILS = ["sh", "-c", "trap 'exit 3' TERM; python3 -m http.server 8000 & wait"]  # when it is sent SIGTERM
GET = "import sys, urllib.request as u; print(u.urlopen(f'http://127.0.0.1:{sys.argv[1]}/', timeout=20).status)"
LISTENS = "import sys, socket; s = socket.socket(); print(s.connect_ex(('127.0.0.1', int(sys.argv[1]))))"
TAKE = "import sys, socket; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(1, flush=True); input()"
TURNED_AWAY = """
import select, socket, sys
port, most, more = map(int, sys.argv[1:])
rest, closed = [socket.create_connection(("127.0.0.1", port)) for _ in range(most + more)], 0
while closed < more and (ready := select.select(rest, [], [], 30)[0]):
    closed += len(ready)
    rest = [one for one in rest if one not in ready]
print(closed, len(select.select(rest, [], [], 0)[0]))
"""


class Room:
    """A process in a network namespace of its own that has nothing but a loopback."""

    def __init__(self) -> None:
        up = "ip link set lo up && echo up && exec sleep 600"
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", up], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline() == "up\n"
        self.pid = self.process.pid

    def run(self, code: str, *arguments: object) -> str:
        """What a Python program prints inside, or the last line of its error."""
        command = ["nsenter", "--net", "--target", str(self.pid), sys.executable, "-c", code, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    def listens(self, port: int) -> bool:
        """Whether something listens on that port inside; asked once, without waiting."""
        return self.run(LISTENS, port) == "0"

    def close(self) -> None:
        """End the process; the namespace goes with it, unless somebody else keeps it."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def room() -> Iterator[Room]:
    """A namespace for the test."""
    one = Room()
    yield one
    one.close()


def serve(client: docker.DockerClient, command: list[str] = SERVE, **options: Any) -> tuple[Any, int]:
    """Start a web server with a published port; the container, and its port on the host."""
    web = client.containers.run("course/python", command, detach=True, ports={"8000/tcp": None}, **options)
    return web, port_of(web)


def port_of(container: Any) -> int:
    """The port that a container's server is published at."""
    container.reload()
    return int(container.attrs["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"])


def status(room: Room, port: int) -> str:
    """What a web server answers inside, once the server in the container has come up."""
    return str(until(lambda: (said := room.run(GET, port)) == "200" and said, f"no answer at {port} inside"))


@pytest.mark.parametrize("policy", ["grading", "class"])
def test_ports_answer_inside_from_start_to_stop_and_nothing_else_does(gateway: Client, room: Room, policy: str) -> None:
    with (
        session(policy) as one,
        closing(docker.DockerClient(one.url)) as client,
        socket.create_server(
            ("0.0.0.0", 0)  # a service of the host
        ) as host,
    ):
        early, early_port = serve(client, name="early")
        assert not room.listens(early_port)
        assert gateway.open_ports_in(one.id, room.pid) == [early_port]
        web, port = serve(client, name="web")
        assert room.listens(port), "it does not listen although the start was answered"
        assert status(room, port) == status(room, early_port) == "200"
        assert not room.listens(host.getsockname()[1])
        web.restart(timeout=0)
        assert room.listens(port_of(web)), "it does not listen although the restart was answered"
        assert status(room, port_of(web)) == "200"
        web.stop(timeout=0)
        assert not room.listens(port), "it listens although the stop was answered"
        early.kill()
        until(lambda: not room.listens(early_port), "it listens although the container was killed")
        with closing(docker.DockerClient(one.url)) as other:
            again, port = serve(other, remove=True)
            again.remove(force=True)
        assert not room.listens(port), "it listens although the removal was answered"
        lines = [entry for entry in journal(one) if entry.route.startswith("ports.")]
    assert [entry.route for entry in lines[:2]] == ["ports.open", "ports.close"]
    assert any(entry.outcome["connections"] and entry.outcome["sent"] for entry in lines[1:])


def test_a_container_that_restarts_or_ends_by_itself_is_followed(gateway: Client, room: Room) -> None:
    with session("grading") as one, closing(docker.DockerClient(one.url)) as client:
        gateway.open_ports_in(one.id, room.pid)
        web, first = serve(client, command=FAILS, restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
        assert status(room, first) == "200"
        web.exec_run(["sh", "-c", "kill -TERM 1"])  # the engine's own kill would count as a stop

        def moved() -> bool:
            web.reload()  # one that waits for its next start counts as running, but has no port
            state = web.attrs["State"]
            return bool(web.attrs["RestartCount"] == 1 and state["Running"] and not state["Restarting"])

        until(moved, "the container was not started again")
        until(lambda: room.listens(port_of(web)), "the port of the second run does not answer inside")
        assert status(room, port_of(web)) == "200"


def test_the_other_machine_of_the_learner_answers_and_another_learner_does_not(gateway: Client, room: Room) -> None:
    with session("grading") as one, session("grading") as foreign:
        gateway.open_ports_in(one.id, room.pid)
        second = machine(one, "colleague")
        with closing(docker.DockerClient(second.url)) as mine, closing(docker.DockerClient(foreign.url)) as theirs:
            _, port = serve(mine)
            _, foreign_port = serve(theirs)
            assert status(room, port) == "200"
            assert not room.listens(foreign_port)


def test_it_ends_with_its_process_and_with_the_session(gateway: Client, room: Room) -> None:
    with session("grading") as one, closing(docker.DockerClient(one.url)) as client:
        other = Room()
        kept = os.open(f"/proc/{other.pid}/ns/net", os.O_RDONLY)  # the namespace outlives its process
        try:
            gateway.open_ports_in(one.id, other.pid)
            gateway.open_ports_in(one.id, Path(f"/proc/{room.pid}/ns/net"))
            _, port = serve(client)
            reached = ["nsenter", f"--net=/proc/{os.getpid()}/fd/{kept}", sys.executable, "-c", LISTENS, str(port)]

            def listens() -> bool:
                return subprocess.run(reached, capture_output=True, text=True, check=True).stdout == "0\n"

            assert listens()
            other.close()
            until(lambda: not listens(), "it listens although the process is gone")
            assert room.listens(port)
        finally:
            os.close(kept)
    assert not room.listens(port), "it listens although the session has ended"


def test_connections_are_bounded_and_a_silent_container_costs_only_them(gateway: Client, room: Room) -> None:
    with session("grading") as one, closing(docker.DockerClient(one.url)) as client:
        gateway.open_ports_in(one.id, room.pid)
        _, port = serve(client)
        assert status(room, port) == "200"
        assert room.run(TURNED_AWAY, port, CONNECTIONS, 5) == "5 0"
        assert status(room, port) == "200", "no connection is free again"


def test_the_next_gateway_opens_them_again(gateway: Client, room: Room, hold: Callable[..., Holder]) -> None:
    held = hold({"name": "graded", "policy": "grading"}).session
    gateway.open_ports_in(held.id, room.pid)
    with closing(docker.DockerClient(held.url)) as client:
        _, port = serve(client)
        before = gateway_pid(gateway)
        os.kill(before, signal.SIGKILL)
        until(lambda: gateway.status()["pid"] != before, "no next gateway")
        assert status(room, port) == "200"
        client.containers.list()[0].stop(timeout=0)
        assert not room.listens(port)


def test_a_port_that_the_submission_took_is_left_to_it(gateway: Client, room: Room) -> None:
    with session("grading") as one, closing(docker.DockerClient(one.url)) as client:
        _, port = serve(client)
        command = ["nsenter", "--net", "--target", str(room.pid), sys.executable, "-c", TAKE, str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as squatter:
            assert squatter.stdout
            squatter.stdout.readline()
            assert gateway.open_ports_in(one.id, room.pid) == []
            squatter.kill()
        assert [entry.outcome["port"] for entry in journal(one) if entry.route == "ports.failed"] == [port]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: os.getpid(), "namespace of the host"),
        (lambda: Path(f"/proc/{os.getpid()}/ns/mnt"), "another kind"),
        (lambda: Path("/etc/passwd"), "no namespace"),
        (lambda: Path("/nowhere"), "No such file"),
    ],
)
def test_what_is_no_other_namespace_is_said(gateway: Client, wrong: Callable[[], Any], words: str) -> None:
    with session("grading") as one, pytest.raises(GatewayError, match=words):
        gateway.open_ports_in(one.id, wrong())


def test_a_loopback_that_is_down_is_said(gateway: Client, room: Room) -> None:
    assert room.run("import subprocess; print(subprocess.call(['ip', 'link', 'set', 'lo', 'down']))") == "0"
    with session("grading") as one, pytest.raises(GatewayError, match="loopback that is up"):
        gateway.open_ports_in(one.id, room.pid)


def test_only_tcp_ports_of_a_running_container_count() -> None:
    settings = {
        "Networks": {"a": {"IPAddress": ""}, "b": {"IPAddress": "10.0.0.2"}},
        "Ports": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "4000"}],
            "53/udp": [{"HostPort": "4001"}],
            "1/tcp": None,
        },
    }
    assert published({"State": {"Running": True}, "NetworkSettings": settings}) == {4000: ("10.0.0.2", 80)}
    assert published({"State": {"Running": False}, "NetworkSettings": settings}) == {}
