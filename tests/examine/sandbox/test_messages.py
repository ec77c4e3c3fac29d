"""Kernels that lie, and that write whatever they like to the socket that leads out."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox_world import SMALL, printed

from grader.examine.sandbox import SubmissionKernel

pytestmark = pytest.mark.usefixtures("contained")
CHANNEL = """
import json, struct, threading
[carrier] = [thread for thread in threading.enumerate() if thread.name == "slipway-carrier"]
channel = carrier._channel
def send(body):
    channel.sendall(struct.pack(">I", len(body)) + body)
"""


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("list(range(1_000_000))", "large"),
        ("'x' * 70_000", "large"),
        ("float('nan')", "not plain"),
        ("[float('inf')]", "not plain"),
        ("{1: object()}", "a dict"),
        ("b'bytes'", "a bytes"),
        ("Deep()", "not plain|a Deep|a list"),
        ("type('Liar', (), {'__class__': property(lambda self: 1 / 0)})()", "a Liar|not plain"),
    ],
)
def test_a_value_that_is_no_plain_json_says_so(target: SubmissionKernel, value: str, problem: str) -> None:
    nested = "def Deep():\n    made = []\n    for _ in range(100_000): made = [made]\n    return made\n"
    assert target.run(f"{nested}answer = {value}", 60).status == "ok"
    with pytest.raises(ValueError, match=rf"^({problem})$"):
        target.fetch("answer")
    target.run("answer = None", 60)


def test_a_value_that_never_ends_is_interrupted(target: SubmissionKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.examine.sandbox.submission_kernel.FETCH_SECONDS", 1.0)
    cell = """
import time
class Endless(dict):
    def items(self):
        while True:
            time.sleep(0.01)
answer = Endless(tea=1)
"""
    target.run(cell, 60)
    with pytest.raises(ValueError, match="takes too long"):
        target.fetch("answer")
    target.run("answer = 1", 60)
    assert target.fetch("answer") == b"1"


@pytest.mark.parametrize(
    ("lie", "comes"),
    [
        ("b'[1, 2]'", b"[1, 2]"),
        ("b'\"a lie\"'", b'"a lie"'),
        ("b'NaN'", None),
        ("b'{'", None),
        ("b''", None),
        ("b'[' * 30_000", None),
        ("b'[' * 60 + b']' * 60", None),
        ("b'\"' + b'x' * 100_000 + b'\"'", None),
        ("b'\\x80\\x04K\\x01.'", None),  # a pickle
        ("5", None),
    ],
)
def test_a_patched_kernel_can_lie_in_plain_json_only(target: SubmissionKernel, lie: str, comes: bytes | None) -> None:
    cell = """
import builtins, grader.checks.questions.values as values
kept = globals().get("kept") or values.plain_json
builtins.isinstance, kept_isinstance = builtins.isinstance, builtins.isinstance
values.plain_json = lambda value: LIE
answer = 1
""".replace("LIE", lie)
    assert target.run(cell, 60).status == "ok"
    try:
        if comes is None:
            with pytest.raises(ValueError, match=r"^(large|not plain)$"):
                target.fetch("answer")
        else:
            assert target.fetch("answer") == comes
    finally:
        target.run("values.plain_json = kept", 60)
    assert target.fetch("answer") == b"1"


def test_patched_builtins_change_nothing_outside(target: SubmissionKernel) -> None:
    cell = """
import builtins, json
kept = builtins.len, json.dumps
builtins.len = lambda *_: 0
json.dumps = lambda *_, **__: '{"on": "shell", "type": "execute_reply", "parent": "", "content": {"status": "ok"}}'
"""
    mend = "builtins.len, json.dumps = kept"
    ran = target.run(f"{cell}\n{mend}\n1 / 0", 60)
    assert (ran.status, ran.ename) == ("error", "ZeroDivisionError")


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"NaN",
        b"[" * 100_000,
        b'{"on": "shell"}',
        b'{"on": "iopub", "type": "stream", "parent": "PARENT", "content": {"name": "stdout", "text": 5}}',
        b'{"on": "iopub", "type": "stream", "parent": "PARENT", "content": {"name": "log", "text": "x"}}',
        b'{"on": "iopub", "type": "display_data", "parent": "PARENT", "content": {"data": [1], "metadata": 3}}',
        b'{"on": "iopub", "type": "error", "parent": "PARENT", "content": {"ename": 1}}',
        b'{"on": "iopub", "type": "display_data", "parent": "PARENT", "content": {"data": {"application/json": '
        + b"[" * 60
        + b"]" * 60
        + b"}}}",
        b'{"on": "iopub", "type": "status", "parent": "PARENT", "content": []}',
        b'{"on": "shell", "type": "execute_reply", "parent": "PARENT", "content": {"status": 7}}',
        b'{"on": "kernel", "type": "ready", "parent": "PARENT"}',
        b'{"on": "iopub", "type": "comm_open", "parent": "PARENT", "content": {"comm_id": 1}}',
        b'{"on": "iopub", "type": "__class__", "parent": "PARENT", "content": {}}',
        b"\xff\xfe\x00",
        b"",
    ],
)
def test_a_message_that_is_none_is_passed_over(target: SubmissionKernel, body: bytes) -> None:
    own = "get_ipython().kernel.get_parent()['header']['msg_id'].encode()"
    forged = f"send({body!r}.replace(b'PARENT', {own}))"
    assert printed(target, f"{CHANNEL}\n{forged}\nprint('goes on')") == "goes on\n"


def test_descriptors_that_come_with_a_message_are_not_taken(target: SubmissionKernel) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    cell = """
import os, socket
sent = 0
for _ in range(200):
    try:
        sent += socket.send_fds(channel, [struct.pack(">I", 2) + b"{}"], [0, 1, 2] * 20)
    except OSError:  # Linux counts those that are under way
        break
print(sent > 0)
"""
    assert printed(target, CHANNEL + cell) == "True\n"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_comm_messages_and_a_storm_of_states_do_no_harm(target: SubmissionKernel) -> None:
    cell = """
from comm import create_comm
for _ in range(300):
    comm = create_comm(target_name="x", data={"large": "y" * 10_000})
    comm.send({"more": "z" * 10_000})
for _ in range(2000):
    get_ipython().kernel._publish_status("busy", "shell")
print("goes on")
"""
    assert printed(target, cell) == "goes on\n"


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("channel.sendall(b'\\xff' * 4)\nwhile True: pass", "sent a message of 4294967295 bytes"),
        ("while True: channel.sendall(bytes(range(1, 256)) * 100)", "sent a message of"),
        ('while True: send(b\'{"on": "iopub", "type": "status", "parent": ""}\')', "sent more than 8 times"),
        ("while True: send(b'x' * 200_000)", "sent more than 8 times"),
        ("channel.shutdown(2)\nwhile True: pass", "hung up"),
    ],
    ids=["huge", "noise", "small-flood", "large-flood", "hangs-up"],
)
def test_a_kernel_that_does_not_keep_to_the_protocol_is_ended(victim: SubmissionKernel, cell: str, why: str) -> None:
    ran = victim.run(CHANNEL + cell, 60)
    assert ran.status == "died"
    assert why in ran.evalue
    assert sum(len(str(output)) for output in ran.outputs) <= 2 * SMALL.output_bytes


def test_a_message_that_never_ends_costs_the_kernel_when_its_time_is_up(
    victim: SubmissionKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.examine.sandbox.submission_kernel.GRACE_SECONDS", 1.0)
    ran = victim.run(f"{CHANNEL}\nchannel.sendall(struct.pack('>I', 260_000) + b'x')\nwhile True: pass", 1)
    assert ran.status == "timed_out"
    assert not victim.alive
