"""Getting base images onto an empty engine: from archives, in the configured order, only what is missing."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path

import docker
import pytest

from course.images import BASES, ensure, look, verify
from course.images.archive import read_archive
from course.images.errors import BadArchive, ContractBroken, NoSource, SourceFailed, SourceUnreachable
from course.images.from_archive import ArchiveSource, names_in, own_archive, save
from course.images.progress import Report
from course.images.recipe import Recipe
from course.images.settings import Settings
from course.images.supply import sources_of


class Refusing:
    """A source that never gives anything, and counts how often it is asked."""

    name = "refusing"

    def __init__(self, failure: type[SourceFailed]) -> None:
        self.failure, self.asked = failure, 0

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> str | None:
        self.asked += 1
        raise self.failure("something", "nothing", "elsewhere")


def test_an_archive_seeds_an_empty_engine_with_the_same_images(
    engine: docker.DockerClient, empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    found = ensure(empty_engine, ["busybox", "registry"], sources=[ArchiveSource(saved)])
    assert [image.name for image in found] == ["busybox", "registry"]
    assert [image.id for image in found] == [look(engine, BASES[name]).id for name in ("busybox", "registry")]
    assert look(empty_engine, BASES["python"]).id == ""


def test_a_second_engine_is_seeded_from_the_machine_s_own_archive(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    empty_engine.images.remove("course/busybox")
    (found,) = ensure(empty_engine, ["busybox"], sources=[ArchiveSource(kept=["archive"])])
    assert found.id and own_archive(BASES["busybox"], "amd64", "archive").parent == fresh_state / "images"


def test_what_another_source_gave_is_not_taken_for_a_configured_one_s(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    empty_engine.images.remove("course/busybox")
    with pytest.raises(NoSource):
        ensure(empty_engine, ["busybox"], sources=[ArchiveSource(kept=["registry"])])


def test_pull_anew_writes_the_kept_archive_again(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    kept = own_archive(BASES["busybox"], "amd64", "archive")
    kept.write_bytes(b"spoilt")
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)], anew=True)
    assert read_archive(kept)[0].tags == ("course/busybox:latest",)


def derived(client: docker.DockerClient, *lines: str) -> None:
    """Put an image that lines of a Dockerfile change in the place of course/busybox."""
    dockerfile = "\n".join(["FROM course/busybox", *lines, ""]).encode()
    for line in client.api.build(fileobj=io.BytesIO(dockerfile), tag="course/busybox:latest", decode=True, rm=True):
        assert "error" not in line, line


DIFFERENCES = {
    "a user": ("RUN sed -i /^app/d /etc/passwd", "user app:1000"),
    "a folder": ("RUN rmdir /srv", "folder /srv:755:0"),
    "a program": ("RUN rm /usr/bin/wget", "program wget"),
    "a program in the shell only": ("RUN rm /usr/bin/echo", "program echo"),
    "a place": ("RUN ln -sf /usr/bin/sh /bin/x && mv /usr/bin/env /usr/bin/x", "/usr/bin/env"),
    "an entry point": ('ENTRYPOINT ["sh"]', "no Entrypoint"),
    "a volume": ("VOLUME /data", "no Volumes"),
    "a port": ("EXPOSE 80", "no ExposedPorts"),
    "a user to run as": ("USER app", "no User"),
    "a variable": ("ENV A=b", "Env ["),
    "a label": ("LABEL a=b", "no other label"),
    "a layer": ("RUN touch /more", "one layer: it has 2"),
    "weight": ("RUN dd if=/dev/zero of=/weight bs=1M count=9", "a layer of 0.5 to 8.4 MB"),
}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_an_image_that_breaks_the_contract_gets_no_name_and_no_archive(
    difference: str, empty_engine: docker.DockerClient, saved: Path, fresh_state: Path, tmp_path: Path
) -> None:
    line, told = DIFFERENCES[difference]
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    own_archive(BASES["busybox"], "amd64", "archive").unlink()
    derived(empty_engine, line)
    save(empty_engine, tmp_path / "bad.tar", [BASES["busybox"]])
    empty_engine.images.remove("course/busybox")
    with pytest.raises(NoSource) as caught:
        ensure(empty_engine, ["busybox"], sources=[ArchiveSource(tmp_path / "bad.tar")])
    assert told in caught.value.observed
    assert [tag for image in empty_engine.images.list(all=True) for tag in image.tags] == []
    assert list((fresh_state / "images").glob("*.tar")) == [] and empty_engine.containers.list(all=True) == []


def test_the_next_source_is_asked_after_one_that_broke_the_contract(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path, tmp_path: Path
) -> None:
    empty_engine.images.load(saved.read_bytes())
    derived(empty_engine, "RUN rm /usr/bin/wget")
    save(empty_engine, tmp_path / "bad.tar", [BASES["busybox"]])
    (found,) = ensure(
        empty_engine, ["busybox"], sources=[ArchiveSource(tmp_path / "bad.tar"), ArchiveSource(saved)], anew=True
    )
    assert found.current and verify(empty_engine, BASES["busybox"])


def test_a_machine_with_bases_of_another_recipe_is_repaired_without_a_network(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    """What an older course made from a registry's image: no compiled library, other users, more layers."""
    empty_engine.images.load(saved.read_bytes())
    derived(empty_engine, "LABEL org.slipway.recipe=0", "RUN sed -i /^app/d /etc/passwd", "USER nobody")
    before = look(empty_engine, BASES["busybox"])
    with pytest.raises(ContractBroken):
        verify(empty_engine, BASES["busybox"])
    (found,) = ensure(empty_engine, ["busybox"], sources=[Refusing(SourceUnreachable)])
    assert before.id and not before.current and found.current
    assert verify(empty_engine, BASES["busybox"]).name == "busybox"
    assert [image.id for image in empty_engine.images.list() if image.id == before.id] == []


def test_what_is_there_is_not_fetched(empty_engine: docker.DockerClient, saved: Path, fresh_state: Path) -> None:
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    never = Refusing(SourceFailed)
    assert ensure(empty_engine, ["busybox"], sources=[never])[0].id
    assert never.asked == 0


def test_the_next_source_is_asked_and_an_unreachable_one_only_once(
    empty_engine: docker.DockerClient, tmp_path: Path, engine: docker.DockerClient, fresh_state: Path
) -> None:
    for name in ("busybox", "registry"):
        save(engine, tmp_path / f"{name}.tar", [BASES[name]])
    away, without = Refusing(SourceUnreachable), Refusing(SourceFailed)
    sources = [away, without, ArchiveSource(tmp_path / "busybox.tar"), ArchiveSource(tmp_path / "registry.tar")]
    found = ensure(empty_engine, ["busybox", "registry"], sources=sources)
    assert all(image.id for image in found)
    assert (away.asked, without.asked) == (1, 2)


def test_an_image_of_that_name_without_the_label_counts_as_missing(
    empty_engine: docker.DockerClient, saved: Path, fresh_state: Path
) -> None:
    ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])
    stranger = empty_engine.api.import_image_from_data(_empty_tar(), repository="course/busybox", tag="latest")
    assert "sha256" in str(stranger) and look(empty_engine, BASES["busybox"]).id == ""
    assert ensure(empty_engine, ["busybox"], sources=[ArchiveSource(saved)])[0].id


def test_when_no_source_gives_it_the_error_has_each_source_s_words(
    empty_engine: docker.DockerClient, fresh_state: Path
) -> None:
    settings = Settings(sources=("archive", "registry"), registry="127.0.0.1:1")
    with pytest.raises(NoSource) as caught:
        ensure(empty_engine, ["busybox"], sources=sources_of(settings))
    assert "no archive is configured" in str(caught.value) and "connection refused" in str(caught.value)
    assert "course images load FILE" in caught.value.try_next


def test_a_compressed_archive_loads_too(
    engine: docker.DockerClient, empty_engine: docker.DockerClient, fresh_state: Path, tmp_path: Path
) -> None:
    save(engine, tmp_path / "one.tar", [BASES["busybox"]])
    with (tmp_path / "one.tar").open("rb") as plain, gzip.open(tmp_path / "one.tar.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    assert [i.name for i in ensure(empty_engine, ["busybox"], sources=[ArchiveSource(tmp_path / "one.tar.gz")])] == [
        "busybox"
    ]


def test_an_archive_that_holds_other_images_is_refused(empty_engine: docker.DockerClient, tmp_path: Path) -> None:
    empty_engine.api.import_image_from_data(_empty_tar(), repository="nginx", tag="latest")
    (tmp_path / "x.tar").write_bytes(b"".join(empty_engine.images.get("nginx").save(named=True)))
    with pytest.raises(BadArchive, match="nginx"):
        names_in(empty_engine, tmp_path / "x.tar")


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_file_that_is_no_archive_is_named(
    content: bytes | None, empty_engine: docker.DockerClient, tmp_path: Path
) -> None:
    path = tmp_path / "broken.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadArchive, match=r"broken\.tar"):
        names_in(empty_engine, path)


def test_a_save_that_fails_leaves_no_file(empty_engine: docker.DockerClient, tmp_path: Path) -> None:
    from course.engine.errors import ImageMissing

    with pytest.raises(ImageMissing):
        save(empty_engine, tmp_path / "none.tar", [BASES["node"]])
    assert list(tmp_path.iterdir()) == []


def _empty_tar() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    return packed.getvalue()
