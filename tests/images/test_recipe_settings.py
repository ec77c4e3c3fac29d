"""What is declared about base images, and where the settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from course.images import BASES, read_settings
from course.images.errors import BadSettings
from course.images.recipe import applets


def test_the_course_has_four_base_images() -> None:
    assert list(BASES) == ["busybox", "python", "node", "registry"]


@pytest.mark.parametrize("name", BASES)
def test_a_recipe_pins_its_upstream_by_digest_and_says_what_its_smoke_test_prints(name: str) -> None:
    recipe = BASES[name]
    assert (
        recipe.upstream.image.partition("@sha256:")[2].strip("0123456789abcdef") == "" and "@" in recipe.upstream.image
    )
    assert "busybox-static" in recipe.packages and recipe.smoke and recipe.expects and recipe.cmd
    assert any(value.startswith("PATH=") for value in recipe.env)
    assert "app:x:1000:" in recipe.files["etc/passwd"] and "root:x:0:" in recipe.files["etc/passwd"]


def test_a_shell_is_among_the_applets() -> None:
    assert {"sh", "ls", "cat", "ps", "wget"} <= set(applets())


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = read_settings(tmp_path / "none.toml", {})
    assert settings.sources == ("archive", "registry", "debian") and settings.registry == "docker.io"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text('sources = ["debian"]\nregistry = "one:5000"\narchive = "a.tar"\n[upstream]\nnode = "n@sha256:0"\n')
    from_file = read_settings(file, {})
    assert (from_file.sources, from_file.registry, from_file.archive) == (("debian",), "one:5000", Path("a.tar"))
    assert from_file.upstream == {"node": "n@sha256:0"}
    environ = {
        "SLIPWAY_IMAGE_SOURCES": "registry, archive",
        "SLIPWAY_REGISTRY": "two",
        "SLIPWAY_IMAGE_ARCHIVE": "b.tar",
    }
    told = read_settings(file, environ)
    assert (told.sources, told.registry, told.archive) == (("registry", "archive"), "two", Path("b.tar"))


@pytest.mark.parametrize("text", ['sources = ["cloud"]', "mirror = 1", "[upstream]\nruby = 'x'", "sources ="])
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "images.toml"
    file.write_text(text)
    with pytest.raises(BadSettings) as caught:
        read_settings(file, {})
    assert str(file) in str(caught.value)
