"""Networks, volumes, a registry, a second machine, the learner's values and the journal."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from grader import checks
from grader.checks import Check, Outcome
from grader.checks.bench import Bench, use
from grader.checks.deed import Deed

Says = Callable[[Check], str]
Run = Callable[..., str]
FOREVER = ("sleep", "600")


@pytest.fixture
def network(client: docker.DockerClient, bench: object) -> Iterator[str]:
    made = client.networks.create(f"net-{uuid.uuid4().hex[:8]}")
    yield str(made.name)
    for each in client.networks.list(names=[made.name]):
        each.reload()
        for attached in each.containers:
            each.disconnect(attached, force=True)
        each.remove()


def test_a_network_joins_containers_by_name(
    run: Run, network: str, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    back = run(images["server"], name="t-back", network=network)
    front = run("course/busybox", *FOREVER, network=network)
    lone = run("course/busybox", *FOREVER)
    assert says(checks.network(network).exists()) == "passed"
    assert says(checks.network(network).connects(front, back)) == "passed"
    assert says(checks.network(network).connects(front, lone)) == "container.other_network"
    assert says(checks.network(network).connects("nobody")) == "container.absent"
    assert says(checks.container(front).reaches(f"http://{back}:8000/", body="hello")) == "passed"
    assert says(checks.container(lone).reaches(f"http://{back}:8000/", within=1)) == "reach.no_answer"
    assert says(checks.container(front).on_network(network, alias="till")) == "container.no_alias"
    assert says(checks.network("no-such-network").exists()) == "network.absent"
    assert says(checks.network("no-such-network").connects("nobody")) == "network.absent"
    assert says(checks.network("no-such-network").connects(lone)) == "container.other_network"
    assert says(checks.network(network).removed()) == "network.still_there"
    client.containers.get(front).stop(timeout=0)
    assert says(checks.network(network).connects(front)) == "container.not_running"


def test_a_network_that_was_made_and_removed(client: docker.DockerClient, bench: object, says: Says) -> None:
    name = f"net-{uuid.uuid4().hex[:8]}"
    assert says(checks.network(name).removed()) == "network.absent"
    client.networks.create(name).remove()
    assert says(checks.network(name).removed()) == "passed"


def test_a_volume_outlives_its_container(run: Run, client: docker.DockerClient, says: Says) -> None:
    volume = client.volumes.create(f"vol-{uuid.uuid4().hex[:8]}")
    data = checks.volume(str(volume.name))
    try:
        name = run("course/busybox", "sh", "-c", "echo milk > /data/list",
                   volumes={volume.name: {"bind": "/data", "mode": "rw"}})  # fmt: skip
        assert says(checks.container(name).exited()) == "passed"
        assert says(data.exists()) == "passed"
        assert says(data.outlives(name)) == "volume.container_left"
        client.containers.get(name).remove()
        assert says(data.outlives(name)) == "passed"
        assert says(data.outlives("never-there")) == "container.never_made"
        assert says(data.holds("/list", contains="milk")) == "passed"
        assert says(data.holds("list")) == "passed"
        assert says(data.holds("list", contains="bread")) == "files.content_lacks"
        assert says(data.holds("other")) == "volume.lacks_file"
        assert says(data.removed()) == "volume.still_there"
    finally:
        volume.remove()
    assert says(data.removed()) == "passed"
    assert says(data.outlives(name)) == "volume.gone"
    assert says(checks.volume("no-such-volume").exists()) == "volume.absent"
    assert says(checks.volume("no-such-volume").removed()) == "volume.absent"


def test_a_push_and_a_pull_keep_the_digest(
    run: Run, client: docker.DockerClient, images: dict[str, str], says: Says
) -> None:
    store = run("course/registry", ports={"5000/tcp": ("127.0.0.1", None)})
    registry = checks.registry(store)
    assert says(registry.answers()) == "passed"
    assert says(registry.holds("shop")) == "registry.not_there"
    port = client.containers.get(store).ports["5000/tcp"][0]["HostPort"]
    name = f"127.0.0.1:{port}/shop"
    client.images.get(images["good"]).tag(name, "1")
    try:
        client.images.push(name, "1")
        assert says(registry.holds("shop", "1", same_as=images["good"])) == "passed"
        assert says(registry.holds("shop", "1", same_as=images["shell"])) == "registry.other_image"
        assert says(checks.image(f"{name}:1").same_digest_as(images["good"])) == "passed"
    finally:
        client.api.remove_image(f"{name}:1")
    assert says(checks.registry("no-such-registry").answers()) == "container.absent"


def test_an_image_is_compared_across_two_machines(
    bench: Bench, engine_url: str, images: dict[str, str], says: Says
) -> None:
    # A second client is enough here: which engine a machine is on is not the checks' business.
    bench.machines["colleague"] = docker.DockerClient(base_url=engine_url, version="auto")
    there = checks.machine("colleague").image(images["good"])
    assert says(there.same_as(checks.image(images["good"]))) == "passed"
    assert says(there.runs(prints="one two")) == "passed"
    assert says(checks.machine("colleague").container("nobody").exists()) == "container.absent"
    bench.machines["colleague"].close()


class Given:
    """Values as the examiner gives them: JSON texts by name."""

    def __init__(self, **texts: str) -> None:
        self.texts = texts

    def fetch(self, name: str) -> bytes | None:
        text = self.texts.get(name)
        return None if text is None else text.encode()


VALUES = Given(
    number="3", text='"three and Four"', truth="true", empty='""', nothing="null", half="0.5", words='["a", "b"]',
    broken="{", huge='"' + "x" * 70_000 + '"', deep="[" * 50_000 + "]" * 50_000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda s: s["number"].equals(3), "passed"),
        (lambda s: s["number"].equals("3"), "value.other"),
        (lambda s: s["number"].equals(True), "value.other"),
        (lambda s: s["truth"].equals(True), "passed"),
        (lambda s: s["truth"].equals(1), "value.other"),
        (lambda s: s["half"].equals(0.5), "passed"),
        (lambda s: s["words"].equals(("a", "b")), "passed"),
        (lambda s: s["number"].one_of(range(5)), "passed"),
        (lambda s: s["number"].one_of([4, 5]), "value.other"),
        (lambda s: s["number"].there(int), "passed"),
        (lambda s: s["truth"].there(int), "value.other_kind"),
        (lambda s: s["number"].there(str), "value.other_kind"),
        (lambda s: s["text"].contains("THREE", "four"), "passed"),
        (lambda s: s["text"].contains("five"), "value.lacks"),
        (lambda s: s["number"].contains("3"), "value.other_kind"),
        (lambda s: s["text"].length(5), "passed"),
        (lambda s: s["text"].length(50), "value.short"),
        (lambda s: s["number"].length(1), "value.other_kind"),
        (lambda s: s["huge"].there(), "value.large"),
        (lambda s: s["broken"].there(), "value.not_plain"),
        (lambda s: s["deep"].there(), "value.large"),
        (lambda s: s["empty"].there(), "value.absent"),
        (lambda s: s["nothing"].equals(None), "value.absent"),
        (lambda s: s["absent"].equals(3), "value.absent"),
    ],
)
def test_values_are_plain_json_or_not_there(ask: Callable[[object], Check], answer: str, says: Says) -> None:
    with use(Bench(values=VALUES)):
        assert says(ask(checks.submission())) == answer
        assert checks.submission().get("number") == 3
        assert checks.submission().get("absent", "none") == "none"


def test_the_id_of_an_image_or_container(run: Run, bench: Bench, client: docker.DockerClient, says: Says) -> None:
    name = run("course/busybox", start=False)
    full = client.containers.get(name).id
    given = Given(full=f'"{full}"', short=f'"{full[:12]}"', shorter=f'"{full[:4]}"', name=f'"{name}"')
    with use(Bench(values=given, machines=bench.machines)):
        answers = [says(checks.submission()[each].id_of(checks.container(name))) for each in given.texts]
    assert answers == ["passed", "passed", "value.other_id", "value.other_id"]


def test_no_message_about_a_value_shows_the_right_answer() -> None:
    with use(Bench(values=Given(guess='"blue"', number="41"))):
        results = [
            checks.submission()["guess"].equals("swordfish").run(),
            checks.submission()["guess"].contains("swordfish").run(),
            checks.submission()["guess"].one_of(["swordfish", "tuna"]).run(),
            checks.submission()["number"].equals(42).run(),
        ]
    for result in results:
        shown = f"{result.title} {result.expected} {result.observed} {result.try_next}"
        assert result.outcome is Outcome.FAILED
        assert "swordfish" not in shown
        assert "42" not in shown


def test_the_journal_shows_what_the_learner_did_and_not_what_checks_did(
    run: Run, client: docker.DockerClient, says: Says
) -> None:
    name = run("course/busybox", *FOREVER)
    journal = checks.journal()
    assert says(checks.container(name).executes("true")) == "passed"
    assert says(journal.shows("exec", name)) == "journal.not_done"
    assert says(journal.lacks("exec", name)) == "passed"
    client.containers.get(name).exec_run("true")
    assert says(journal.shows("exec", name)) == "passed"
    assert says(journal.shows("exec", name, at_least=2)) == "journal.too_few"
    assert says(journal.lacks("exec", name)) == "journal.done"
    assert says(journal.shows("start", name)) == "passed"
    client.containers.get(name).get_archive("/bin/sh")[0].close()
    assert says(journal.shows("copy_out", name)) == "passed"


def test_a_bench_can_bring_its_own_journal(says: Says, tmp_path: Path) -> None:
    told = [Deed("push", "image", "shop", "sha256:1", 1.0)]
    with use(Bench(journal=lambda machine: told if machine == "" else [])):
        assert says(checks.journal().shows("push", "shop")) == "passed"
        assert says(checks.journal("colleague").shows("push")) == "journal.not_done"
