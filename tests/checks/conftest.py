"""What the tests of the checks share: a bench on the real engine, and images that are right or wrong in one way."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from grader.checks import Check, Result
from grader.checks.bench import Bench, use

SERVER = """\
import os, signal, socket, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        text = "hello from " + socket.gethostname()
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("X-Shop", "open")
        self.end_headers()
        self.wfile.write(text.encode())
print("the shop is open", flush=True)
HTTPServer(("", 8000), Page).serve_forever()
"""

WAITS = "trap 'exit 0' TERM; echo ready; while sleep .1; do :; done"

GOOD = """\
FROM course/busybox
WORKDIR /app
RUN echo 'app:x:1000:1000::/app:/bin/sh' >> /etc/passwd && ln -s notes.txt short && chmod 750 /app
COPY --chown=1000 notes.txt /app/notes.txt
ENV GREETING="hello there"
EXPOSE 8000
LABEL stage=test
USER app
ENTRYPOINT ["echo"]
CMD ["one", "two"]
"""

# One Dockerfile an image: each is right or wrong in its own way. None has a RUN besides `good`, so they build at once.
DOCKERFILES = {
    "good": GOOD,
    "shell": "FROM course/busybox\nCMD echo hello\n",
    "bare": "FROM scratch\nCOPY notes.txt /notes.txt\n",
    "root": 'FROM course/busybox\nUSER 0\nENTRYPOINT ["sh", "-c", "exit 3"]\n',
    "stranger": "FROM course/busybox\nUSER nobody-known\n",
    "sleeper": f"FROM course/busybox\nCMD {json.dumps(['sh', '-c', WAITS])}\n",
    "deaf": 'FROM course/busybox\nCMD ["sh", "-c", "echo ready; while :; do sleep 1; done"]\n',
    "missing": 'FROM course/busybox\nCMD ["no-such-program"]\n',
    "healthy": 'FROM course/busybox\nHEALTHCHECK --interval=1s CMD ["true"]\nCMD ["sleep", "600"]\n',
    "sick": 'FROM course/busybox\nHEALTHCHECK --interval=1s --retries=1 CMD echo no; exit 1\nCMD ["sleep", "600"]\n',
    "server": 'FROM course/python\nCOPY server.py /server.py\nEXPOSE 8000\nCMD ["python3", "/server.py"]\n',
}
FILES = {"notes.txt": "first line\nsecond line\n", "server.py": SERVER}


@pytest.fixture(scope="session")
def client(engine_url: str) -> Iterator[docker.DockerClient]:
    """A client of the engine."""
    made = docker.DockerClient(base_url=engine_url, version="auto", timeout=60)
    yield made
    made.close()


@pytest.fixture(scope="session")
def images(client: docker.DockerClient) -> Iterator[dict[str, str]]:
    """The names of the images of `DOCKERFILES`, by what is right or wrong about them."""
    run = uuid.uuid4().hex[:8]
    names = {kind: f"{kind}-{run}" for kind in DOCKERFILES}
    for kind, name in names.items():
        client.images.build(fileobj=context(DOCKERFILES[kind], FILES), custom_context=True, tag=name, rm=True)
    yield names
    for name in names.values():
        client.images.remove(name, force=True)


def context(dockerfile: str, files: dict[str, str]) -> io.BytesIO:
    """A build context as a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, text in {"Dockerfile": dockerfile, **files}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o640
            archive.addfile(member, io.BytesIO(text.encode()))
    held.seek(0)
    return held


@pytest.fixture
def bench(engine_url: str, client: docker.DockerClient, tmp_path: Path) -> Iterator[Bench]:
    """A bench on the engine and a folder of its own; nothing may stay behind on either."""
    with use(Bench(folder=tmp_path, records_progress=False, machines={"": client})) as made:
        yield made


@pytest.fixture
def run(bench: Bench, client: docker.DockerClient) -> Iterator[Callable[..., str]]:
    """Make a learner's container, `run(image, *command, name=…, start=…)`; all are removed after the test."""
    made = []

    def start(image: str, *command: str, name: str | None = None, start: bool = True, **options: object) -> str:
        container = client.containers.create(
            image, list(command) or None, name=name or f"t-{uuid.uuid4().hex[:8]}", **options
        )
        made.append(container)
        if start:
            container.start()
        return str(container.name)

    yield start
    for container in made:
        try:
            container.remove(force=True, v=True)
        except docker.errors.NotFound:
            continue


@pytest.fixture
def says() -> Callable[[Check], str]:
    """Run a check, and give `passed` or the id of its message."""

    def answer(check: Check) -> str:
        result: Result = check.run()
        assert result.passed == (result.message == "")
        assert result.passed or (result.expected and result.observed and result.try_next), result
        return result.message or result.outcome.value

    return answer


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """Write files into the lesson's folder: `write(Dockerfile="…", **{"app/x.txt": "…"})`."""

    def files(**texts: str) -> None:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return files
