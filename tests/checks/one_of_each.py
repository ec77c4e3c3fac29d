"""One call of every check, for tests that go over the whole vocabulary."""

from __future__ import annotations

from grader import checks
from grader.checks import Check


def one_of_each() -> list[Check]:
    """A check of every method of every subject, on things with ordinary names."""
    image, web = checks.image("shop"), checks.container("web")
    fleet = checks.containers(image="shop")
    file = checks.dockerfile("Dockerfile")
    network, volume, registry = checks.network("net"), checks.volume("data"), checks.registry("store")
    journal, value = checks.journal(), checks.submission()["answer"]
    return [
        image.exists(), image.same_as("other"), image.differs_from("other"), image.same_digest_as("other"),
        image.descends_from("course/busybox"), image.shares_layers("other"), image.size_at_most(2, of="other"),
        image.cmd("a"), image.entrypoint("a"), image.exec_form(), image.env("A"), image.exposes(80), image.user("app"),
        image.not_root(), image.workdir("/app"), image.label("a"), image.healthcheck(), image.has_file("/a"),
        image.lacks_file("/a"), image.runs(), image.stays_up(), image.serves(port=80), image.stops_cleanly(),
        image.isolates_writes(), image.survives_save_and_load(),
        web.exists(), web.removed(), web.state("running"), web.stays_up(), web.exited(), web.healthy(),
        web.restarted(), web.stops_cleanly(), web.from_image("shop"), web.command("a"), web.env("A"), web.label("a"),
        web.publishes(80), web.on_network("net"), web.mounts("data"), web.restart_policy("no"), web.not_root(),
        web.log("a"), web.serves(port=80), web.executes("true"), web.reaches("http://other/"), web.has_file("/a"),
        web.lacks_file("/a"), web.changed("/a"), web.isolated_from("other"),
        fleet.running(2), fleet.exist(2), fleet.one_image(), fleet.distinct_answers(port=80),
        fleet.distinct_files("/a"), fleet.survive_a_kill(port=80), fleet.isolated(), fleet.none_left(),
        file.exists(), file.builds(), file.starts_from("course/busybox"), file.has("RUN"), file.lacks("RUN"),
        file.exec_form(), file.order(("COPY", "a"), ("RUN", "b")), file.stages(), file.ignores("a"),
        file.reuses_cache(after_changing="a.txt"), file.lint(),
        network.exists(), network.connects("web"), network.removed(),
        volume.exists(), volume.holds("/a"), volume.outlives("web"), volume.removed(),
        registry.answers(), registry.holds("shop"),
        value.there(), value.equals(1), value.one_of([1]), value.contains("a"), value.length(), value.id_of(web),
        journal.shows("start"), journal.lacks("start"),
    ]  # fmt: skip


WITHOUT_ENGINE = frozenset(
    f"dockerfile.{name}"
    for name in ("exists", "starts_from", "has", "lacks", "exec_form", "order", "stages", "ignores", "lint")
) | frozenset(f"submission.{name}" for name in ("there", "equals", "one_of", "contains", "length"))
"""Checks that read text or values only."""
