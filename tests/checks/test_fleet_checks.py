"""Several containers behind one image."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from grader import checks
from grader.checks import Check, Outcome

Says = Callable[[Check], str]
Run = Callable[..., str]
PORT = {"8000/tcp": ("127.0.0.1", None)}


def test_a_fleet_behind_one_image(run: Run, client: docker.DockerClient, images: dict[str, str], says: Says) -> None:
    names = [run(images["server"], ports=PORT) for _ in range(3)]
    fleet = checks.containers(image=images["server"])
    assert says(fleet.running(3)) == "passed"
    assert says(fleet.running(2)) == "containers.other_running"
    assert says(fleet.exist(at_least=4)) == "containers.other_number"
    assert says(fleet.one_image(at_least=3)) == "passed"
    assert says(fleet.one_image(at_least=4)) == "containers.other_number"
    assert says(fleet.distinct_answers(3, port=8000)) == "passed"
    assert says(fleet.distinct_answers(2, "/secret", port=8000, within=2)) == "containers.no_answer"
    assert says(fleet.distinct_files("/etc/hostname", 3)) == "passed"
    assert says(fleet.distinct_files("/server.py")) == "containers.same_files"
    assert says(fleet.distinct_files("/none")) == "containers.file_absent"
    assert says(fleet.isolated()) == "passed"
    assert says(fleet.survive_a_kill(3, port=8000)) == "passed"
    assert all(client.containers.get(name).status == "running" for name in names), "the killed one runs again"
    assert says(fleet.none_left()) == "containers.left"


def test_answers_that_are_all_alike(run: Run, says: Says) -> None:
    page = ("sh", "-c", "mkdir /www; echo same > /www/index.html; exec busybox httpd -f -p 8000 -h /www")
    names = [run("course/busybox", *page, ports=PORT) for _ in range(2)]
    assert says(checks.containers(*names).distinct_answers(port=8000)) == "containers.same_answers"
    assert says(checks.containers(*names).survive_a_kill(3, port=8000)) == "containers.other_running"


def test_a_fleet_that_hangs_on_one_of_its_own_falls_with_it(
    run: Run, client: docker.DockerClient, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A dead address on a bridge takes the kernel three seconds to give up; the check ends as soon as the second falls.
    monkeypatch.setattr("grader.checks.questions.fleet.STEADY", 30.0)
    page = "mkdir /www; echo page > /www/index.html; busybox httpd -p 8000 -h /www; "
    first = run("course/busybox", "sh", "-c", page + "sleep 600", name="a-front", ports=PORT)
    client.containers.get(first).reload()
    address = client.containers.get(first).attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    # a kill in mid-answer sends no reset, so the request needs a time-out of its own
    ask = f"wget -T 5 -q -O /dev/null http://{address}:8000/"
    needs_first = f"misses=0; while [ $misses -lt 2 ]; do {ask} && misses=0 || misses=$((misses+1)); sleep 0.1; done"
    assert says(checks.container(first).serves(port=8000)) == "passed"
    second = run("course/busybox", "sh", "-c", page + needs_first, name="b-back", ports=PORT)
    assert says(checks.containers(first, second).survive_a_kill(2, port=8000)) == "containers.fell_too"


def test_two_images_under_one_name_are_found_out(run: Run, images: dict[str, str], says: Says) -> None:
    names = [run(images["good"], start=False), run(images["shell"], start=False)]
    assert says(checks.containers(*names).one_image()) == "containers.several_images"


def test_a_label_names_a_group(run: Run, says: Says) -> None:
    run("course/busybox", start=False, labels={"shop": "t"})
    assert says(checks.containers(label="shop=t").exist(1)) == "passed"
    assert says(checks.containers(label="shop=u").exist(1)) == "containers.none"


def test_none_left_needs_that_there_were_some(
    run: Run, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    never = checks.containers("never-made-a", "never-made-b").none_left().run()
    assert (never.outcome, never.message) == (Outcome.NOT_ATTEMPTED, "containers.none")
    name = run(images["shell"], start=False)
    client.containers.get(name).remove()
    assert says(checks.containers(name).none_left()) == "passed"


def test_a_fleet_that_is_not_there_was_not_attempted(bench: object, images: dict[str, str]) -> None:
    fleet = checks.containers(image=images["server"])
    asked = [fleet.running(), fleet.exist(), fleet.one_image(), fleet.distinct_answers(port=8000), fleet.isolated()]
    assert {check.run().outcome for check in asked} <= {Outcome.NOT_ATTEMPTED}
