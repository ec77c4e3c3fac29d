"""A session of the policy `own`: what any tutorial types works, and nothing outside the session is touched by name."""

from __future__ import annotations

import io
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import docker
import pytest
from docker.errors import APIError, ImageNotFound
from docker_py_suite import free_port, wait_for

from course.gateway import Client, Session, session

IMAGE = "course/busybox"
SECONDS = 120


@contextmanager
def registry_outside(engine: docker.DockerClient) -> Iterator[str]:
    """A registry that belongs to no session, with an image "alpine" that the engine itself does not have."""
    port = free_port()
    registry = engine.containers.run("course/registry", detach=True, ports={"5000/tcp": ("127.0.0.1", port)})
    try:
        wait_for(f"http://127.0.0.1:{port}/v2/")
        recipe = f"FROM {IMAGE}\nLABEL which=first\nRUN echo tutorial > /which\n"
        name = f"localhost:{port}/alpine"
        engine.images.build(fileobj=io.BytesIO(recipe.encode()), tag=name, rm=True, forcerm=True)
        list(engine.images.push(name, stream=True))
        engine.images.remove(name)
        yield f"localhost:{port}"
    finally:
        registry.remove(force=True, v=True)


@pytest.fixture
def registry(engine: docker.DockerClient) -> Iterator[str]:
    with registry_outside(engine) as host:
        yield host


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace with a page in it; not below the folders that pytest's own sessions keep."""
    with tempfile.TemporaryDirectory(prefix="own-ws-", dir="/var/tmp") as folder:
        place = Path(folder).resolve()
        (place / "site").mkdir()
        (place / "site/index.html").write_text("from the workspace\n")
        monkeypatch.setenv("SLIPWAY_WORKSPACE", str(place))
        yield place


@pytest.fixture
def own(engine_url: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    with session() as opened:
        assert opened.policy == "own"
        yield opened


@pytest.fixture
def client(own: Session) -> Iterator[docker.DockerClient]:
    with closing(docker.DockerClient(own.url, timeout=SECONDS)) as one:
        yield one


def cli(own: Session, *words: str) -> str:
    done = subprocess.run(
        ["docker", "--host", own.url, *words], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


# ---- the first three lines of a tutorial


def test_the_first_three_lines_of_a_tutorial_work(own: Session, registry: str, workspace: Path) -> None:
    pulled = cli(own, "pull", f"{registry}/alpine")
    assert f"Status: Downloaded newer image for {registry}/alpine:latest" in pulled
    port = free_port()
    serve = ["httpd", "-f", "-p", "80", "-h", "/app/site"]
    cli(own, "run", "-d", "--name", "web", "-p", f"{port}:80", "-v", f"{workspace}:/app", f"{registry}/alpine", *serve)
    wait_for(f"http://127.0.0.1:{port}/index.html")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=10) as page:
        assert page.read() == b"from the workspace\n"
    assert cli(own, "port", "web").strip() == f"80/tcp -> 127.0.0.1:{port}"
    cli(own, "exec", "web", "sh", "-c", "echo written > /app/site/new.html")
    assert (workspace / "site/new.html").read_text() == "written\n"


# ---- names are kept apart


def test_a_pull_moves_no_tag_of_the_engine_and_its_end_removes_what_it_made(
    engine: docker.DockerClient, registry: str, workspace: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    name = f"{registry}/alpine"
    older, _ = engine.images.build(fileobj=io.BytesIO(f"FROM {IMAGE}\nLABEL older=yes\n".encode()), tag=name, rm=True)
    try:
        with session() as opened, closing(docker.DockerClient(opened.url, timeout=SECONDS)) as client:
            pulled = client.images.pull(name)
            assert pulled.tags == [f"{name}:latest"]
            assert pulled.id != older.id
            assert engine.images.get(f"{name}:latest").id == older.id
            assert client.images.get(name).id == pulled.id
            assert client.containers.run(name, ["cat", "/which"], remove=True) == b"tutorial\n"
        assert engine.images.get(f"{name}:latest").id == older.id
        with pytest.raises(ImageNotFound):
            engine.images.get(pulled.id)
    finally:
        engine.images.remove(name)


@pytest.mark.parametrize("how", ["by tag", "without a name"])
def test_an_image_that_was_there_before_is_shared_and_stays(
    engine: docker.DockerClient,
    registry: str,
    workspace: Path,
    engine_url: str,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    name = f"{registry}/alpine"
    before = engine.images.pull(name)
    if how == "without a name":  # a running container keeps it, as no name does
        keeper = engine.containers.run(before.id, ["sleep", "300"], detach=True)
        engine.images.remove(name, force=True, noprune=True)
    try:
        with session() as opened, closing(docker.DockerClient(opened.url, timeout=SECONDS)) as client:
            assert client.images.pull(name).id == before.id
            client.images.remove(name)
            client.images.pull(name)
        assert engine.images.get(before.id).id == before.id
    finally:
        if how == "without a name":
            keeper.remove(force=True)
        engine.images.remove(before.id, force=True)


def test_an_image_that_no_registry_has_is_told_in_the_engines_words(client: docker.DockerClient, registry: str) -> None:
    with pytest.raises(APIError, match=r"manifest unknown|not found"):
        client.images.pull(f"{registry}/nothing")


def test_a_push_goes_to_any_registry_under_the_image_s_own_name(
    client: docker.DockerClient, engine: docker.DockerClient, registry: str
) -> None:
    image, _ = client.images.build(fileobj=io.BytesIO(f"FROM {IMAGE}\nRUN echo mine > /m\n".encode()), rm=True)
    image.tag(f"{registry}/mine", "1")
    assert "digest: sha256" in client.images.push(f"{registry}/mine", "1")
    with pytest.raises(ImageNotFound):
        engine.images.get(f"{registry}/mine:1")
    client.images.remove(f"{registry}/mine:1")
    assert client.images.pull(f"{registry}/mine", "1").id == image.id


def test_a_push_under_a_name_that_is_another_image_s_outside_is_refused(
    client: docker.DockerClient, engine: docker.DockerClient, registry: str
) -> None:
    theirs, _ = engine.images.build(
        fileobj=io.BytesIO(f"FROM {IMAGE}\nLABEL theirs=yes\n".encode()), tag=f"{registry}/mine:1", rm=True
    )
    try:
        client.images.get(IMAGE).tag(f"{registry}/mine", "1")
        with pytest.raises(APIError, match="outside of this session the name stands for another image"):
            client.images.push(f"{registry}/mine", "1")
        assert engine.images.get(f"{registry}/mine:1").id == theirs.id
    finally:
        engine.images.remove(theirs.id, force=True)


def test_a_build_fetches_the_image_that_it_begins_with(client: docker.DockerClient, registry: str) -> None:
    recipe = f"ARG TAG=latest\nFROM {registry}/alpine:$TAG\nRUN cat /which > /copy\n"
    image, _ = client.images.build(fileobj=io.BytesIO(recipe.encode()), rm=True, tag="begun")
    assert client.containers.run(image.id, ["cat", "/copy"], remove=True) == b"tutorial\n"
    with pytest.raises(APIError, match=r"not found|manifest unknown"):
        client.images.build(fileobj=io.BytesIO(f"FROM {registry}/nothing\n".encode()), rm=True)


# ---- ports


def test_a_port_that_is_taken_is_told_in_the_engines_words(client: docker.DockerClient) -> None:
    port = free_port()
    client.containers.run(IMAGE, ["sleep", "60"], detach=True, ports={"80/tcp": port})
    with pytest.raises(APIError, match="port is already allocated"):
        client.containers.run(IMAGE, ["sleep", "60"], detach=True, ports={"80/tcp": port})


def test_a_port_is_given_on_this_machine_only_and_the_answer_says_so(client: docker.DockerClient) -> None:
    port = free_port()
    host = client.api.create_host_config(port_bindings={"80/tcp": ("0.0.0.0", port)})
    made = client.api.create_container(IMAGE, ["sleep", "60"], ports=[80], host_config=host)
    assert made["Warnings"] == [
        "80/tcp is published on 127.0.0.1 and not on 0.0.0.0: a session publishes on this machine only"
    ]
    bindings = client.containers.get(made["Id"]).attrs["HostConfig"]["PortBindings"]
    assert bindings == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}


# ---- bind mounts


@pytest.mark.parametrize("source", ["/etc", "/var/run/docker.sock", "{}/../", "{}2"])
def test_nothing_outside_the_workspace_is_mounted(client: docker.DockerClient, workspace: Path, source: str) -> None:
    with pytest.raises(APIError, match="only folders inside the workspace"):
        client.containers.create(IMAGE, volumes=[f"{source.format(workspace)}:/x"])
    for path in (source.format(workspace), "/"):
        with pytest.raises(APIError, match="only folders inside the workspace"):
            client.containers.create(IMAGE, mounts=[docker.types.Mount("/x", path, type="bind")])


def test_a_link_that_takes_the_place_of_the_folder_before_the_start_is_refused(
    client: docker.DockerClient, workspace: Path
) -> None:
    made = client.containers.create(IMAGE, ["cat", "/x/shadow"], volumes=[f"{workspace}/site:/x"])
    (workspace / "site").rename(workspace / "old")
    (workspace / "site").symlink_to("/etc")
    with pytest.raises(APIError, match="site is a link"):
        made.start()
    made.reload()
    assert made.status == "created"


def test_a_link_that_takes_the_place_before_a_restart_of_the_engines_own_ends_the_container(
    client: docker.DockerClient, workspace: Path
) -> None:
    command = ["sh", "-c", "touch /x/started; while [ ! -e /x/end ]; do sleep 0.05; done"]
    policy = {"Name": "always"}
    made = client.containers.run(IMAGE, command, volumes=[f"{workspace}/site:/x"], restart_policy=policy, detach=True)
    until(lambda: (workspace / "site/started").exists())
    (workspace / "site").rename(workspace / "old")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as outside:
        (workspace / "site").symlink_to(outside)
        (workspace / "old/end").touch()

        def ended() -> bool:
            made.reload()
            return made.status == "exited" and made.attrs["HostConfig"]["RestartPolicy"]["Name"] == "no"

        until(ended)


# ---- as the engine


def test_what_stays_inside_the_session_is_as_on_the_engine(client: docker.DockerClient) -> None:
    network = client.networks.create(
        "net", ipam=docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool("172.29.7.0/24")])
    )
    made = client.containers.run(
        IMAGE,
        ["sleep", "60"],
        name="web",
        detach=True,
        network="net",
        restart_policy={"Name": "always"},
        sysctls={"net.core.somaxconn": "512"},
        mem_limit="700m",
        extra_hosts={"elsewhere": "192.0.2.7"},
        healthcheck={"test": ["CMD", "true"], "interval": 500_000_000},
    )
    host = made.attrs["HostConfig"]
    assert (host["RestartPolicy"]["Name"], host["Memory"]) == ("always", 700 * 1024**2)
    assert made.attrs["Config"]["Healthcheck"]["Interval"] == 500_000_000
    assert made.exec_run(["cat", "/proc/sys/net/core/somaxconn"]).output == b"512\n"
    assert b"elsewhere" in made.exec_run(["cat", "/etc/hosts"]).output
    assert network.attrs["IPAM"]["Config"][0]["Subnet"] == "172.29.7.0/24"
    other = client.containers.create(IMAGE, ["true"])
    network.connect(other, ipv4_address="172.29.7.9", aliases=["second"])
    other.reload()
    assert other.attrs["NetworkSettings"]["Networks"]["net"]["IPAMConfig"]["IPv4Address"] == "172.29.7.9"


@pytest.mark.parametrize("subnet", ["8.8.8.0/24", "132.124.0.0/16", "2001:389::/64", "127.0.0.0/8"])
def test_addresses_that_the_machine_needs_are_refused(client: docker.DockerClient, subnet: str) -> None:
    pool = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(subnet)])
    with pytest.raises(APIError, match="expected private addresses"):
        client.networks.create("net", ipam=pool)


LEAVING: list[dict[str, object]] = [
    {"privileged": True},
    {"cap_add": ["SYS_ADMIN"]},
    {"pid_mode": "host"},
    {"network_mode": "host"},
    {"uts_mode": "host"},
    {"devices": ["/dev/null"]},
    {"sysctls": {"kernel.hostname": "x"}},
    {"security_opt": ["seccomp=unconfined"]},
]


@pytest.mark.parametrize("asked", LEAVING, ids=str)
def test_what_would_leave_the_session_is_refused(client: docker.DockerClient, asked: dict[str, object]) -> None:
    with pytest.raises(APIError):
        client.containers.create(IMAGE, **asked)


def test_a_docker_py_that_leaves_a_swarm_is_told_that_there_is_none(client: docker.DockerClient) -> None:
    assert client.api.leave_swarm(force=True)
    with pytest.raises(APIError, match="swarm mode"):
        client.api.init_swarm()


def test_a_log_driver_a_memory_file_system_and_a_network_of_a_build_are_as_asked(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE, tmpfs={"/t": "size=3M"}, log_config=docker.types.LogConfig(type="none"))
    host = made.attrs["HostConfig"]
    assert (host["Tmpfs"], host["LogConfig"]["Type"]) == ({"/t": "size=3M"}, "none")
    client.networks.create("net")
    recipe = io.BytesIO(f"FROM {IMAGE}\nRUN ip address\n".encode())
    client.images.build(fileobj=recipe, rm=True, network_mode="net")
    with pytest.raises(APIError, match=r"logging plugin|log driver"):
        client.containers.create(IMAGE, log_config=docker.types.LogConfig(type="nothing"))


# ---- nothing in silence


def test_where_a_session_changes_what_was_asked_the_answer_says_so(
    engine_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_ENGINE", engine_url)
    with session("class") as opened, closing(docker.DockerClient(opened.url, timeout=SECONDS)) as client:
        host = client.api.create_host_config(restart_policy={"Name": "always"}, mem_limit="2g")
        warnings = client.api.create_container(IMAGE, ["true"], name="web", host_config=host)["Warnings"]
        assert warnings == [
            "memory (bytes): 268435456 and not 2147483648, which is the most in this session",
            "the restart policy is on-failure with at most 3 attempts and not always: "
            "in this session a container may not start again for ever",
        ]
        told = cli(opened, "create", "--restart", "always", IMAGE, "true")
        assert "WARNING: the restart policy is on-failure with at most 3 attempts and not always" in told
        answer = client.api.update_container("web", restart_policy={"Name": "unless-stopped"})
        assert "not unless-stopped" in answer["Warnings"][0]


def test_a_session_says_which_policy_it_has(own: Session, engine_url: str) -> None:
    facts = Client(engine_url).show(own.id)
    assert (facts["policy"], facts["says"].split(":")[0]) == ("own", "a guard rail on your own machine")


def until(condition: object, seconds: float = 30.0) -> None:
    """Wait for something with a deadline."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
