"""What a learner's data and servers bring about in a check is a failed check, never the engine's or grader's fault."""

from __future__ import annotations

import errno
import gzip
import http.server
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from grader import checks
from grader.checks import Check, Outcome
from grader.checks.asking import ask
from grader.checks.bench import Bench, use
from grader.checks.faults import OF_LEARNERS, fault_of
from grader.checks.questions import registries


def said_by_engine(status: int, words: str) -> APIError:
    response: Any = SimpleNamespace(status_code=status, reason="", url="")
    return APIError(words, response=response, explanation=words)


@contextmanager
def server(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server of the learner's; the address of its root."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def answers(body: bytes, **headers: str) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drips(handler: http.server.BaseHTTPRequestHandler) -> None:
    """A header that never ends, a byte at a time."""
    over = threading.Event()
    while not over.wait(0.02):
        handler.wfile.write(b"x")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (answers(b"no gzip", Content_Encoding="gzip"), None),
        (answers(gzip.compress(b"packed"), Content_Encoding="gzip"), b"packed"),
        (answers(gzip.compress(bytes(10_000_000)), Content_Encoding="gzip"), bytes(1000)),
        (answers(b"y" * 5000), b"y" * 1000),
        (answers(b"short", Content_Length="100"), b"short"),
        (answers(b"", Location="http://192.0.2.1/"), b""),
        (lambda handler: handler.wfile.write(b"\0" * 100_000), None),
        (drips, None),
    ],
    ids=["no-gzip", "gzip", "bomb", "large", "broken-off", "elsewhere", "no-http", "slow-header"],
)
def test_a_server_is_asked_within_bounds(answer: Any, body: bytes | None) -> None:
    with server(answer) as url:
        said = ask(f"{url}/x?y", seconds=0.5, most=1000)
    assert (said.body if said is not None else None) == body


def test_nobody_answers() -> None:
    with server(answers(b"")) as url:
        pass
    assert ask(url, seconds=0.5, most=10) is None


@pytest.mark.parametrize("catalogue", [b"[1]", b'{"repositories": [1, null]}', b'{"repositories": 7}', b"{"])
def test_a_catalogue_of_something_else_is_told(catalogue: bytes) -> None:
    with server(answers(catalogue)) as url:
        assert registries._catalog(url) in ("nothing", "1, None")


@pytest.mark.parametrize(
    ("value", "wanted", "right"),
    [
        (b"[true, -0.0]", [1, 0], False),
        (b"[1, 0]", [1, 0], True),
        (b"[true]", [True], True),
        (b"1", True, False),
        (b'{"a": [1, {"b": true}]}', {"a": [1, {"b": 1}]}, False),
        (b'{"a": [1, {"b": true}]}', {"a": [1, {"b": True}]}, True),
        (b"[1, 2.5]", (1, 2.5), True),
        (b"2", 2.0, True),
        (b"[2.0]", [2], False),
        (str(10**400).encode(), 1.5, False),
        (str(10**400).encode(), 10**400, True),
        (b"1" * 4400, 1.5, False),
        (b"[" * 5000 + b"]" * 5000, [1], False),
    ],
)
def test_values_are_equal_when_their_kinds_are(value: bytes, wanted: Any, right: bool, tmp_path: Path) -> None:
    values: Any = SimpleNamespace(fetch=lambda name: value)
    with use(Bench(folder=tmp_path, values=values, records_progress=False)):
        result = checks.submission()["answer"].equals(wanted).run()
    assert result.outcome is (Outcome.PASSED if right else Outcome.FAILED), result


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (said_by_engine(500, "lstat /a/b: file name too long"), "session.unusable"),
        (said_by_engine(500, "too many levels of symbolic links"), "session.unusable"),
        (said_by_engine(500, "write /x: no space left on device"), "engine.answered_badly"),
        (said_by_engine(500, "iptables failed"), "engine.answered_badly"),
        (said_by_engine(403, "the session's quota"), "session.refused"),
        (said_by_engine(409, "container is not running"), "session.vanished"),
        (said_by_engine(409, "Container 1a is restarting, wait until it is running"), "session.gone"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "/lesson/Dockerfile"), "session.unusable"),
        (OSError(errno.ENOSPC, "No space left", "/lesson/Dockerfile"), "grader.system"),
        (FileNotFoundError(errno.ENOENT, "none", "/usr/lib/hadolint"), "grader.system"),
        (ConnectionResetError("engine"), "engine.unreachable"),
    ],
)
def test_whose_fault_an_error_is(error: Exception, said: str) -> None:
    assert fault_of(error, Path("/lesson")).id == said


def test_what_ends_by_itself_while_marks_are_given_is_the_learners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_EXAMINER", "1")
    found = fault_of(said_by_engine(409, "container is not running"))
    assert found.id == "session.gone" and found.id in OF_LEARNERS


def test_data_that_a_check_stumbles_over_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.checks.questions.values._kind", lambda value: 1 / 0)
    values: Any = SimpleNamespace(fetch=lambda name: b"1")
    with use(Bench(folder=tmp_path, values=values, records_progress=False)):
        result = checks.submission()["answer"].equals("a").run()
    assert (result.outcome, result.message) == (Outcome.FAILED, "session.unreadable")


def test_a_mistake_in_an_authors_own_question_is_raised() -> None:
    def question(trial: object) -> str:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        Check("own.question", "a question", question).run()
