"""Questions about HTTP, asked of the published port and polled to a deadline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from grader.checks import ending, starting
from grader.checks.asking import ask
from grader.checks.check import failed
from grader.checks.finding import find_container, find_image
from grader.checks.found import FoundContainer
from grader.checks.logs import read
from grader.checks.named import Container, Image
from grader.checks.polling import looks
from grader.checks.text import Wanted, found, named
from grader.checks.trial import Trial

LARGEST = 1024 * 1024  # bytes of a body that is looked at
PATIENCE = 3.0  # seconds for one answer; the port's forwarder may accept before the program listens
STEP = 0.1  # seconds between two tries
WRONG_ANSWERS = 5  # the same wrong answer so often is taken as the answer: the program is up, and wrong


@dataclass(frozen=True)
class Page:
    """What an address should answer.

    Args:
        path: from the server's root, with its slash.
        status: the HTTP status.
        body: text in the body; None for any.
        header: a header's name and text in its value; None for any.
    """

    path: str = "/"
    status: int = 200
    body: Wanted | None = None
    header: tuple[str, Wanted] | None = None


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    status: int
    headers: Message
    body: str


def image_serves(
    image: Image, port: int, page: Page, environment: Mapping[str, str], within: float, trial: Trial
) -> str:
    """A new container answers."""
    made = starting.started(trial, find_image(trial, image), machine=image.machine, environment=environment, port=port)
    said = serve(trial, starting.look(trial, made, image.machine), image.machine, port, page, within)
    starting.remove(trial, made, image.machine)
    return said


def container_serves(container: Container, port: int, page: Page, within: float, trial: Trial) -> str:
    """The learner's container answers."""
    return serve(trial, find_container(trial, container), container.machine, port, page, within)


def serve(trial: Trial, container: FoundContainer, machine: str, port: int, page: Page, within: float) -> str:
    """Ask until the wanted page comes; the same wrong answer `WRONG_ANSWERS` times in a row ends it sooner."""
    if container.fact.status in ending.ENDED:
        raise ending.not_up(trial, container, machine, "http.ended", container=container.fact.name, port=port)
    base = address(container, port)
    last: Answer | None = None
    wrong = 0
    for _left in looks(within, STEP):
        answer = fetch(base + page.path)
        if answer is not None and _fault(answer, page) is None:
            return f"status {answer.status}, {len(answer.body)} characters"
        if answer is None:
            _still_up(trial, container, machine, port)
        wrong = wrong + 1 if answer is not None and last is not None and answer.status == last.status else 0
        last = answer or last
        if wrong >= WRONG_ANSWERS:
            break
    if last is None:
        raise failed(
            "http.no_answer",
            container=container.fact.name,
            port=port,
            seconds=f"{within:g}",
            log=read(trial, container.id, machine).last,
        )
    raise _fault(last, page) or failed("http.no_answer", container=container.fact.name, port=port, seconds="", log="")


def address(container: FoundContainer, port: int) -> str:
    """The URL of a container's published port, as seen from here.

    Raises:
        Unmet: `container.not_running`, or `http.not_published` (the port inside is not the port outside).
    """
    if not container.fact.running:
        raise failed("container.not_running", container=container.fact.name, status=container.fact.status)
    published = container.fact.ports.get(f"{port}/tcp", ())
    for outside in sorted(published, key=lambda entry: entry.startswith("::")):  # IPv4 first
        host, _colon, number = outside.rpartition(":")
        return f"http://{'127.0.0.1' if host in ('', '0.0.0.0', '::') else host}:{number}"
    seen = ", ".join(container.fact.ports) or "no port"
    raise failed("http.not_published", container=container.fact.name, port=port, seen=seen)


def fetch(url: str) -> Answer | None:
    """Ask once; None when nobody answers yet, or the answer is not HTTP."""
    said = ask(url, seconds=PATIENCE, most=LARGEST)
    return None if said is None else Answer(said.status, said.headers, said.body.decode("utf-8", "replace"))


def _fault(answer: Answer, page: Page) -> Exception | None:
    if answer.status != page.status:
        return failed(
            "http.other_status", path=page.path, status=page.status, seen=answer.status, body=answer.body[:200]
        )
    if page.header is not None:
        name, wanted = page.header
        value = answer.headers.get(name)
        if value is None or not found(wanted, value):
            return failed("http.other_header", path=page.path, name=name, wanted=named(wanted), seen=value or "absent")
    if page.body is not None and not found(page.body, answer.body):
        return failed("http.other_body", path=page.path, wanted=named(page.body), seen=answer.body or "(nothing)")
    return None


def _still_up(trial: Trial, container: FoundContainer, machine: str, port: int) -> None:
    now = starting.look(trial, container.id, machine)
    if not now.fact.running:
        raise ending.not_up(trial, now, machine, "http.ended", container=now.fact.name, port=port)
