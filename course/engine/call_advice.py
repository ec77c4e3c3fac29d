"""What to try after a call that the engine or the session refused: a step for each kind of refusal, by its message."""

from __future__ import annotations

import difflib
import re

_INSTRUCTIONS = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip

_STEPS = (
    (
        r"cannot remove a running container",
        "stop it first with .stop(), or remove it as it is with .remove(force=True)",
    ),
    (r"is not running", "start it first with .start(); if it should still run, its .logs() may say why it ended"),
    (r"is paused|is already paused", "let it go on first with .unpause()"),
    (r"is not paused", "pause() comes before unpause()"),
    (r"could not find the file", "look with exec_run(['ls', '/']) which files the container has, and correct the path"),
    (r"invalid signal", 'name a signal such as "SIGTERM" or "SIGKILL"'),
    (
        r"cannot locate specified dockerfile",
        "path= is the folder that has the Dockerfile; a file with another name is named by dockerfile=",
    ),
    (r"unable to find (user|group)", "name a user that the image has in /etc/passwd, or give its number"),
    (r"working directory .* (invalid|absolute)", "write the whole path, beginning with /"),
    (r"expected an absolute path", "write the whole path in the container, beginning with /"),
    (
        r"image is being used by|image has dependent child",
        "remove the containers and images that are made from it first",
    ),
    (r"volume is in use", "remove the containers that use the volume first"),
    (r"has active endpoints", "remove the containers that are in the network first, or disconnect() them"),
    (r"network with name \S+ already exists", "use that network with client.networks.get(…), or remove it first"),
    (r"network \S+ not found", "make it first with client.networks.create(…), or correct its name"),
    (r"pre-defined network", "leave it: it belongs to the engine; remove only networks that you made"),
    (r"no such volume", "make it first with client.volumes.create(…), or correct its name"),
    (r"it is not UTF-8", "save the file in the encoding UTF-8, without letters of another one"),
    (r"no such exec", "start the command again: an exec ends with its container"),
    (r"only \[a-zA-Z0-9\]", "choose a name of letters, digits and _ . -, without spaces, such as web-1"),
    (r"minimum memory limit", 'give more, such as mem_limit="64m"'),
    (
        r"dial tcp|no such host|i/o timeout|TLS handshake|server misbehaving",
        "no registry answered, so that name must be one of an image that is here: client.images.list() shows them",
    ),
)


def step_after(message: str) -> str:
    """What to try after a refusal; "" where the message says more than any advice could.

    Args:
        message: the engine's, or what a session observed.
    """
    if "exec:" in message:
        return ""  # about a program, not about what was called
    if found := re.search(r"unknown instruction: (\S+)", message, re.IGNORECASE):
        near = difflib.get_close_matches(found[1].upper(), _INSTRUCTIONS, 1, 0.5)
        return f"did you mean {near[0]}?" if near else "an instruction is one word such as FROM, COPY, RUN or CMD"
    return next((step for pattern, step in _STEPS if re.search(pattern, message, re.IGNORECASE)), "")
