"""Networks of sessions: subnets of our own, published ports on 127.0.0.1, and graded containers that reach nobody."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import docker
import pytest
from lease_holders import until
from scopes import open_scope

from course.gateway import Client, firewall, session
from course.gateway.networks import PREFIX, Networks, _routes
from course.gateway.policy.names import EngineRequest
from course.gateway.scope import Scope
from course.gateway.upstream import Upstream

HELLO = ["python3", "-m", "http.server", "8000"]
ASK = (
    "import socket,sys\n"
    "s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)\n"
    "s.settimeout(2)\n"
    "print('no way' if s.connect_ex((sys.argv[1], int(sys.argv[2]))) else 'reached')"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="the firewall needs root")


@pytest.fixture
def host_service() -> Iterator[int]:
    """A service of the host on all its addresses, IPv6 too; its port."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        threading.Thread(target=_accept, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


@contextmanager
def connected(policy: str) -> Iterator[docker.DockerClient]:
    """A docker-py client in a session of its own."""
    with session(policy) as opened, closing(docker.DockerClient(opened.url)) as client:
        yield client


def reaches(client: docker.DockerClient, address: str, port: int, **options: object) -> bool:
    """Whether a container of the session gets a TCP connection to an address."""
    command = ["python3", "-c", ASK, address, str(port)]
    output = client.containers.run("course/python", command, remove=True, **options)
    return bool(output.strip() == b"reached")


def gateway_address(client: docker.DockerClient, network: str = "bridge") -> str:
    """The host's address on a network of the session."""
    return str(client.networks.get(network).attrs["IPAM"]["Config"][0]["Gateway"])


def serve(client: docker.DockerClient) -> tuple[str, int]:
    """Start a web server with a published port in the session; its own address, and its port on the host."""
    web = client.containers.run("course/python", HELLO, detach=True, ports={"8000/tcp": None}, name="web")
    web.reload()
    settings = web.attrs["NetworkSettings"]
    binding = settings["Ports"]["8000/tcp"]
    assert [one["HostIp"] for one in binding] == ["127.0.0.1"]
    return str(next(iter(settings["Networks"].values()))["IPAddress"]), int(binding[0]["HostPort"])


def answers(port: int) -> bool:
    """Whether something answers HTTP on a port of 127.0.0.1."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


@needs_root
def test_a_graded_container_reaches_nobody_and_its_published_port_works(gateway: Client, host_service: int) -> None:
    with connected("grading") as client, connected("class") as foreign:
        assert gateway.status()["firewall"] == "in force"
        foreign_address, _ = serve(foreign)
        own_address, port = serve(client)
        until(lambda: answers(port), "the published port does not answer")
        assert reaches(client, own_address, 8000), "containers of one session reach each other"
        assert not reaches(client, gateway_address(client), host_service), "the host's service was reached"
        assert not reaches(client, foreign_address, 8000), "another session's container was reached"
        assert not reaches(foreign, own_address, 8000), "a graded container was reached from another session"
        assert not reaches(client, host_address(), host_service), "the host's outer address was reached"


def test_a_learners_container_reaches_its_own_and_no_other_session(gateway: Client, host_service: int) -> None:
    with connected("class") as client, connected("class") as other:
        address, port = serve(client)
        until(lambda: answers(port), "the published port does not answer")
        assert reaches(client, address, 8000)
        assert not reaches(other, address, 8000)
        assert not reaches(other, gateway_address(other), port), "what listens on the host's 127.0.0.1 was reached"
        # CONTROL.md: a learner's container reaches what the host offers to its networks, as with plain Docker.
        assert reaches(client, gateway_address(client), host_service)


@needs_root
def test_networks_that_a_graded_learner_makes_are_closed_too(gateway: Client, host_service: int) -> None:
    with connected("grading") as client:
        client.networks.create("own")
        assert not reaches(client, gateway_address(client, "own"), host_service, network="own")


@needs_root
def test_a_graded_container_has_no_ipv6_to_leave_by(gateway: Client) -> None:
    with connected("grading") as client:
        shown = client.containers.run("course/busybox", "cat /proc/net/if_inet6", remove=True).decode()
        outside = [line for line in shown.splitlines() if not line.endswith(" lo")]
        assert outside == [], "the container has an IPv6 address"


@needs_root
def test_the_rules_are_set_once() -> None:
    assert firewall.ensure() == ""
    before = rules()
    assert firewall.ensure() == ""
    assert rules() == before
    assert len(before) == len(set(before)) == 5


def rules() -> list[str]:
    """The machine's IPv4 rules for sessions' networks; other engines of the machine change theirs at any time."""
    shown = subprocess.run(["iptables", "-w", "-S"], capture_output=True, text=True, check=True).stdout
    return sorted(rule for rule in shown.splitlines() if "swg+" in rule or "swl+" in rule)


def host_address() -> str:
    """An address of this machine other than 127.0.0.1, as the default route would use it; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@pytest.fixture
def scope_of(tmp_path: Path) -> Iterator[Callable[..., Scope]]:
    """Makes a scope of a policy; each session has a ledger of its own."""
    with ExitStack() as stack:

        def made(policy: str, sid: str = "a" * 12) -> Scope:
            return stack.enter_context(open_scope(tmp_path, sid, policy))

        yield made


def test_a_taken_subnet_is_passed_over(engine_url: str, scope_of: Callable[..., Scope]) -> None:
    async def scenario() -> None:
        engine = Upstream(Path(engine_url.removeprefix("unix://")))
        scopes = [scope_of("class", letter * 12) for letter in "abc"]
        made = []
        try:
            for scope in scopes:  # each with a fresh range that begins at the same address
                networks = Networks(engine, firewalled=False, range_="10.214.0.0/24")
                networks._next[PREFIX] = 0
                made.append(await networks.default(scope))
                assert await networks.default(scope) == made[-1]
            subnets = [
                (await engine.ask(EngineRequest("GET", ("networks", one)))).value["IPAM"]["Config"][0]["Subnet"]
                for one in made
            ]
            assert subnets == ["10.214.0.0/27", "10.214.0.32/27", "10.214.0.64/27"]
        finally:
            for one in made:
                await engine.ask(EngineRequest("DELETE", ("networks", one)))
            engine.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("policy", "prefix"), [("class", 24), ("own", 24), ("grading", 27)])
def test_a_learners_default_network_has_room_for_all_lessons(
    engine_url: str, scope_of: Callable[..., Scope], policy: str, prefix: int
) -> None:
    async def scenario() -> None:
        engine = Upstream(Path(engine_url.removeprefix("unix://")))
        made = []
        try:
            networks = Networks(engine, firewalled=False)
            scope = scope_of(policy)
            made = [await networks.default(scope)]
            second = await networks.create(scope, "second")
            made.append(second.value["Id"])
            found = [
                (await engine.ask(EngineRequest("GET", ("networks", one)))).value["IPAM"]["Config"][0]["Subnet"]
                for one in made
            ]
            assert [one.rpartition("/")[2] for one in found] == [str(prefix), "27"]
        finally:
            for one in made:
                await engine.ask(EngineRequest("DELETE", ("networks", one)))
            engine.close()

    asyncio.run(scenario())


def test_a_full_range_is_said(engine_url: str, scope_of: Callable[..., Scope]) -> None:
    async def scenario() -> None:
        engine = Upstream(Path(engine_url.removeprefix("unix://")))
        networks = Networks(engine, firewalled=False, range_="10.214.1.0/27")
        scope = scope_of("class")
        one = await networks.default(scope)
        try:
            answer = await networks.create(scope, "second")
            assert not answer.ok
            assert "no free subnet" in answer.message or "overlap" in answer.message
        finally:
            await engine.ask(EngineRequest("DELETE", ("networks", one)))
            engine.close()

    asyncio.run(scenario())


def test_grading_networks_are_internal_without_a_firewall(tmp_path: Path, scope_of: Callable[..., Scope]) -> None:
    engine = Upstream(tmp_path / "none.sock")
    graded = scope_of("grading")
    assert Networks(engine, firewalled=False).options(graded, "10.0.0.0/27")["Internal"]
    options = Networks(engine, firewalled=True).options(graded, "10.0.0.0/27")
    assert not options["Internal"]
    assert options["Options"]["com.docker.network.bridge.name"].startswith("swg")
    assert options["Options"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    learner = scope_of("class", "b" * 12)
    assert (
        Networks(engine, firewalled=True)
        .options(learner, "10.0.0.0/27")["Options"]["com.docker.network.bridge.name"]
        .startswith("swl")
    )


def test_without_a_firewall_a_graded_container_still_does_not_reach_the_host(
    engine: docker.DockerClient, engine_url: str, scope_of: Callable[..., Scope], host_service: int
) -> None:
    async def make() -> str:
        upstream = Upstream(Path(engine_url.removeprefix("unix://")))
        networks = Networks(upstream, firewalled=False, range_="10.214.2.0/24")
        made = await networks.default(scope_of("grading"))
        upstream.close()
        return made

    network = engine.networks.get(asyncio.run(make()))
    try:
        # The bridge's name matches the rules of the firewall, so the container is put on a bridge with another name.
        options = {**network.attrs["Options"], "com.docker.network.bridge.name": "swxtest"}
        settings = network.attrs["IPAM"]["Config"][0]
        network.remove()
        pool = docker.types.IPAMPool(subnet=settings["Subnet"], gateway=settings["Gateway"])
        ipam = docker.types.IPAMConfig(pool_configs=[pool])
        network = engine.networks.create(
            "swxtest", driver="bridge", internal=network.attrs["Internal"], options=options, ipam=ipam
        )
        assert not reaches(engine, settings["Gateway"], host_service, network="swxtest")
        assert not reaches(engine, host_address(), host_service, network="swxtest")
    finally:
        network.remove()


def test_routes_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "devh9\t0000160A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert [str(route) for route in _routes(table)] == ["10.22.0.0/24"]


def test_the_default_network_is_called_bridge_inside(gateway: Client) -> None:
    with connected("class") as client:
        assert [network.name for network in client.networks.list()] == ["bridge"]
