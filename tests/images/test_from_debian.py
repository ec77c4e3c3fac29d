"""Building from packages: twice the same bytes, and for another architecture too."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from course.images import BASES
from course.images.archive import read_archive
from course.images.errors import SourceFailed
from course.images.from_debian import Built, build, mirror_lines
from course.images.recipe import LABEL_PACKAGES, Recipe

pytestmark = [
    pytest.mark.usefixtures("outside"),
    pytest.mark.skipif(
        shutil.which("mmdebstrap") is None,
        reason="mmdebstrap is not installed: `make setup` installs it with root and consent",
    ),
]
MACHINES = {"amd64": 62, "arm64": 183}  # e_machine in an ELF header (elf(5): EM_X86_64, EM_AARCH64)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Built]:
    """The first build of an image by its name; it is made once."""

    @cache
    def built(name: str) -> Built:
        return build(BASES[name], tmp_path_factory.mktemp("first") / f"{name}.tar", "amd64")

    return built


@pytest.mark.parametrize("name", ["busybox", "python"])
def test_two_builds_of_the_same_packages_have_the_same_layer_and_id(
    name: str, first: Callable[[str], Built], tmp_path: Path
) -> None:
    one, two = first(name), build(BASES[name], tmp_path / "2.tar", "amd64")
    assert one.packages == two.packages and len(one.packages) > 0
    assert (one.diff_id, one.image_id) == (two.diff_id, two.image_id)
    assert one.archive.read_bytes() == two.archive.read_bytes()


def test_an_image_lists_its_packages_with_versions(first: Callable[[str], Built]) -> None:
    (image,) = read_archive(first("busybox").archive)
    name, _, version = image.labels[LABEL_PACKAGES].partition("=")
    assert name == "busybox-static" and version[0].isdigit() and "%" not in version


def test_an_image_for_arm64_holds_programs_of_arm64(tmp_path: Path) -> None:
    built = build(BASES["busybox"], tmp_path / "arm.tar", "arm64")
    (image,) = read_archive(built.archive)
    assert image.architecture == "arm64" and image.tags == ("course/busybox:candidate",)
    with tarfile.open(built.archive) as archive:
        content = archive.extractfile(f"{built.diff_id.removeprefix('sha256:')}/layer.tar")
        assert content is not None
        with tarfile.open(fileobj=io.BytesIO(content.read())) as layer:
            program = layer.extractfile("usr/bin/busybox")
            assert program is not None
            header = program.read(20)
    assert int.from_bytes(header[18:20], "little") == MACHINES["arm64"]


def test_a_package_that_does_not_exist_is_named_and_leaves_no_file(tmp_path: Path) -> None:
    broken = Recipe("x", "", ("no-such-package",), ("sh",), (), "", "", "0" * 12)
    with pytest.raises(SourceFailed, match="no-such-package"):
        build(broken, tmp_path / "x.tar", "amd64")
    assert list(tmp_path.iterdir()) == []


def test_only_the_distribution_s_own_archive_is_used() -> None:
    suite, lines = mirror_lines()
    assert all(line.split()[2].startswith(suite) and line.startswith("deb ") for line in lines)
