"""The engine that grades is private, has the base images, and goes without a trace, also when its grader is killed."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from fnmatch import fnmatch
from pathlib import Path

import docker
import pytest
from docker_py_calls import SCENARIOS

from course import gateway
from course.engine import bridges
from grader.examine import engine as module
from grader.examine.engine import Configuration, GradingEngine, remove_abandoned
from grader.examine.keeper import LOCK, _started_from
from grader.examine.sandbox.reach import IDS, LOWEST_ID

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="an engine of one's own needs root"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]
SECONDS = 90.0


@pytest.fixture(scope="module")
def grading(engine_url: str) -> Iterator[GradingEngine]:
    with GradingEngine() as one:
        yield one


@pytest.fixture
def on_it(grading: GradingEngine) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(base_url=grading.url)) as client:
        yield client


def test_it_has_the_base_images_by_id_and_nothing_else(on_it: docker.DockerClient, engine: docker.DockerClient) -> None:
    there = {name: on_it.images.get(name).id for name in module.NAMES}
    assert there == {name: engine.images.get(name).id for name in module.NAMES}
    assert len(on_it.images.list(all=True)) == 4 and on_it.containers.list(all=True) == []


def test_root_in_a_container_is_nobody_on_the_machine(grading: GradingEngine, on_it: docker.DockerClient) -> None:
    if any("not remapped" in line for line in grading.weaker):
        pytest.skip("this machine cannot remap user namespaces")
    said = on_it.containers.run("course/busybox", ["cat", "/proc/self/uid_map"], remove=True)
    first, outside, _count = said.split()
    assert (first, outside != b"0") == (b"0", True)


@pytest.mark.parametrize("name", ["life_cycle", "exec_in_every_way", "volumes", "networks", "ports_and_health"])
def test_a_learner_sees_the_same_as_on_an_engine_with_runc(
    name: str, grading: GradingEngine, engine: docker.DockerClient
) -> None:
    # these have containers with an init process too, which crun cannot start
    client = gateway.Client(grading.url)
    session = client.open(f"same-{name}", "class")
    try:
        with closing(docker.DockerClient(base_url=session.url)) as through:
            assert SCENARIOS[name](through) == SCENARIOS[name](engine)
    finally:
        client.end(session.id)


def test_an_exec_right_after_the_start_runs(grading: GradingEngine) -> None:
    # a hundredth of a processor: crun's last steps before the container's program take a while; on the engine's own
    # socket two of three such execs end with 126, "OCI runtime exec failed: setns(…): Operation not permitted"
    client = gateway.Client(grading.url)
    session = client.open("early", "grading")
    try:
        with closing(docker.DockerClient(base_url=session.url)) as through:
            said = []
            for _ in range(10):
                one = through.containers.run("course/busybox", ["sleep", "600"], detach=True, nano_cpus=10_000_000)
                said.append(tuple(one.exec_run(["echo", "a"])))
                one.remove(force=True)
            assert said == [(0, b"a\n")] * 10
    finally:
        client.end(session.id)


def test_a_graded_session_on_it_reaches_neither_host_nor_neighbour_and_publishes_ports(grading: GradingEngine) -> None:
    client = gateway.Client(grading.url)
    one, two = (client.open(f"isolated-{which}", "grading") for which in "ab")
    try:
        with closing(docker.DockerClient(base_url=one.url)) as a, closing(docker.DockerClient(base_url=two.url)) as b:
            serve = ["httpd", "-f", "-p", "8000"]
            server = a.containers.run("course/busybox", serve, name="web", detach=True, ports={"8000/tcp": None})
            server.reload()
            (network,) = server.attrs["NetworkSettings"]["Networks"].values()
            (port,) = server.ports["8000/tcp"]
            ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {} {} 2>&1; echo done"

            def said(by: docker.DockerClient, address: str, port: object) -> str:
                command = ["sh", "-c", ask.format(address, port)]
                return str(by.containers.run("course/busybox", command, remove=True).decode())

            assert "404" in said(a, network["IPAddress"], 8000), "the own network works"
            assert "404" not in said(b, network["IPAddress"], 8000), "the neighbour's does not"
            assert "404" not in said(a, network["Gateway"], port["HostPort"]), "nor does the host"
            fetched = subprocess.run(
                [sys.executable, "-c", _GET, f"http://127.0.0.1:{port['HostPort']}/"], capture_output=True, check=True
            )
            assert fetched.stdout.strip() == b"404", "a published port answers on the host"
            server.remove(force=True)
    finally:
        for session in (one, two):
            client.end(session.id)


def test_a_context_and_a_copy_of_a_sandboxes_files_reach_a_remapped_engine(grading: GradingEngine) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in (("Dockerfile", b"FROM course/busybox\nCOPY a.txt /a.txt\n"), ("a.txt", b"a")):
            member = tarfile.TarInfo(name)
            member.size, member.uid, member.gid = len(content), 658_811_043, 658_811_043
            tar.addfile(member, io.BytesIO(content))
    client = gateway.Client(grading.url)
    session = client.open("contexts", "grading")
    try:
        with closing(docker.DockerClient(base_url=session.url)) as inside:
            inside.images.build(fileobj=io.BytesIO(packed.getvalue()), custom_context=True, tag="made", rm=True)
            assert inside.containers.run("made", ["stat", "-c", "%u", "/a.txt"], remove=True) == b"0\n"
            container = inside.containers.create("made", ["stat", "-c", "%u", "/b.txt"])
            copied = io.BytesIO()
            with tarfile.open(fileobj=copied, mode="w") as tar:
                member = tarfile.TarInfo("b.txt")
                member.uid = member.gid = LOWEST_ID + IDS - 1
                tar.addfile(member)
            assert container.put_archive("/", copied.getvalue())
            container.start()
            assert container.wait()["StatusCode"] == 0
            assert container.logs() == f"{LOWEST_ID + IDS - 1}\n".encode()
    finally:
        client.end(session.id)


_GET = """
import sys, urllib.request, urllib.error
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def test_an_engine_that_crashed_is_put_back_fresh(grading: GradingEngine) -> None:
    before = grading.url
    with closing(docker.DockerClient(base_url=before)) as client:
        client.containers.run("course/busybox", ["sleep", "600"], detach=True, name="left")
    assert grading._daemon is not None
    grading._daemon.kill()
    grading.restart()
    with closing(docker.DockerClient(base_url=before)) as client:
        assert grading.url == before and client.containers.list(all=True) == []
        assert client.containers.run("course/busybox", ["echo", "again"], remove=True) == b"again\n"


def test_without_what_a_machine_may_lack_it_says_so_and_works(
    engine_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "crun").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "crun").chmod(0o755)
    monkeypatch.setattr(module, "_crun", lambda: str(tmp_path / "crun"))
    monkeypatch.setattr(module, "NAMES", ("course/busybox",))
    with GradingEngine(Configuration(in_memory=False)) as one:
        assert any("crun" in line for line in one.weaker)
        with closing(docker.DockerClient(base_url=one.url)) as client:
            assert client.info()["DefaultRuntime"] == "runc"


@pytest.mark.parametrize("keeper_too", [False, True], ids=["the grader", "the grader and the keeper"])
def test_nothing_stays_behind_a_grader_that_is_killed(engine_url: str, keeper_too: bool) -> None:
    program = (
        "import sys, time\nfrom grader.examine import engine\nengine.NAMES = ('course/busybox',)\n"
        "one = engine.GradingEngine().__enter__()\nimport docker\n"
        "from pathlib import Path\nfrom course.engine import bridges\n"
        "client = docker.DockerClient(base_url=one.url)\n"
        "name = bridges.name(Path(one.url.removeprefix('unix://')), grading=True)\n"
        "client.networks.create('own', options={'com.docker.network.bridge.name': name})\n"
        "options = {'network': 'own', 'ports': {'80/tcp': None}, 'detach': True}\n"
        "client.containers.run('course/busybox', ['sleep', '7777'], **options)\n"
        "print(one._home, one._keeper.pid, flush=True)\ntime.sleep(600)\n"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert grader.stdout is not None
        with grader.stdout as said:
            home, keeper = said.readline().split()
        patterns = (Path(home) / "bridges").read_text().split()
        assert len(_links(patterns)) == 2
        assert len(_rules(patterns)) > 8
        assert _started_from(Path(home))
        assert _becomes(_sleeping), "the container runs"
        if keeper_too:
            os.kill(int(keeper), signal.SIGKILL)
    finally:
        grader.kill()
        grader.wait()

    def gone() -> bool:
        if keeper_too:
            remove_abandoned()
        return not Path(home).exists() and _started_from(Path(home)) == [] and not _sleeping()

    assert _becomes(gone)
    assert _links(patterns) == [] and _rules(patterns) == []


def _links(patterns: list[str]) -> list[str]:
    return [name for _, name in socket.if_nameindex() for one in patterns if fnmatch(name, one)]


def _rules(patterns: list[str]) -> list[str]:
    """The rules that name a bridge."""
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in saved if any(fnmatch(word, one) for word in line.split() for one in patterns)]


def test_an_engine_that_ends_takes_its_networks_and_rules_away(engine_url: str) -> None:
    before = subprocess.run(["iptables-save", "-t", "nat"], capture_output=True, text=True, check=True).stdout
    with GradingEngine() as one, closing(docker.DockerClient(base_url=one.url)) as client:
        name = bridges.name(Path(one.url.removeprefix("unix://")), grading=True)
        client.networks.create("own", options={"com.docker.network.bridge.name": name})
        options = {"network": "own", "ports": {"80/tcp": None}, "detach": True, "stop_signal": "SIGKILL"}
        client.containers.run("course/busybox", ["sleep", "7777"], **options)
        assert _links([name])
    assert not _links([name])
    after = subprocess.run(["iptables-save", "-t", "nat"], capture_output=True, text=True, check=True).stdout
    assert [line for line in after.splitlines() if line.startswith("-A") and line not in before.splitlines()] == []


def test_a_link_to_another_folder_is_not_cleared_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "own").mkdir()
    (tmp_path / f"{module.PREFIX}link").symlink_to(tmp_path / "own")
    remove_abandoned()
    assert list((tmp_path / "own").iterdir()) == []


def test_several_graders_clear_up_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for number in range(200):
        home = tmp_path / f"{module.PREFIX}{number}"
        home.mkdir()
        (home / LOCK).touch()
    with ThreadPoolExecutor(4) as pool:
        for clearing in [pool.submit(remove_abandoned) for _ in range(4)]:
            clearing.result()
    assert not list(tmp_path.iterdir())


def _becomes(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_the_folder_of_a_grader_that_lives_is_left_alone(grading: GradingEngine) -> None:
    remove_abandoned()
    assert grading._home is not None and (grading._home / LOCK).exists()
    assert list(Path(tempfile.gettempdir()).glob(f"{module.PREFIX}*"))


def _sleeping() -> bool:
    commands = (entry / "cmdline" for entry in Path("/proc").iterdir() if entry.name.isdigit())
    found = []
    for command in commands:
        try:
            found.append(command.read_bytes())
        except OSError:
            continue
    return b"sleep\x007777\x00" in found
