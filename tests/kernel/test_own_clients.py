"""What the course itself keeps open in a learner's kernel: one feed for all pictures, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_kernel import LiveKernel, wait_until
from walk import sockets

from course.gateway import Session, machine, session

FEED = 2  # the stream of events, and the connection on which it asked for the engine's version
BEGIN = """
import docker, io
from course.lesson import hint, machine, reset, setup
from course.widgets import *
from grader import checks
client = docker.from_env()
page = b"FROM course/busybox\\nEXPOSE 8080\\nRUN mkdir /www && echo hi > /www/index.html\\nCMD httpd -f -p 8080 -h /www"
client.images.build(fileobj=io.BytesIO(page), tag='page:1', rm=True)
client.containers.run('page:1', name='web', detach=True, ports={'8080/tcp': None})
"""
CHECKS = """
image, web, there = checks.image('page:1'), checks.container('web'), checks.machine('colleague')
try:
    checks.grade(
        'L05-fleet', web.exists(), web.serves(port=8080), web.log('x'), web.executes('true'), web.has_file('/www'),
        image.has_file('/www/index.html'), image.survives_save_and_load(), image.isolates_writes(),
        image.runs(within=1), checks.containers(image='page:1').running(1), checks.network('quay').removed(),
        checks.volume('ledger').exists(),
        checks.journal().shows('start'), there.image('none').exists(), points=4,
    )
except checks.CheckFailed:
    pass
"""
USES = {
    "setup": "setup('L05')",
    "build": "%%dockerfile other:1\nFROM course/busybox\nRUN echo a > /a",
    "checks": CHECKS,
    "hint": "hint('L05-fleet')",
    "machine": "for _ in range(5): machine('colleague').images.list()",
}
PICTURES = ("engine_map()", "lifecycle('web')", "layers('page:1', 'web')", "fleet('page:1', 2)", "two_machines()")


@pytest.fixture
def own(engine_url: str) -> Iterator[Session]:
    """A session whose connections are those of one kernel."""
    with session(name="own-clients") as opened:
        yield opened


def test_lessons_checks_and_pictures_close_what_they_open(own: Session, tmp_path: Path) -> None:
    second = machine(own, "colleague")
    with LiveKernel(tmp_path, {**own.environment(), "SLIPWAY_MACHINE_COLLEAGUE": second.url}) as kernel:
        kernel.must(BEGIN)

        def held(session: Session) -> int:
            kernel.must("client.close(); machine('colleague').close()")  # the learner's own
            return sockets(session.url)

        for name, cell in USES.items():
            kernel.must(cell, name)
            assert held(own) == held(second) == 0, name
        for number, picture in enumerate(PICTURES):
            kernel.must(f"picture{number} = {picture}; picture{number}", f"picture-{number}")
            wait_until(lambda: held(own) <= FEED >= held(second))  # a reading may be under way
        for number in range(len(PICTURES)):
            kernel.must(f"picture{number}.close()")
        wait_until(lambda: held(own) == held(second) == 0)


def test_a_machine_has_one_client_however_often_it_is_asked_for(own: Session, tmp_path: Path) -> None:
    second = machine(own, "colleague")
    with LiveKernel(tmp_path, {**own.environment(), "SLIPWAY_MACHINE_COLLEAGUE": second.url}) as kernel:
        kernel.must("from course.lesson import machine\nkept = [machine('colleague') for _ in range(300)]")
        kernel.must("assert all(one.ping() for one in kept)")
        assert sockets(second.url) == 2, "docker-py: one for each URL, here version and ping"
