"""A build is a stream of typed events, and a failure names its instruction and its line."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import docker
import pytest
from live_kernel import wait_until

from course.engine.build import BuildDone, BuildEvent, StepDone, StepFailed, StepOutput, StepStarted, build
from course.engine.errors import BuildFailed

GOOD = "# the shop\nFROM course/busybox\n\nARG WORD=none\nRUN echo the word is \\\n    $WORD\n"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(GOOD)
    return tmp_path


def events_of(
    client: docker.DockerClient, context: Path, **options: object
) -> tuple[list[BuildEvent], BuildFailed | None]:
    events: list[BuildEvent] = []
    try:
        events.extend(build(context, ["built:1"], client=client, **options))  # type: ignore[arg-type]  # test's own options
    except BuildFailed as error:
        return events, error
    return events, None


def failing(client: docker.DockerClient, context: Path, text: str) -> tuple[list[BuildEvent], BuildFailed]:
    """The events before a failure, and the failure."""
    (context / "Dockerfile").write_text(text)
    events: list[BuildEvent] = []
    with pytest.raises(BuildFailed) as caught:
        for event in build(context, ["built:1"], client=client):
            events.append(event)
    return events, caught.value


def test_every_instruction_starts_and_ends_and_has_its_line(clean: docker.DockerClient, context: Path) -> None:
    events, error = events_of(clean, context, buildargs={"WORD": "tide"})
    assert error is None
    started = [event for event in events if isinstance(event, StepStarted)]
    assert [(event.number, event.total, event.line) for event in started] == [(1, 3, 2), (2, 3, 4), (3, 3, 5)]
    assert [event.number for event in events if isinstance(event, StepDone)] == [1, 2, 3]
    assert "the word is tide" in "".join(event.text for event in events if isinstance(event, StepOutput))


def test_the_last_event_is_the_image_with_all_its_names(clean: docker.DockerClient, context: Path) -> None:
    *_, last = build(context, ["built:1", "built:2"], client=clean)
    assert isinstance(last, BuildDone)
    assert clean.images.get("built:2").id == clean.images.get("built:1").id == last.image_id


def test_a_second_build_comes_from_the_cache_unless_it_may_not(clean: docker.DockerClient, context: Path) -> None:
    events_of(clean, context)
    *_, again = build(context, ["built:1"], client=clean)
    *_, fresh = build(context, ["built:1"], client=clean, nocache=True)
    assert isinstance(again, BuildDone) and again.cached == again.steps - 1  # FROM is no step that a cache could save
    assert isinstance(fresh, BuildDone) and fresh.cached == 0


def test_a_failing_instruction_is_named_with_its_line_and_its_output(clean: docker.DockerClient, context: Path) -> None:
    events, error = failing(clean, context, "FROM course/busybox\n\nRUN echo almost && exit 3\n")
    assert (error.instruction, error.line) == ("RUN echo almost && exit 3", 3)
    assert error.last_output == "almost"
    assert isinstance(events[-1], StepFailed) and events[-1].line == 3


def test_a_command_that_is_not_in_the_image_gets_the_words_for_it(clean: docker.DockerClient, context: Path) -> None:
    _, error = failing(clean, context, "FROM course/busybox\nRUN python3 --version\n")
    assert "not in the image" in error.try_next
    assert "\x1b" not in str(error), "no colour codes in a message"


def test_a_file_that_is_not_in_the_context_gets_the_words_for_it(clean: docker.DockerClient, context: Path) -> None:
    _, error = failing(clean, context, "FROM course/busybox\nCOPY shop.py /\n")
    assert (error.line, context.name in error.try_next) == (2, True)


def test_a_line_that_is_no_dockerfile_is_named_although_nothing_was_run(
    clean: docker.DockerClient, context: Path
) -> None:
    events, error = failing(clean, context, "FROM course/busybox\nRUNN echo\n")
    assert (error.line, error.instruction) == (2, "RUNN echo")
    assert [type(event) for event in events] == [StepFailed]


@pytest.mark.parametrize("text", [b"# caf\xe9\nFROM course/busybox\n", "FROM course/busybox\n".encode("utf-16")])
def test_a_dockerfile_in_another_encoding_is_refused_in_words(
    clean: docker.DockerClient, context: Path, text: bytes
) -> None:
    (context / "Dockerfile").write_bytes(text)
    with pytest.raises(BuildFailed) as caught:
        list(build(context, ["built:1"], client=clean))
    assert "not UTF-8" in caught.value.observed and "save the file" in caught.value.try_next


def test_the_output_that_comes_in_pieces_is_whole(clean: docker.DockerClient, context: Path) -> None:
    command = "printf 'one ' >&2; sleep 0.2; printf 'two\\n\\n' >&2; sleep 0.2; printf '\\n' >&2; exit 3"
    _, error = failing(clean, context, f"FROM course/busybox\nRUN {command}\n")
    assert error.last_output == "one two"


def test_a_base_that_does_not_exist_gets_the_names_of_those_that_do(clean: docker.DockerClient, context: Path) -> None:
    _, error = failing(clean, context, "FROM no-such/base\n")
    assert "course/busybox" in error.try_next


def test_closing_the_iterator_cancels_the_build(
    clean: docker.DockerClient, engine: docker.DockerClient, context: Path
) -> None:
    (context / "Dockerfile").write_text("FROM course/busybox\nRUN sleep 321\n")
    sleeping = lambda: "sleep 321" in str([c["Command"] for c in engine.api.containers(all=True)])  # noqa: E731  # twice
    running = build(context, ["built:1"], client=clean)
    for event in running:
        if isinstance(event, StepStarted) and event.number == 2:
            break
    wait_until(sleeping)
    running.close()
    wait_until(lambda: not sleeping())


def test_both_engines_speak_so_that_steps_cache_and_failure_are_read(each_engine_url: str, context: Path) -> None:
    """Straight on the engine, because its words differ between versions: a session adds none of its own."""
    with closing(docker.DockerClient(each_engine_url, timeout=120)) as client:
        try:
            events, error = events_of(client, context)
            *_, again = build(context, ["built:1"], client=client)
            assert error is None and [e.line for e in events if isinstance(e, StepStarted)] == [2, 4, 5]
            assert isinstance(again, BuildDone) and again.cached == 2
            _, failure = failing(client, context, "FROM course/busybox\n\nRUN echo almost && exit 3\n")
            assert (failure.line, failure.last_output) == (3, "almost")
            _, refused = failing(client, context, "FROM course/busybox\nRUNN echo\n")
            assert refused.line == 2
        finally:
            client.api.remove_image("built:1", force=True)
