"""One container of the learner's: its life, its set-up, what it does and what is in it."""

from __future__ import annotations

from collections.abc import Callable

import docker
import pytest

from grader import checks
from grader.checks import Check, Outcome

Says = Callable[[Check], str]
Run = Callable[..., str]

FOREVER = ("sleep", "600")


def test_the_states_of_a_life(run: Run, client: docker.DockerClient, says: Says) -> None:
    web = checks.container(run("course/busybox", *FOREVER, start=False))
    assert says(web.state("created")) == "passed"
    assert says(web.state("running")) == "container.other_state"
    assert says(web.exited()) == "container.not_started"
    assert says(web.stays_up(0.2)) == "container.ended"
    client.containers.get(web.name).start()
    assert says(web.state("exited", "running")) == "passed"
    assert says(web.stays_up(0.2)) == "passed"
    assert says(web.exited(within=0.2)) == "container.still_running"
    client.containers.get(web.name).pause()
    assert says(web.state("paused")) == "passed"
    assert says(web.stays_up(0.2)) == "container.not_running"
    client.containers.get(web.name).unpause()
    client.containers.get(web.name).kill()
    assert says(web.exited(code=137)) == "passed"
    assert says(web.exited(code=None)) == "passed"
    assert says(web.exited()) == "container.other_exit"


def test_a_container_that_restarts_for_ever_does_not_stay_up(run: Run, says: Says) -> None:
    name = run("course/busybox", "sh", "-c", "sleep 0.3; exit 1", restart_policy={"Name": "always"})
    assert says(checks.container(name).stays_up(3)) == "container.restarts"
    assert says(checks.container(name).restart_policy("always")) == "passed"
    assert says(checks.container(name).restart_policy("no")) == "container.other_policy"


def test_absent_near_and_gone_are_three_answers(run: Run, client: docker.DockerClient, says: Says) -> None:
    name = run("course/busybox", start=False)
    nothing = checks.container("quite-another").exists().run()
    assert (nothing.outcome, nothing.message) == (Outcome.NOT_ATTEMPTED, "container.absent")
    assert says(checks.container(name + "x").exists()) == "container.name_near"
    assert says(checks.container(name).removed()) == "container.still_there"
    client.containers.get(name).remove()
    assert says(checks.container(name).exists()) == "container.gone"
    assert says(checks.container(name).removed()) == "passed"
    assert says(checks.container("quite-another").removed()) == "container.never_made"


def test_a_container_that_stands_as_it_was_made_counts_as_not_attempted(run: Run, client: docker.DockerClient) -> None:
    web = checks.container(run("course/busybox", *FOREVER))
    assert web.removed().run().outcome is Outcome.NOT_ATTEMPTED
    client.containers.get(web.name).kill()
    assert web.removed().run().outcome is Outcome.FAILED


def test_what_a_container_was_given(run: Run, client: docker.DockerClient, images: dict[str, str], says: Says) -> None:
    options = {"environment": {"SIZE": "8"}, "labels": {"shop": "open"}, "ports": {"8000/tcp": None}}
    web = checks.container(run(images["good"], "three", **options))
    assert says(web.from_image(images["good"])) == "passed"
    assert says(web.from_image(images["shell"])) == "container.other_image"
    assert says(web.command("echo", "three")) == "passed"
    assert says(web.command("three")) == "container.other_command"
    assert says(web.env("SIZE", "8")) == "passed"
    assert says(web.env("SIZE", "9")) == "container.other_env"
    assert says(web.env("size")) == "container.no_env"
    assert says(web.label("shop", "open")) == "passed"
    assert says(web.label("shop", "closed")) == "container.other_label"
    assert says(web.label("till")) == "container.no_label"
    assert says(web.publishes(8000)) == "passed"
    assert says(web.publishes(80)) == "http.not_published"
    assert says(web.not_root()) == "passed"
    assert says(checks.container(run("course/busybox", start=False)).not_root()) == "container.root"
    assert says(web.on_network("bridge")) == "passed"
    assert says(web.on_network("shopping")) == "container.other_network"
    assert says(web.mounts("data")) == "container.no_mount"


def test_the_log_is_polled_to_a_deadline(run: Run, says: Says) -> None:
    slow = checks.container(run("course/busybox", "sh", "-c", "sleep 0.5; echo open; echo oh >&2; sleep 600"))
    assert says(slow.log("open")) == "passed"
    assert says(slow.log("oh", stream="stderr")) == "passed"
    assert says(slow.log("oh", stream="stdout", within=0.3)) == "container.other_log"


def test_health(run: Run, images: dict[str, str], says: Says) -> None:
    sick, well = checks.container(run(images["sick"])), checks.container(run(images["healthy"]))
    assert says(well.healthy()) == "passed"
    assert says(sick.healthy("unhealthy")) == "passed"
    assert says(sick.healthy(within=0.2)) == "container.other_health"
    assert says(checks.container(run("course/busybox", *FOREVER)).healthy()) == "container.no_health"


def test_commands_inside(run: Run, says: Says) -> None:
    web = checks.container(run("course/busybox", *FOREVER))
    assert says(web.executes("cat", "/proc/1/comm", prints="sleep")) == "passed"
    assert says(web.executes("sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", prints="xxx")) == "passed"
    assert says(web.executes("cat", "/proc/1/comm", prints="init")) == "exec.other_output"
    assert says(web.executes("false")) == "exec.other_exit"
    assert says(web.executes("no-such-program", exit_code=127)) == "passed"
    assert says(web.executes("sleep", "30", within=0.5)) == "exec.too_slow"
    assert says(checks.container(run("course/busybox", start=False)).executes("true")) == "container.not_running"


def test_http_through_the_published_port_and_from_inside(run: Run, images: dict[str, str], says: Says) -> None:
    web = checks.container(run(images["server"], ports={"8000/tcp": ("127.0.0.1", None)}))
    assert says(web.serves(port=8000, body="hello from")) == "passed"
    assert says(web.serves("/secret", port=8000, status=404)) == "passed"
    assert says(web.serves(port=80)) == "http.not_published"
    assert says(web.reaches("http://127.0.0.1:8000/", body="hello")) == "passed"
    assert says(web.reaches("http://127.0.0.1:8000/", body="goodbye", within=1)) == "reach.other_body"
    assert says(web.reaches("http://127.0.0.1:9/", within=1)) == "reach.no_answer"
    busybox = checks.container(run("course/busybox", *FOREVER))
    assert says(busybox.reaches("http://127.0.0.1:9/", within=1)) == "reach.no_answer"


def test_a_container_is_not_asked_with_its_own_programs(run: Run, says: Says) -> None:
    forger = "for tool in wget curl python3; do printf '#!/bin/sh\\necho hello' > /bin/$tool; chmod +x /bin/$tool; done"
    web = checks.container(run("course/python", "sh", "-c", forger + "; sleep 600"))
    assert says(web.reaches("http://127.0.0.1:8000/", body="hello", within=1)) == "reach.no_answer"
    server = "require('http').createServer((q, a) => a.end('hello from node')).listen(8000, '127.0.0.1')"
    web = checks.container(run("course/node", "node", "-e", server))
    assert says(web.reaches("http://127.0.0.1:8000/", body="hello from node")) == "passed"


def test_files_of_a_container_differ_from_its_image(run: Run, says: Says) -> None:
    name = run("course/busybox", "sh", "-c", "echo milk > /list; chmod 600 /list")
    web = checks.container(name)
    assert says(web.exited()) == "passed"
    assert says(web.has_file("/list", equals="milk\n", mode=0o600)) == "passed"
    assert says(web.has_file("/list", contains="bread")) == "files.content_lacks"
    assert says(web.lacks_file("/list")) == "files.there"
    assert says(web.lacks_file("/other")) == "passed"
    assert says(web.changed("/list")) == "passed"
    assert says(web.changed("/etc")) == "container.unchanged"


def test_a_write_stays_in_its_container(run: Run, client: docker.DockerClient, says: Says) -> None:
    one, two = (checks.container(run("course/busybox", *FOREVER)) for _ in range(2))
    assert says(one.isolated_from(two)) == "passed"
    assert client.containers.get(one.name).exec_run("ls -A /tmp").output == b"", "the check takes its file away"
    assert says(one.isolated_from(one)) == "isolation.same_container"


def test_a_shared_volume_is_no_isolation(run: Run, client: docker.DockerClient, says: Says) -> None:
    volume = client.volumes.create()
    try:
        mounts = {volume.name: {"bind": "/tmp", "mode": "rw"}}
        one, two = (checks.container(run("course/busybox", *FOREVER, volumes=mounts)) for _ in range(2))
        assert says(one.isolated_from(two)) == "isolation.shared_folder"
        assert says(one.mounts(volume.name, at="/tmp")) == "passed"
        assert says(one.mounts(volume.name, at="/data")) == "container.other_mount"
    finally:
        for each in (one, two):
            client.containers.get(each.name).remove(force=True)
        volume.remove()


def test_stopping_cleanly_leaves_the_container_running(
    run: Run, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    kind, deaf = checks.container(run(images["sleeper"])), checks.container(run(images["deaf"]))
    assert says(kind.log("ready")) == "passed"
    assert says(kind.stops_cleanly(within=5)) == "passed"
    assert client.containers.get(kind.name).status == "running"
    assert says(deaf.stops_cleanly(within=1)) == "run.killed"


def test_a_start_by_the_learner_counts_as_a_restart_and_one_by_a_check_does_not(
    run: Run, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    web = checks.container(run(images["sleeper"]))
    assert says(web.stops_cleanly()) == "passed"
    assert says(web.restarted()) == "container.not_restarted"
    client.containers.get(web.name).restart(timeout=1)
    assert says(web.restarted()) == "passed"


def test_a_restart_by_policy_is_awaited_and_so_is_the_health_after_it(run: Run, says: Says) -> None:
    probe = {"test": ["CMD", "test", "-e", "/tmp/again"], "interval": 1_000_000_000}
    once = "[ -e /tmp/again ] && exec sleep 600; touch /tmp/again; sleep 0.5; exit 1"
    policy = {"Name": "on-failure", "MaximumRetryCount": 1}
    web = checks.container(run("course/busybox", "sh", "-c", once, restart_policy=policy, healthcheck=probe))
    assert says(web.restarted()) == "container.not_restarted"
    assert says(web.restarted(within=20)) == "passed"
    assert says(web.healthy()) == "passed"
    assert says(web.restarted(at_least=2, within=0.3)) == "container.not_restarted"


@pytest.mark.parametrize("count", [0, 3])
def test_exec_never_mistakes_a_slow_command_for_a_slow_engine(run: Run, count: int) -> None:
    web = checks.container(run("course/busybox", *FOREVER))
    result = web.executes("sh", "-c", f"sleep 0.{count}; echo done", prints="done").run()
    assert result.passed
