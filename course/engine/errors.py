"""The engine's failures as a small tree of errors, each with what was expected, what was observed, what to try."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import docker.errors
import requests.exceptions

from course.engine.build_stream import BuildStream, LastLines, Output, StepNews
from course.engine.call_advice import step_after
from course.errors import CourseError


class EngineError(CourseError):
    """A failure of the engine, or of something that it was asked to do."""


class NoEngine(EngineError):
    """No engine answers."""


class NoPermission(EngineError):
    """The socket is there, and this user may not use it."""


class ApiTooOld(EngineError):
    """The engine speaks an API below 1.41."""


class NotDocker(EngineError):
    """Another program than Docker Engine answers its API, and lacks what sessions need."""


class DiskFull(EngineError):
    """The engine has no room left."""


class NameInUse(EngineError):
    """Another container has that name."""


class PortInUse(EngineError):
    """Something else listens on that port."""


class ImageMissing(EngineError):
    """The engine has no image of that name."""


class OutOfMemory(EngineError):
    """The kernel killed a container or a build step because memory ran out."""


class NotInThisSession(EngineError):
    """The session's policy or one of its quotas says no; the engine was not asked."""


class BuildFailed(EngineError):
    """A build that stopped at an instruction.

    Args:
        instruction: the text of the instruction that failed, or "" if none had begun.
        line: its line in the Dockerfile, from 1, or None if unknown.
        last_output: the last lines that the build printed.
        expected, observed, try_next: as in `CourseError`; observed holds the engine's own message.
    """

    def __init__(
        self,
        instruction: str,
        line: int | None,
        last_output: str,
        observed: str,
        expected: str = "every instruction of the Dockerfile succeeds",
        try_next: str = "read the last output above, repair that instruction, and build again",
    ) -> None:
        super().__init__(expected, observed, try_next)
        self.args = (instruction, line, last_output, observed, expected, try_next)  # for pickle
        self.instruction, self.line, self.last_output = instruction, line, last_output

    def __str__(self) -> str:
        where = f"line {self.line}: {self.instruction}" if self.line else self.instruction
        lines = [f"expected: {self.expected}", f"observed: {self.observed}"]
        if where:
            lines.insert(1, f"at:       {where}")
        if self.last_output:
            lines.insert(-1, f"output:   {self.last_output}")
        return "\n".join([*lines, f"try next: {self.try_next}"])


_BY_WORDS: tuple[tuple[str, type[EngineError], str, str], ...] = (
    (
        r"no space left on device",
        DiskFull,
        "room on the engine's disk",
        "`course session sweep` removes what old sessions left; `df -h` shows the disk",
    ),
    (
        r"is already in use by container|Conflict\. The container name",
        NameInUse,
        "a name that no container has",
        "choose another name, or remove the other container",
    ),
    (
        r"port is already allocated|address already in use",
        PortInUse,
        "a free port on this machine",
        "publish to an ephemeral port: ports={'8000/tcp': None}, then read container.ports",
    ),
    (
        r"No such image|pull access denied|manifest unknown|repository .* not found",
        ImageMissing,
        "an image of that name on this engine",
        "list the images with client.images.list(); build the image, or correct the name",
    ),
    (
        r"cannot allocate memory|OOMKilled|out of memory",
        OutOfMemory,
        "enough memory for the work",
        "use less memory, or raise mem_limit",
    ),
    (
        r"client version .* is too (old|new)|minimum supported API version",
        ApiTooOld,
        "an engine with API 1.41 or newer",
        "upgrade the engine to Docker 20.10 or newer",
    ),
    (
        r"permission denied|EACCES",
        NoPermission,
        "permission to use the engine's socket",
        "add yourself to the group docker (`sudo usermod -aG docker $USER`), then log in again",
    ),
    (
        r"Connection refused|No such file or directory|Error while fetching server API version|"
        r"Connection aborted|Remote end closed",
        NoEngine,
        "an engine that answers",
        "`course engine up`",
    ),
)

_UNANSWERED = (NoPermission, NoEngine)
"""What an engine that has answered is not: a file in a container may lack, or lack permission, as well."""


def translate(error: BaseException) -> EngineError:
    """Turn an error of docker-py, requests or the operating system into one of this tree.

    Args:
        error: what was raised; use the result in `raise translate(error) from error`.

    Returns:
        The most exact `EngineError`; its observed part is the engine's own message.
    """
    if isinstance(error, EngineError):
        return error
    if isinstance(error, docker.errors.BuildError):
        return build_failed(error.build_log, str(error.msg))
    if said := _refused(error):
        return said
    text = _words(error)
    answered = isinstance(error, docker.errors.APIError)
    for pattern, kind, expected, try_next in _BY_WORDS:
        if not (answered and kind in _UNANSWERED) and re.search(pattern, text, re.IGNORECASE):
            return kind(expected, text, try_next)
    if answered and (step := step_after(text)):
        return EngineError("the engine does what it was asked", text, step)
    if isinstance(error, requests.exceptions.ConnectionError):
        return NoEngine("an engine that answers", text, "`course engine up`")
    if isinstance(error, docker.errors.APIError) and error.is_client_error():
        # the engine is well: it says what is wrong with the call
        return EngineError("the engine does what it was asked", text, "correct that in the call, and run it again")
    return EngineError("the engine does what it was asked", text, "`course doctor` looks at the engine")


def build_failed(log: Iterable[Mapping[str, Any]], message: str) -> BuildFailed:
    """Read a build's JSON messages into a `BuildFailed` that names the failing instruction.

    Args:
        log: the messages in order, as docker-py decodes them (`{"stream": "Step 2/3 : RUN …"}`).
        message: the engine's final message.
    """
    instruction = ""
    output = LastLines()
    stream = BuildStream()
    for entry in log:
        match stream.read(entry):
            case StepNews(text=text) if text and text != instruction:
                instruction = text
                output.clear()
            case Output(text):
                output.add(text)
    if message.endswith("code: 137"):  # 128 + SIGKILL, which the kernel sends at the limit of memory
        killed = "the step was killed, most often because it used more memory than it may: let it use less"
        return BuildFailed(instruction, None, str(output), message, try_next=killed)
    return BuildFailed(instruction, None, str(output), message)


def _refused(error: BaseException) -> EngineError | None:
    """A session's refusal, whose answer has its parts apart (`course.gateway.server`)."""
    response = getattr(error, "response", None)
    if not isinstance(error, docker.errors.APIError) or response is None:
        return None
    try:
        parts = response.json()["refused"]
        return NotInThisSession("something that the session does", parts["observed"], parts["try_next"])
    except (ValueError, KeyError, TypeError, requests.exceptions.RequestException):
        return None  # the engine's own answer


def _words(error: BaseException) -> str:
    if isinstance(error, docker.errors.APIError) and error.explanation:
        return str(error.explanation)
    return str(error) or type(error).__name__
