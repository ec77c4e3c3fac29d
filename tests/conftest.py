"""What every test shares: private folders, the engines of the matrix, sessions, and proof that nothing stays behind."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import debian_roots
import docker
import pytest
from _pytest.runner import runtestprotocol
from matrix import CHOSEN, ENGINES
from proven import Ledger, inputs_of, today
from scheduling import pytest_xdist_make_scheduler, rank
from tiers import pytest_addoption, select

from course.engine import Daemon, find
from course.errors import CourseError

__all__ = ["pytest_addoption", "pytest_xdist_make_scheduler"]  # hooks that pytest finds here

ROOT = Path(__file__).resolve().parents[1]
REPEATED_SECONDS = 240
_CLONE_NEWNET = 0x40000000  # unshare(2)


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its own state and runtime folders, so that it never meets the user's own sessions."""
    for tier in ("pure", "engine", "proof"):
        config.addinivalue_line("markers", f"{tier}: the {tier} tier, see tests/support/tiers.py")
    if config.getoption("--run") == "check":  # so that a test of this tier that needs an engine fails everywhere
        os.environ["SLIPWAY_ENGINE"] = "unix:///no-engine-in-the-pure-tier"
    config.stash[_LEDGER] = Ledger(ROOT / "notebooks", today())
    config.stash[_HOME] = home = Path(tempfile.mkdtemp(prefix="sw-", dir="/tmp"))
    worker = "PYTEST_XDIST_WORKER" in os.environ  # then the variables are those of the process that started it
    for variable, folder in (("SLIPWAY_STATE_DIR", "state"), ("SLIPWAY_RUNTIME_DIR", "run")):
        if worker or variable not in os.environ:
            os.environ[variable] = str(home / folder)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell gives it to what it starts in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")  # jupyter_core warns without it, and warnings are errors


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tiers, keep those that this run asks for, and let the slow folders begin."""
    ledger = config.stash[_LEDGER]
    for item in items:
        if inputs := inputs_of(item):
            item.user_properties.append((_INPUTS, inputs))
    select(config, items, ledger)
    items.sort(key=lambda item: rank(item.nodeid))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which proofs passed in all phases; `--record` writes them."""
    inputs = dict(report.user_properties).get(_INPUTS)
    if inputs and report.outcome == "passed" and report.when == "call":
        _PASSED[report.nodeid] = str(inputs)
    elif report.outcome != "passed":
        _PASSED.pop(report.nodeid, None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the record of the proofs, where this is the process that starts workers or runs all itself."""
    option = session.config.getoption
    if option("--record") and not option("collectonly") and "PYTEST_XDIST_WORKER" not in os.environ:
        session.config.stash[_LEDGER].write(_PASSED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test that failed once more where SLIPWAY_REPEAT is set, as `make test` does; the closing line counts these.

    pytest-rerunfailures does not serve here: its workers call the first process by TCP, which another network hides.
    One that took long is not repeated, because both runs share the time limit of the test; nor is one that left
    something behind, because the second run would find it there and be content.
    """
    if "SLIPWAY_REPEAT" not in os.environ:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failed = [report for report in reports if report.failed]
    tidy = all(report.when != "teardown" for report in failed)
    if failed and tidy and sum(report.duration for report in reports) < REPEATED_SECONDS:
        for report in failed:
            report.outcome = "rerun"  # type: ignore[assignment]  # a word of our own
            item.ihook.pytest_runtest_logreport(report=report)
        item._initrequest()  # type: ignore[attr-defined]  # fresh fixtures
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show the first run of a repeated test as what it is."""
    return ("rerun", "R", ("RERUN", {"yellow": True})) if report.outcome == "rerun" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show why a test was repeated: what passes at the second try is a fault to look at, not one to forget."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.section(f"first run of {report.nodeid}", sep="_", yellow=True)
        report.toterminal(terminalreporter._tw)


def pytest_unconfigure(config: pytest.Config) -> None:
    _stop_gateway()
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)


_HOME = pytest.StashKey[Path]()
_LEDGER = pytest.StashKey[Ledger]()
_INPUTS = "inputs"
_PASSED: dict[str, str] = {}


def _stop_gateway() -> None:
    """End the gateway that the tests started, if they did."""
    socket = Path(os.environ["SLIPWAY_RUNTIME_DIR"])
    if socket.exists():
        try:
            from course.gateway import Client
        except ImportError:
            return
        Client.stop_running()


@pytest.fixture(scope="module")
def outside() -> Iterator[None]:
    """The machine's own network, for what fetches packages; `own_machine.sh` gives a worker one without a way out."""
    given = os.environ.get("SLIPWAY_OUTSIDE")
    if given is None:
        yield
        return
    with Path("/proc/thread-self/ns/net").open() as inside:
        _enter_network(int(given))
        yield
        _enter_network(inside.fileno())


def _enter_network(descriptor: int) -> None:
    """Let this thread, and the processes that it starts, use another network: setns(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@pytest.fixture(scope="session")
def engine_url() -> str:
    """The address of the engine that `make setup` prepared, with the base images on it."""
    return find(local_only=True).url


@pytest.fixture(scope="session")
def engine(engine_url: str) -> Iterator[docker.DockerClient]:
    """A docker-py client of that engine, past every session."""
    client = docker.DockerClient(base_url=engine_url, version="auto", timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="session")
def engine13_url(engine_url: str) -> Iterator[str]:
    """The engine of Debian 13 (API 1.45), started beside the first one from a file system of its own."""
    yield from _another_engine(engine_url, "trixie", "t13")


@pytest.fixture(scope="session")
def engine13_containerd_url(engine_url: str) -> Iterator[str]:
    """The engine of Debian 13 with the containerd image store."""
    yield from _another_engine(engine_url, "trixie", "t13c", containerd_store=True)


@pytest.fixture(scope="session")
def engine28_url(engine_url: str) -> Iterator[str]:
    """Engine 28.5 (API 1.51), which is Debian forky's."""
    yield from _another_engine(engine_url, "forky", "t28")


@pytest.fixture(scope="session")
def engine28_containerd_url(engine_url: str) -> Iterator[str]:
    """Engine 28.5 as a fresh Engine 29 behaves: with the containerd image store, and for API 1.44 and newer only."""
    yield from _another_engine(engine_url, "forky", "t28c", containerd_store=True, oldest_api="1.44")


@pytest.fixture(scope="session", params=CHOSEN)
def each_engine_url(request: pytest.FixtureRequest) -> str:
    """Each engine of the matrix in turn, one of each version and store; SLIPWAY_EVERYTHING=1 takes all."""
    return str(request.getfixturevalue(ENGINES[request.param]))


def _another_engine(
    first: str, suite: str, name: str, *, containerd_store: bool = False, oldest_api: str = ""
) -> Iterator[str]:
    if os.geteuid() != 0:
        pytest.skip("another engine of the matrix needs root")
    home = Path(tempfile.mkdtemp(prefix="sw", dir="/tmp"))
    # the bridge has a name of this run, as another run on this machine may have engines of its own
    daemon = Daemon(
        home,
        f"{name}{os.getpid() % 10000}",
        chroot=_root_of(suite),
        containerd_store=containerd_store,
        environment={"DOCKER_MIN_API_VERSION": oldest_api} if oldest_api else {},
    )
    try:
        with daemon:
            _copy_base_images(first, daemon.url)
            yield daemon.url
    finally:
        daemon.remove()


def _root_of(suite: str) -> Path:
    try:
        return debian_roots.root(suite)
    except CourseError as error:
        pytest.skip(str(error))


def _copy_base_images(source: str, target: str) -> None:
    """Seed one engine with the base images of another, as a stream."""
    names = ["course/busybox", "course/python", "course/node", "course/registry"]
    with (
        closing(docker.DockerClient(base_url=source, version="auto", timeout=300)) as one,
        closing(docker.DockerClient(base_url=target, version="auto", timeout=300)) as two,
    ):
        for name in names:
            two.images.load(one.images.get(name).save(named=True))


@pytest.fixture(autouse=True)
def _nothing_stays_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a container, image, volume or network on the engine that it used.

    What a fixture of a wider scope made is not the test's own: the inventory is taken after those are set up.
    """
    if "engine_url" not in request.fixturenames:
        yield
        return
    client = docker.DockerClient(base_url=request.getfixturevalue("engine_url"), version="auto", timeout=60)
    for name in request.fixturenames:  # set up what is shared by more than this test before looking
        if name != "request" and request._fixturemanager.getfixturedefs(name, request.node):
            scope = request._fixturemanager.getfixturedefs(name, request.node)[-1].scope
            if scope != "function":
                request.getfixturevalue(name)
    before = inventory(client)
    yield
    left = left_behind(before, inventory(client))
    client.close()
    assert not left, f"this test left on the engine: {left}"


Inventory = dict[str, frozenset[str]]


def inventory(client: docker.DockerClient) -> Inventory:
    """What stands on an engine: container, image, volume and network ids, and image tags."""
    images = client.api.images(all=True)
    return {
        "containers": frozenset(c["Id"] for c in client.api.containers(all=True)),
        "images": frozenset(i["Id"] for i in images),
        "tags": frozenset(tag for i in images for tag in i.get("RepoTags") or ()),
        "volumes": frozenset(v["Name"] for v in client.api.volumes().get("Volumes") or ()),
        "networks": frozenset(n["Id"] for n in client.api.networks()),
    }


def left_behind(before: Inventory, after: Inventory) -> dict[str, list[str]]:
    """What is new, by kind; empty when nothing is."""
    return {kind: sorted(after[kind] - before[kind]) for kind in before if after[kind] - before[kind]}
