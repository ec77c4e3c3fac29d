"""The plugin's arguments and what it prints; `tests/gateway/data_plane/test_docker_plugins.py` runs it on an engine."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from course.docker_plugins import buildx


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("-t a:1 --build-arg X=--push .", "-t a:1 --build-arg X=--push ."),
        ("--load --progress=plain .", "."),
        ("--progress tty .", "."),
        ("--progress quiet .", "--quiet ."),
        ("--provenance=false --sbom=false .", "."),
        ("--builder default -o type=docker .", "."),
        ("--output=type=docker -otype=docker .", "."),
        ("-f Dockerfile.dev --no-cache --pull --target=one -", "-f Dockerfile.dev --no-cache --pull --target=one -"),
    ],
)
def test_what_the_engine_s_builder_has_is_passed_on(words: str, given: str) -> None:
    assert buildx.as_classic(words.split()) == given.split()


@pytest.mark.parametrize("name", sorted(buildx.REFUSED))
def test_what_a_session_has_not_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        buildx.as_classic([f"{name}=x", "."])
    assert len(str(refused.value)) > len(name) + 10


@pytest.mark.parametrize("word", ["-o", "--output"])
def test_an_output_is_refused_however_it_is_written(word: str) -> None:
    for words in ([word, "out", "."], [f"{word}=out", "."]):
        with pytest.raises(ValueError, match="--output: the image goes to the engine"):
            buildx.as_classic(words)


def test_nothing_but_the_deprecation_is_kept_back() -> None:
    said = (
        b"before\n\nDEPRECATED: The legacy builder is deprecated and will be removed in a future release.\n"
        b"            BuildKit is currently disabled; enable it by removing the DOCKER_BUILDKIT=0\n"
        b"            environment-variable.\n\nerror: one\n\nerror: two\n"
    )
    assert b"".join(buildx.without_deprecation(io.BytesIO(said))) == b"before\n\nerror: one\n\nerror: two\n"


def test_the_plugin_runs_without_the_course() -> None:
    command = [sys.executable, "-I", "-S", buildx.__file__, "docker-cli-plugin-metadata"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path("/"))
    assert json.loads(done.stdout)["SchemaVersion"] == "0.1.0"
