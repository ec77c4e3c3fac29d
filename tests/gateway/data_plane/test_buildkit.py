"""BuildKit for plain docker-py and the CLI: builds through sessions on real engines."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import APIError, BuildError

from course.engine.build import BuildDone, StepDone, StepStarted
from course.engine.build import build as build_in_a_cell
from course.engine.build_stream import BuildStream, Output
from course.gateway import Client, Session, session

FOUR = "FROM course/busybox\nWORKDIR /srv\nCOPY page.txt .\nRUN cat page.txt; hostname > /who\nCMD cat /who\n"


@pytest.fixture(scope="module", params=["engine13_url", "engine28_url", "engine28_containerd_url"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Session, Session]]:
    """Two sessions on an engine, of a gateway that builds with BuildKit whatever a Dockerfile asks for."""
    policy = "class" if request.param == "engine13_url" else "own"
    engine_url = request.getfixturevalue(request.param)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp")))
        for name, value in {
            "SLIPWAY_BUILDER": "buildkit",
            "SLIPWAY_ENGINE": engine_url,
            "SLIPWAY_STATE_DIR": str(home / "state"),
            "SLIPWAY_RUNTIME_DIR": str(home / "run"),
        }.items():
            patch.setenv(name, value)
        stack.callback(lambda: Client().stop(end_sessions=True))
        yield stack.enter_context(session(policy)), stack.enter_context(session(policy))


@pytest.fixture(autouse=True)
def _own_images_go(two: tuple[Session, Session]) -> Iterator[None]:
    """The sessions last longer than a test, and their images would be left behind."""
    yield
    for one in two:
        with closing(client_of(one)) as client:
            for image in client.images.list():
                if not any(tag.startswith("course/") for tag in image.tags):
                    client.images.remove(image.id, force=True)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "page.txt").write_text(f"{tmp_path}\n")  # so that no earlier test's cache is met
    (tmp_path / "Dockerfile").write_text(FOUR)
    return tmp_path


def client_of(one: Session) -> docker.DockerClient:
    return docker.DockerClient(base_url=one.url, version="auto", timeout=120)


def words(log: Any) -> list[str]:
    return [line["stream"].rstrip("\n") for line in log if line.get("stream", "").strip()]


def test_docker_py_builds_and_the_second_time_takes_its_own_cache(two: tuple[Session, Session], context: Path) -> None:
    with closing(client_of(two[0])) as client:
        image, log = client.images.build(path=str(context), tag="page:1")
        said = words(log)
        assert "[3/4] COPY page.txt ." in said and str(context) in said
        assert said[-2:] == [f"Successfully built {image.id[7:19]}", "Successfully tagged page:1"]
        again, log = client.images.build(path=str(context), tag="page:2")
        said = words(log)
        assert again.id == image.id and "CACHED [4/4] RUN cat page.txt; hostname > /who" in said
        assert sorted(client.images.get("page:1").tags) == ["page:1", "page:2"]
        assert client.containers.run("page:1", remove=True).strip()


def test_no_session_is_given_the_results_of_another(two: tuple[Session, Session], context: Path) -> None:
    names = []
    for one in two:
        with closing(client_of(one)) as client:
            _, log = client.images.build(path=str(context), tag="page:3")
            assert "[4/4] RUN cat page.txt; hostname > /who" in words(log)
            names.append(client.containers.run("page:3", remove=True))
    assert names[0] != names[1]


def test_a_failing_instruction_is_named_with_its_line(two: tuple[Session, Session], context: Path) -> None:
    (context / "Dockerfile").write_text("FROM course/busybox\n\n# why\nRUN echo before; exit 3\n")
    with closing(client_of(two[0])) as client, pytest.raises(BuildError) as caught:
        client.images.build(path=str(context))
    assert "exit code: 3" in str(caught.value)
    assert words(caught.value.build_log)[-2:] == ["before", "Dockerfile line 4: RUN echo before; exit 3"]


def test_an_own_image_is_a_base_and_anothers_is_unknown(two: tuple[Session, Session], context: Path) -> None:
    with closing(client_of(two[0])) as own, closing(client_of(two[1])) as other:
        own.images.build(path=str(context), tag="mine:1")
        (context / "Dockerfile").write_text(
            "FROM mine:1 AS a\nFROM course/busybox\nCOPY --from=a /who /from-a\nRUN ls /from-a\n"
        )
        _, log = own.images.build(path=str(context))
        assert not any("slipway.invalid" in line for line in words(log))
        with pytest.raises(APIError) as refused:  # `own` asks Docker Hub for it, as an engine does
            other.images.build(path=str(context))
        assert refused.value.status_code == 404 or two[0].policy == "own"


def test_cache_mounts_stay_in_the_session(two: tuple[Session, Session], context: Path) -> None:
    found = []
    for number, one in enumerate((two[0], two[0], two[1])):
        text = (
            f"FROM course/busybox\nRUN --mount=type=cache,id=shelf,target=/c ls /c; touch /c/{number}; echo {context}\n"
        )
        (context / "Dockerfile").write_text(text)
        with closing(client_of(one)) as client:
            _, log = client.images.build(path=str(context))
            found.append([line for line in words(log) if line.splitlines()[0] in ("0", "1", "2")])
    assert found[1] and not found[0] and not found[2]


def test_the_end_of_a_session_removes_what_its_builds_left_in_the_cache(
    two: tuple[Session, Session], context: Path
) -> None:
    mark = context.name.replace("_", "-")
    text = f"FROM course/busybox\nRUN --mount=type=cache,target=/c : {mark} > /c/x\nRUN {{}} {mark}\n"
    (context / "Dockerfile").write_text(text.format("false"))
    with session(two[0].policy) as third, closing(client_of(third)) as client:
        with pytest.raises(BuildError):
            client.images.build(path=str(context))
        (context / "Dockerfile").write_text(text.format("true"))
        client.images.build(path=str(context))
        assert len([one for one in _records() if mark in one]) == 3
    _until(lambda: not any(mark in one for one in _records()))


def _records() -> list[str]:
    """What the engine's build cache says of its records."""
    with closing(docker.DockerClient(os.environ["SLIPWAY_ENGINE"], version="auto", timeout=60)) as engine:
        answer = engine.api.get(engine.api._url("/system/df"), params={"type": "build-cache"}).json()
    return [one["Description"] for one in answer["BuildCache"] or ()]


def test_here_documents_and_links_build(two: tuple[Session, Session], context: Path) -> None:
    (context / "Dockerfile").write_text(
        "# syntax=docker/dockerfile:1\nFROM course/busybox\nRUN <<EOF\necho one > /a\ncat /a\nEOF\n"
        "COPY --link page.txt /p\n"
    )
    with closing(client_of(two[0])) as client:
        _, log = client.images.build(path=str(context))
    assert "one" in words(log)


def test_the_context_is_what_was_sent(two: tuple[Session, Session], context: Path) -> None:
    """No file of the gateway's own, which has its Dockerfile beside the learner's."""
    if two[0].policy == "class":
        pytest.skip("the engine's frontend has no --exclude, so BuildKit isn't the default on it")
    text = "FROM course/busybox\nCOPY . /all\nCOPY * /each/\nRUN ls -A /all; ls -A /each; cat /all/Dockerfile\n"
    (context / "Dockerfile").write_text(text)
    with closing(client_of(two[0])) as client:
        _, log = client.images.build(path=str(context))
        said = list(log)
        assert "slipway" not in "\n".join(words(said))
        assert "[2/4] COPY . /all" in words(said)
        assert _printed(said) == f"Dockerfile\npage.txt\nDockerfile\npage.txt\n{text}"
        (context / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
        (context / "Dockerfile").write_text("FROM course/busybox\nCOPY . /all\nRUN ls -A /all\n")
        _, log = client.images.build(path=str(context))
        assert _printed(log) == "page.txt\n"
        (context / "Dockerfile").write_text("FROM course/busybox\nCOPY . /all\nRUN ls -A /all\nCMD ls\n")
        _, log = client.images.build(path=str(context))
        assert "CACHED [2/3] COPY . /all" in words(log), "the Dockerfile isn't part of what it copies"


def test_mounts_modes_exclusions_and_stages_side_by_side(two: tuple[Session, Session], context: Path) -> None:
    if two[0].policy == "class":
        pytest.skip("the engine's frontend has no --exclude")
    (context / "docs").mkdir()
    for name in ("a.md", "b.txt"):
        (context / "docs" / name).write_text(f"{context}\n")
    (context / "Dockerfile").write_text(
        "FROM course/busybox AS left\nRUN --mount=type=bind,source=page.txt,target=/in cat /in > /left\n"
        "FROM course/busybox AS right\nRUN --mount=type=tmpfs,target=/t touch /t/x && ls /t > /right\n"
        "FROM course/busybox AS unused\nRUN exit 3\n"
        "FROM course/busybox\nCOPY --from=left /left /\nCOPY --from=right /right /\n"
        "COPY --exclude=*.md --chmod=640 docs /docs\n"
        "RUN ls /t; cat /left /right; stat -c '%a %n' /docs/*\n"
    )
    with closing(client_of(two[0])) as client:
        _, log = client.images.build(path=str(context))
    assert _printed(log).endswith(f"{context}\nx\n640 /docs/b.txt\n")
    assert not any("exit 3" in line for line in words(log)), "nobody needs that stage"


def test_standard_error_is_painted_as_the_classic_builder_does(two: tuple[Session, Session], context: Path) -> None:
    (context / "Dockerfile").write_text(f"FROM course/busybox\nRUN echo {context} >&2\n")
    with closing(client_of(two[0])) as client:
        _, log = client.images.build(path=str(context))
    assert f"\x1b[91m{context}\n\x1b[0m" in words(log)


def test_a_build_on_a_network_of_the_session_takes_the_classic_builder(
    two: tuple[Session, Session], context: Path
) -> None:
    if two[0].policy == "class":
        pytest.skip("a build has the session's default network there, or none")
    with closing(client_of(two[0])) as client:
        client.networks.create("back")
        try:
            _, log = client.images.build(path=str(context), network_mode="back")
        finally:
            client.networks.get("back").remove()
    assert "Step 3/5 : COPY page.txt ." in words(log)


def test_host_names_of_a_build_are_part_of_the_cache_s_key(two: tuple[Session, Session], context: Path) -> None:
    if two[0].policy == "class":
        pytest.skip("a build may not add host names there")
    (context / "Dockerfile").write_text(f"FROM course/busybox\nRUN : {context}; grep shelf /etc/hosts\n")
    with closing(client_of(two[0])) as client:
        for address in ("10.9.8.7", "10.9.8.6"):
            _, log = client.images.build(path=str(context), extra_hosts={"shelf": address})
            assert _printed(log).split() == [address, "shelf"]


def test_a_cell_shows_each_instruction_with_its_line(two: tuple[Session, Session], context: Path) -> None:
    with closing(client_of(two[0])) as client:
        events = list(build_in_a_cell(context, ["cell:1"], client=client))
    lines = FOUR.splitlines()
    begun = {one.number: (one.line, one.instruction) for one in events if isinstance(one, StepStarted)}
    assert begun == {number: (number, text) for number, text in enumerate(lines, 1)}
    assert {one.number for one in events if isinstance(one, StepDone)} == set(begun)
    assert isinstance(events[-1], BuildDone) and events[-1].tags == ("cell:1",)


def test_a_build_whose_client_leaves_ends(two: tuple[Session, Session], context: Path) -> None:
    mark = f"sleep 5{os.getpid() % 100000}"
    (context / "Dockerfile").write_text(f"FROM course/busybox\nRUN {mark}\n")
    client = client_of(two[0])
    messages = client.api.build(path=str(context), decode=True)
    for message in messages:
        if "RUN sleep" in message.get("stream", ""):
            break
    _until(lambda: _running(mark))
    closer = threading.Thread(target=messages.close)
    closer.start()
    client.close()
    closer.join()
    _until(lambda: not _running(mark))


def test_the_docker_cli_builds(two: tuple[Session, Session], context: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker command here")
    done = subprocess.run(
        ["docker", "build", "-t", "cli:1", str(context)],
        env={**os.environ, **two[0].environment(), "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[3/4] COPY page.txt ." in done.stdout and "Successfully tagged cli:1" in done.stdout


def _printed(log: Any) -> str:
    """What the RUN of a build printed."""
    stream = BuildStream()
    news = [stream.read(line) for line in log]
    return "".join(one.text for one in news if isinstance(one, Output))


def _running(words_: str) -> bool:
    wanted = words_.replace(" ", "\0").encode()
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in line.read_bytes():
                return True
        except OSError:
            continue
    return False


def _until(true: Any) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
