"""Getting base images onto an empty engine: from archives, in the configured order, only what is missing."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path

import docker
import pytest

from course.images import BASES, ensure, look
from course.images.errors import BadArchive, NoSource, SourceFailed, SourceUnreachable
from course.images.from_archive import ArchiveSource, load, own_archive, save
from course.images.progress import Report
from course.images.recipe import Recipe
from course.images.settings import Settings
from course.images.supply import sources_of


class Refusing:
    """A source that never gives anything, and counts how often it is asked."""

    name = "refusing"

    def __init__(self, failure: type[SourceFailed]) -> None:
        self.failure, self.asked = failure, 0

    def fetch(self, client: docker.DockerClient, recipe: Recipe, report: Report) -> None:
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
    (found,) = ensure(empty_engine, ["busybox"], sources=[ArchiveSource()])
    assert found.id and own_archive(BASES["busybox"], "amd64").parent == fresh_state / "images"


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
    engine: docker.DockerClient, empty_engine: docker.DockerClient, tmp_path: Path
) -> None:
    save(engine, tmp_path / "one.tar", [BASES["busybox"]])
    with (tmp_path / "one.tar").open("rb") as plain, gzip.open(tmp_path / "one.tar.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    assert load(empty_engine, tmp_path / "one.tar.gz") == ["busybox"]


def test_an_archive_that_holds_other_images_is_refused(empty_engine: docker.DockerClient, tmp_path: Path) -> None:
    empty_engine.api.import_image_from_data(_empty_tar(), repository="nginx", tag="latest")
    (tmp_path / "x.tar").write_bytes(b"".join(empty_engine.images.get("nginx").save(named=True)))
    with pytest.raises(BadArchive, match="nginx"):
        load(empty_engine, tmp_path / "x.tar")


@pytest.mark.parametrize("content", [b"", b"not an archive", None])
def test_a_file_that_is_no_archive_is_named(
    content: bytes | None, empty_engine: docker.DockerClient, tmp_path: Path
) -> None:
    path = tmp_path / "broken.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadArchive, match=r"broken\.tar"):
        load(empty_engine, path)


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
