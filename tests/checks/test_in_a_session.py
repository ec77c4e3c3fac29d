"""The same checks through the gateway: with its names, its limits and its journal."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from course.errors import CourseError
from course.gateway import Session, machine, session
from grader import checks
from grader.checks import Check
from grader.checks.bench import Bench, use

Says = Callable[[Check], str]


@pytest.fixture(scope="module")
def own(engine_url: str) -> Iterator[Session]:
    with session("class") as opened:
        yield opened


@pytest.fixture(scope="module")
def second(own: Session) -> Session:
    """The learner's second machine; it ends with the first."""
    return machine(own, "colleague")


@pytest.fixture
def learner(own: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[docker.DockerClient]:
    """A learner's client, and the checks on the same session, as in a lesson."""
    monkeypatch.setenv("SLIPWAY_SESSION", own.id)
    client = docker.DockerClient(base_url=own.url, version="auto", timeout=60)
    with use(Bench(folder=tmp_path, records_progress=False, machines={"": client})) as bench:
        yield client
        bench.close()
    for container in client.containers.list(all=True):
        container.remove(force=True)
    for image in client.images.list():
        if not any(tag.startswith("course/") for tag in image.tags):
            client.images.remove(image.id, force=True)
    client.close()


def test_a_learner_is_checked_by_names_of_their_own(learner: docker.DockerClient, tmp_path: Path, says: Says) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM course/busybox\nRUN mkdir /www && echo hello > /www/index.html\n"
        'EXPOSE 8000\nCMD ["busybox", "httpd", "-f", "-p", "8000", "-h", "/www"]\n'
    )
    learner.images.build(path=str(tmp_path), tag="shop", rm=True)
    learner.containers.run("shop", name="web", detach=True, ports={"8000/tcp": None})
    file, image, web = checks.dockerfile("Dockerfile"), checks.image("shop"), checks.container("web")
    passing = [
        file.builds(), file.built.same_as("shop"), image.descends_from("course/busybox"), image.exec_form(),
        image.serves(port=8000, body="hello"), image.has_file("/www/index.html", contains="hello"),
        image.survives_save_and_load(), image.isolates_writes(), web.from_image(image), web.stays_up(0.2),
        web.serves(port=8000, body="hello"), web.executes("true"), web.on_network("bridge"), web.publishes(8000),
        checks.containers(image="shop").running(1),
    ]  # fmt: skip
    assert {check.id: says(check) for check in passing} == {check.id: "passed" for check in passing}
    assert says(checks.container("wbe").exists()) == "container.name_near"
    assert says(checks.containers(image="shop").none_left()) == "containers.left"
    assert [each.name for each in learner.containers.list(all=True)] == ["web"], "checks leave nothing behind"


def test_the_journal_of_the_session_tells_more_than_the_events(learner: docker.DockerClient, says: Says) -> None:
    diary = f"diary-{uuid.uuid4().hex[:8]}"  # the journal keeps what a run before did
    web = learner.containers.run("course/busybox", ["sleep", "600"], name=diary, detach=True)
    journal, subject = checks.journal(), checks.container(diary)
    assert says(subject.executes("true")) == "passed"
    assert says(subject.log("never", within=0.1)) == "container.other_log"
    for action in ("exec", "logs", "copy_out", "copy_in", "stop"):
        assert says(journal.shows(action, diary)) == "journal.not_done", "what a check did is not the learner's deed"
    web.exec_run("true")
    web.logs()
    web.get_archive("/bin/sh")[0].close()
    web.stop(timeout=0)
    for action in ("create", "start", "exec", "logs", "copy_out", "stop"):
        assert says(journal.shows(action, diary)) == "passed", action
    web.remove()
    assert says(journal.shows("destroy", diary)) == "passed"
    assert says(subject.removed()) == "passed"
    assert says(subject.exists()) == "container.gone"


def test_what_checks_did_is_remembered_over_a_restart_of_the_kernel(
    learner: docker.DockerClient, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner.containers.run("course/busybox", ["sleep", "600"], name="again", detach=True)
    assert says(checks.container("again").executes("true")) == "passed"
    monkeypatch.setattr("grader.checks.trial._times", [])
    assert says(checks.journal().shows("exec", "again")) == "journal.not_done"


def test_a_refusal_by_the_rules_of_the_session_is_no_engine_fault(learner: docker.DockerClient, says: Says) -> None:
    def forbidden(trial: object) -> str:
        learner.containers.create("course/busybox", privileged=True)
        return "allowed"

    result = Check("t.t", "a privileged container", forbidden).run()
    assert (result.outcome, result.message) == (checks.Outcome.FAILED, "session.refused")


def test_an_image_is_followed_to_the_colleagues_machine(
    second: Session, learner: docker.DockerClient, tmp_path: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_MACHINE_COLLEAGUE", second.url)  # as `course.lesson.machine` reads it
    (tmp_path / "Dockerfile").write_text('FROM course/busybox\nLABEL of=cargo\nCMD ["echo", "shipped"]\n')
    learner.images.build(path=str(tmp_path), tag="cargo", rm=True)
    learner.containers.run("course/registry", name="registry", detach=True, ports={"5000/tcp": None})
    here, there = checks.image("cargo"), checks.machine("colleague").image("localhost:5000/cargo:1")
    loaded = checks.machine("colleague").image("cargo")
    registry = checks.registry("registry")
    assert says(registry.answers()) == "passed"
    assert says(registry.holds("cargo", "1", same_as=here)) == "registry.not_there"
    assert says(there.exists()) == "image.absent"
    learner.images.get("cargo").tag("localhost:5000/cargo", "1")
    learner.images.push("localhost:5000/cargo", "1")
    assert says(registry.holds("cargo", "1", same_as=here)) == "passed"
    with closing(docker.DockerClient(base_url=second.url, version="auto")) as colleague:
        colleague.images.pull("localhost:5000/cargo", "1")
        assert says(there.same_as(here)) == "passed"
        assert says(there.same_digest_as(here)) == "passed"
        assert says(there.runs(prints="shipped")) == "passed"
        assert says(loaded.exists()) == "image.absent"
        colleague.images.load(b"".join(learner.images.get("cargo").save(named=True)))
        assert says(loaded.same_as(here)) == "passed"
        for each in ("localhost:5000/cargo:1", "cargo"):
            colleague.images.remove(each)


def test_a_machine_that_cannot_be_made_is_not_the_learners_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> None:
        raise CourseError("a second machine", "the gateway refused", "try later")

    monkeypatch.setattr("course.lesson.machine", none)
    with use(Bench()):
        result = checks.machine("colleague").image("cargo").exists().run()
    assert result.outcome is checks.Outcome.COULD_NOT_CHECK
    assert "the gateway refused" in result.observed
