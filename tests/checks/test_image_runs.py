"""What an image does is found out in containers of the check's own, which are gone afterwards."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from grader import checks
from grader.checks import Check
from grader.checks.subjects import Image

Says = Callable[[Check], str]

SAYS = ("sh", "-c", "echo $WORD; echo oh >&2")
RUNS = [
    ("good", lambda i: i.runs(prints="one two"), "passed"),
    ("good", lambda i: i.runs("three", prints="three"), "passed"),
    ("good", lambda i: i.runs(prints="three"), "run.other_output"),
    ("root", lambda i: i.runs(exit_code=3), "passed"),
    ("root", lambda i: i.runs(), "run.other_exit"),
    ("shell", lambda i: i.runs(*SAYS, prints="now", errors="oh", environment={"WORD": "now"}), "passed"),
    ("shell", lambda i: i.runs("sh", "-c", "echo oh", errors="oh"), "run.other_errors"),
    ("sleeper", lambda i: i.runs(within=1), "run.still_running"),
    ("missing", lambda i: i.runs(), "run.cannot_start"),
    ("bare", lambda i: i.runs(), "run.no_command"),
    ("stranger", lambda i: i.runs("true"), "run.cannot_start"),
    ("sleeper", lambda i: i.stays_up(0.5), "passed"),
    ("shell", lambda i: i.stays_up(5), "run.ended"),
    ("sleeper", lambda i: i.stops_cleanly(within=5), "passed"),
    ("sleeper", lambda i: i.stops_cleanly(within=5, exit_code=143), "run.other_exit"),
    ("deaf", lambda i: i.stops_cleanly(within=1), "run.killed"),
    ("shell", lambda i: i.stops_cleanly(), "run.ended"),
    ("server", lambda i: i.serves(port=8000, body="hello from", header=("x-shop", "open")), "passed"),
    ("server", lambda i: i.serves("/secret", port=8000, status=404), "passed"),
    ("server", lambda i: i.serves("/secret", port=8000), "http.other_status"),
    ("server", lambda i: i.serves(port=8000, body="goodbye"), "http.other_body"),
    ("server", lambda i: i.serves(port=8000, header=("x-shop", "closed")), "http.other_header"),
    ("server", lambda i: i.serves(port=8001, within=1), "http.no_answer"),
    ("shell", lambda i: i.serves(port=8000), "http.ended"),
    ("good", lambda i: i.survives_save_and_load(prints="one two"), "passed"),
    ("good", lambda i: i.survives_save_and_load(prints="three"), "run.other_output"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "ask", "answer"), RUNS)
def test_an_image_is_tried_in_a_container_of_its_own(
    bench: object, images: dict[str, str], says: Says, kind: str, ask: Callable[[Image], Check], answer: str
) -> None:
    assert says(ask(checks.image(images[kind]))) == answer


def test_a_failure_tells_the_exit_code_its_meaning_and_the_last_output(bench: object, images: dict[str, str]) -> None:
    result = checks.image(images["shell"]).runs("sh", "-c", "echo last words; no-such-program").run()
    assert "127" in result.observed
    assert "not found in the image" in result.observed
    assert "no-such-program" in result.observed


def test_save_and_load_keeps_every_name_of_an_image(
    bench: object, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    client.images.get(images["shell"]).tag(images["shell"], "second")
    try:
        assert says(checks.image(images["shell"]).survives_save_and_load()) == "passed"
        assert client.images.get(images["shell"] + ":second").id == client.images.get(images["shell"]).id
    finally:
        client.api.remove_image(images["shell"] + ":second")


def test_save_and_load_leaves_an_image_in_place_while_a_container_uses_it(
    run: Callable[..., str], client: docker.DockerClient, images: dict[str, str]
) -> None:
    name = run(images["shell"], start=False)
    result = checks.image(images["shell"]).survives_save_and_load().run()
    assert result.passed
    assert "loaded over itself" in result.observed
    assert client.containers.get(name).image.id == client.images.get(images["shell"]).id
