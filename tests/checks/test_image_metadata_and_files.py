"""Metadata and files of an image are read without starting it, and each fault has its own message."""

from __future__ import annotations

import re
from collections.abc import Callable

import docker
import pytest

from grader import checks
from grader.checks import Check, Outcome
from grader.checks.subjects import Image

Says = Callable[[Check], str]

# of which image, what is asked, what is answered
METADATA = [
    ("good", lambda i: i.exists(), "passed"),
    ("good", lambda i: i.cmd("one", "two"), "passed"),
    ("good", lambda i: i.cmd(), "passed"),
    ("good", lambda i: i.cmd("two", "one"), "image.other_command"),
    ("shell", lambda i: i.cmd("echo", "hello"), "image.shell_form"),
    ("bare", lambda i: i.cmd(), "image.no_command"),
    ("good", lambda i: i.entrypoint("echo"), "passed"),
    ("good", lambda i: i.entrypoint("cat"), "image.other_command"),
    ("shell", lambda i: i.entrypoint(), "image.no_command"),
    ("good", lambda i: i.exec_form("CMD"), "passed"),
    ("shell", lambda i: i.exec_form("CMD"), "image.shell_form"),
    ("bare", lambda i: i.exec_form("ENTRYPOINT"), "image.no_command"),
    ("good", lambda i: i.env("GREETING", "hello there"), "passed"),
    ("good", lambda i: i.env("GREETING", re.compile("^hello")), "passed"),
    ("good", lambda i: i.env("GREETING", "hello"), "image.other_env"),
    ("good", lambda i: i.env("greeting"), "image.no_env"),
    ("good", lambda i: i.exposes(8000), "passed"),
    ("good", lambda i: i.exposes(8000, "udp"), "image.not_exposed"),
    ("shell", lambda i: i.exposes(8000), "image.not_exposed"),
    ("good", lambda i: i.user("app"), "passed"),
    ("good", lambda i: i.user("1000"), "image.other_user"),
    ("good", lambda i: i.not_root(), "passed"),
    ("shell", lambda i: i.not_root(), "image.root"),
    ("root", lambda i: i.not_root(), "image.root"),
    ("stranger", lambda i: i.not_root(), "image.unknown_user"),
    ("good", lambda i: i.workdir("/app/"), "passed"),
    ("shell", lambda i: i.workdir("/app"), "image.other_workdir"),
    ("good", lambda i: i.label("stage", "test"), "passed"),
    ("good", lambda i: i.label("stage", "live"), "image.other_label"),
    ("shell", lambda i: i.label("stage"), "image.no_label"),
    ("healthy", lambda i: i.healthcheck(), "passed"),
    ("good", lambda i: i.healthcheck(), "image.no_healthcheck"),
]
FILES = [
    ("good", lambda i: i.has_file("/app/notes.txt"), "passed"),
    ("good", lambda i: i.has_file("/app"), "passed"),
    ("good", lambda i: i.has_file("/app", mode=0o750), "passed"),
    ("good", lambda i: i.has_file("/app/notes.txt", mode=0o640, contains="second"), "passed"),
    ("good", lambda i: i.has_file("/app/short", equals="first line\nsecond line\n"), "passed"),
    ("good", lambda i: i.has_file("/app/notes.txt", contains=re.compile(r"second line\n$")), "passed"),
    ("good", lambda i: i.has_file("/app/notes.txt", mode=0o644), "files.other_mode"),
    ("good", lambda i: i.has_file("/app/notes.txt", contains="third"), "files.content_lacks"),
    ("good", lambda i: i.has_file("/app/notes.txt", equals="first line\n"), "files.other_content"),
    ("good", lambda i: i.has_file("/app", contains="second"), "files.no_text"),
    ("good", lambda i: i.has_file("/notes.txt"), "files.absent"),
    ("good", lambda i: i.lacks_file("/notes.txt"), "passed"),
    ("good", lambda i: i.lacks_file("/app/notes.txt"), "files.there"),
    ("bare", lambda i: i.has_file("/notes.txt", contains="second"), "passed"),
    ("bare", lambda i: i.lacks_file("/bin/sh"), "passed"),
    ("bare", lambda i: i.isolates_writes("/"), "passed"),
    ("good", lambda i: i.isolates_writes("/no-such-folder"), "files.no_folder"),
]


@pytest.mark.parametrize(("kind", "ask", "answer"), METADATA + FILES)
def test_an_image_is_asked_without_being_started(
    bench: object, images: dict[str, str], says: Says, kind: str, ask: Callable[[Image], Check], answer: str
) -> None:
    assert says(ask(checks.image(images[kind]))) == answer


def test_images_are_told_apart_by_id_and_ancestry(
    bench: object, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    good, shell = checks.image(images["good"]), checks.image(images["shell"])
    copy = images["good"] + ":copy"
    client.images.get(images["good"]).tag(images["good"], "copy")
    try:
        assert says(good.same_as(copy)) == "passed"
        assert says(good.differs_from(copy)) == "image.not_different"
    finally:
        client.api.remove_image(copy)
    assert says(good.same_as(shell)) == "image.not_same"
    assert says(good.differs_from(shell)) == "passed"
    assert says(good.descends_from("course/busybox")) == "passed"
    assert says(good.descends_from("course/python")) == "image.other_base"
    assert says(checks.image(images["bare"]).descends_from("course/busybox")) == "image.other_base"
    assert says(good.shares_layers(shell)) == "passed"
    assert says(good.shares_layers(images["server"])) == "image.few_shared"
    assert says(good.size_at_most(1.5, of="course/busybox")) == "passed"
    assert says(checks.image(images["server"]).size_at_most(2, of="course/busybox")) == "image.too_large"
    assert says(good.same_digest_as(shell)) == "image.no_digest"


def test_an_image_that_is_not_there_was_not_attempted(bench: object, images: dict[str, str]) -> None:
    result = checks.image("quite-another-name").exists().run()
    assert (result.outcome, result.message) == (Outcome.NOT_ATTEMPTED, "image.absent")


def test_a_slip_in_the_name_is_shown(bench: object, images: dict[str, str]) -> None:
    meant = images["good"].replace("good", "godo")
    result = checks.image(meant).exists().run()
    assert (result.outcome, result.message) == (Outcome.FAILED, "image.name_near")
    assert images["good"] in result.observed


def test_a_base_image_that_the_engine_lacks_is_not_the_learners_fault(bench: object) -> None:
    result = checks.image("course/no-such-base").exists().run()
    assert (result.outcome, result.message) == (Outcome.COULD_NOT_CHECK, "engine.base_missing")
