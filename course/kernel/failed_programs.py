"""Programs of containers that can't be started, or end with an error, each in words of its own."""

from __future__ import annotations

import json
import re
from typing import Any

from course.errors import CourseError
from course.kernel.scene import Scene, Told

_NO_PROGRAM = re.compile(r'exec: "([^"]*)"|stat ([^\s:]+): no such file|exec ([^\s:]+): ')
_OF_A_SHELL = frozenset(
    (".", "[[", "alias", "cd", "eval", "exec", "exit", "export", "for", "if", "set", "source", "trap", "umask", "while")
)
_NO_START = re.compile(r"exec (?:user process caused: )?(\S+): (no such file|exec format error)")
_NO_SCRIPT = re.compile(r"(\S*/\S+|\S+\.sh): not found")
_QUOTED = re.compile(r"\[\S*,?: not found")


def no_program(scene: Scene) -> Told:
    """A container that cannot start, because the image lacks its command."""
    from docker.errors import APIError

    text = scene.text
    if not isinstance(scene.error, APIError) or not (found := _NO_PROGRAM.search(text)):
        return None
    program = next((one for one in found.groups() if one is not None), "")
    if "permission denied" in text:
        return CourseError(
            f"a program {program} in the image that may be executed",
            f"the container could not start: {program} is there, and may not be executed",
            f"let the Dockerfile make it executable, with RUN chmod +x {program}; a folder is no program",
        )
    if not re.search("executable file not found|no such file", text):
        return None
    if not program:
        return CourseError("a command", "an empty text in its place", "leave the command out, or write one")
    return CourseError(
        f"a program {program} in the image",
        f"the container could not start: the image has no {program}",
        _for_a_program(program, found[3] is not None),
    )


def _for_a_program(program: str, there: bool) -> str:
    """What to try where a program can't be started; `there` means that the file is in the image."""
    words = program.split()
    if len(words) > 1:
        return f"write each word of a command by itself: {json.dumps(words)}"
    if program in _OF_A_SHELL:
        return f'{program} is a word of the shell: run the line in one, ["sh", "-c", "{program} …"]'
    if there:
        return (
            f"if {program} is there, its first line names an interpreter that the image lacks; line endings of Windows "
            "(CRLF) do that too: save the script with LF line endings, and build again"
        )
    return (
        "check the spelling, or choose an image that has it; a command with arguments is a list of texts, "
        'such as ["echo", "hello"]'
    )


def command_failed(scene: Scene) -> Told:
    """`run` without detach, and a command that did not end with 0."""
    from docker.errors import ContainerError

    error: Any = scene.error
    if not isinstance(error, ContainerError):
        return None
    stderr = error.stderr.decode("utf-8", "replace") if isinstance(error.stderr, bytes) else str(error.stderr or "")
    last = next((line for line in reversed(stderr.splitlines()) if line.strip()), "it wrote no error message")
    image = error.image if isinstance(error.image, str) else (getattr(error.image, "tags", None) or ["its image"])[0]
    return CourseError(
        "the command ends with exit code 0",
        f"exit code {error.exit_status} in a container of {image}: {last[:300]}",
        _after_exit(error.exit_status, last) + (_CRLF if "\r" in stderr else ""),
    )


_CRLF = "; there is a carriage return in it: a script with line endings of Windows (CRLF) does that, save it with LF"


def _after_exit(code: int, last: str) -> str:
    """What to try after a command that ended with that code, and with that last line."""
    if found := _NO_START.search(last):
        if "format" in found[2]:
            return f"let the first line of {found[1]} say which program reads it, such as #!/bin/sh"
        return _for_a_program(found[1], there=True)
    if code == 127 and _QUOTED.search(last):
        return 'CMD and ENTRYPOINT take double quotes, as in CMD ["echo", "hi"]: with others it is a line for the shell'
    if code == 127 and (found := _NO_SCRIPT.search(last)):
        return _for_a_program(found[1], there=True)
    return _BY_EXIT_CODE.get(code, "read that line: the command itself failed; correct it, and run again")


_BY_EXIT_CODE = {
    126: "the file is there and cannot be executed: check its mode, its first line and its line ends",
    127: "127 means that the command was not found in this image: check its spelling, or take an image that has it",
    137: "137 means that it was killed: by kill(), after a stop(), or because it used more memory than it may",
    143: "143 means that it was told to stop and did",
}
