"""The same questions have the same answers on newer engines, with both of their image stores."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import docker
import pytest

from grader import checks
from grader.checks import Check
from grader.checks.bench import Bench, use

DOCKERFILE = """\
FROM course/busybox
COPY requirements.txt /src/
RUN sort /src/requirements.txt > /installed
COPY app.txt /src/
USER 1000
EXPOSE 8000
CMD ["sh", "-c", "mkdir /tmp/www; hostname > /tmp/www/index.html; exec busybox httpd -f -p 8000 -h /tmp/www"]
"""


@pytest.mark.parametrize(
    "fixture", ["engine13_url", "engine13_containerd_url", "engine28_url", "engine28_containerd_url"]
)
def test_the_vocabulary_on_a_newer_engine(
    request: pytest.FixtureRequest, fixture: str, tmp_path: Path, says: Callable[[Check], str]
) -> None:
    url = request.getfixturevalue(fixture)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "app.txt").write_text("app\n")
    (tmp_path / "requirements.txt").write_text("b\na\n")
    name = f"shop-{uuid.uuid4().hex[:8]}"
    with closing(docker.DockerClient(base_url=url, version="auto", timeout=120)) as client:
        bench = Bench(folder=tmp_path, records_progress=False, machines={"": client})
        client.images.build(path=str(tmp_path), tag=name, rm=True)
        before = {each["Id"] for each in client.api.images(all=True)}
        ports = {"8000/tcp": ("127.0.0.1", None)}
        made = [client.containers.run(name, detach=True, name=f"{name}-{n}", ports=ports) for n in "ab"]
        try:
            with use(bench):
                answers = {check.id: (says(check), wanted) for check, wanted in questions(name)}
            left = {each["Id"] for each in client.api.images(all=True)} - before
        finally:
            for container in made:
                container.remove(force=True)
            client.images.remove(name)
        assert client.api.containers(all=True) == []
    assert {check: said for check, (said, _wanted) in answers.items()} == {
        check: wanted for check, (_said, wanted) in answers.items()
    }
    assert left == set()


def questions(name: str) -> list[tuple[Check, str]]:
    image, web = checks.image(name), checks.container(f"{name}-a")
    fleet, file = checks.containers(image=name), checks.dockerfile("Dockerfile")
    return [
        (image.exists(), "passed"),
        (image.descends_from("course/busybox"), "passed"),
        (image.shares_layers("course/python"), "image.few_shared"),
        (image.size_at_most(3, of="course/busybox"), "passed"),
        (image.not_root(), "passed"),
        (image.exposes(8000), "passed"),
        (image.exec_form(), "image.shell_form"),
        (image.env("NOTHING"), "image.no_env"),
        (image.healthcheck(), "image.no_healthcheck"),
        (image.has_file("/installed", equals="a\nb\n"), "passed"),
        (image.lacks_file("/installed"), "files.there"),
        (image.runs("no-such-program"), "run.cannot_start"),
        (image.serves(port=8000), "passed"),
        (image.isolates_writes("/src"), "passed"),
        (image.survives_save_and_load(), "passed"),
        (web.from_image(name), "passed"),
        (web.serves(port=8000), "passed"),
        (web.executes("no-such-program", exit_code=127), "passed"),
        (web.reaches("http://127.0.0.1:8000/"), "passed"),
        (web.on_network("bridge"), "passed"),
        (web.not_root(), "passed"),
        (web.changed("/tmp/www"), "passed"),
        (web.isolated_from(f"{name}-b"), "passed"),
        (web.state("exited"), "container.other_state"),
        (fleet.running(2), "passed"),
        (fleet.one_image(), "passed"),
        (fleet.distinct_answers(port=8000), "passed"),
        (fleet.survive_a_kill(port=8000), "passed"),
        (file.builds(), "passed"),
        (file.reuses_cache(after_changing="app.txt", instruction="RUN sort"), "passed"),
        (checks.journal().shows("create", f"{name}-a"), "passed"),
    ]
