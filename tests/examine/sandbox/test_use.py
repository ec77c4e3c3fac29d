"""What a learner's code cannot use up, and that it cannot outlive its kernel."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat.validator
import pytest
from sandbox_world import SMALL, fence_of, inhabitants, needs_groups, printed

from course.gateway import Session
from grader.examine.sandbox import SubmissionKernel
from grader.examine.sandbox.house import House

pytestmark = pytest.mark.usefixtures("contained")


def test_files_are_held_to_the_disk_budget_wherever_they_are(target: SubmissionKernel) -> None:
    cell = """
import os
def fill(path):
    written = 0
    try:
        with open(path, "wb", buffering=0) as file:
            while True:
                written += file.write(bytes(1 << 16))
    except OSError as error:
        print(path, written, os.strerror(error.errno))
for path in ("large", "/tmp/large", os.path.expanduser("~/large"), "/home/large", "/var/tmp/more", "/dev/shm/large"):
    fill(path)
for path in ("large", "/tmp/large", os.path.expanduser("~/large"), "/home/large", "/var/tmp/more", "/dev/shm/large"):
    os.path.exists(path) and os.unlink(path)
"""
    rows = [line.split(maxsplit=2) for line in printed(target, cell).splitlines()]
    on_disk = sum(int(written) for path, written, _ in rows if path != "/dev/shm/large")
    assert on_disk <= SMALL.disk_bytes
    assert int(rows[-1][1]) <= SMALL.disk_bytes  # /dev/shm is memory, and has a size of its own
    assert {why for *_, why in rows} <= {"No space left on device", "File too large"}


def test_a_flood_of_output_is_cut_and_the_cell_goes_on(target: SubmissionKernel) -> None:
    ran = target.run("for i in range(40): print('x' * 100_000)\nafterwards = 1", 60)
    assert ran.status == "ok"
    assert sum(len(output["text"]) for output in ran.outputs) <= SMALL.output_bytes + 200
    assert "more was printed than the 200000 bytes" in ran.outputs[-1]["text"]
    assert target.fetch("afterwards") == b"1"


def test_one_enormous_message_is_left_out_and_the_cell_goes_on(target: SubmissionKernel) -> None:
    ran = target.run("from IPython.display import display\ndisplay({'text/plain': 'y' * 30_000_000}, raw=True)", 60)
    assert ran.status == "ok"
    assert [output["name"] for output in ran.outputs] == ["stderr"]


def test_an_error_with_endless_words_is_cut(target: SubmissionKernel) -> None:
    ran = target.run("raise type('E' * 5000, (Exception,), {})('w' * 150_000)", 60)
    assert ran.status == "error"
    assert len(ran.ename) <= 200
    assert len(ran.evalue) <= 2000


def test_memory_of_one_process_ends_in_an_error_and_the_kernel_goes_on(target: SubmissionKernel) -> None:
    ran = target.run("bytearray(1 << 31)", 60)
    assert (ran.status, ran.ename) == ("out_of_memory", "MemoryError")


def test_a_loop_is_interrupted(target: SubmissionKernel) -> None:
    assert target.run("while True: pass", 1).status == "timed_out"


def test_a_value_whose_text_never_comes_is_interrupted(target: SubmissionKernel) -> None:
    cell = "class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()"
    assert target.run(cell, 1).status == "timed_out"


def test_a_cell_that_raises_an_exit_has_failed_and_the_kernel_goes_on(target: SubmissionKernel) -> None:
    assert target.run("raise SystemExit(3)", 60).ename == "SystemExit"
    assert target.run("1", 60).status == "ok"


@needs_groups
def test_every_limit_is_set_around_all_and_for_each(target: SubmissionKernel) -> None:
    cell = "import resource as r; print(*[r.getrlimit(getattr(r, name))[1] for name in NAMES])"
    names = ("RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_NOFILE", "RLIMIT_CPU")
    each = [SMALL.memory_bytes, SMALL.disk_bytes, SMALL.processes, 0, 1024, SMALL.notebook_seconds + 60]
    assert [int(word) for word in printed(target, f"NAMES = {names}\n{cell}").split()] == each
    pids = Path("/sys/fs/cgroup") / fence_of(target.pid)
    memory, cpu = (Path(str(pids).replace("/pids/", f"/{name}/")) for name in ("memory", "cpu"))
    first = (next(memory.glob(name), None) for name in ("memory.limit_in_bytes", "memory.max"))
    assert (pids / "pids.max").read_text() == f"{SMALL.processes}\n"
    assert next(path for path in first if path).read_text() == f"{SMALL.memory_bytes}\n"
    quota = next(path for name in ("cpu.cfs_quota_us", "cpu.max") if (path := cpu / name).exists())
    assert quota.read_text().split()[0] == "100000"
    for hierarchy in (pids, memory, cpu):
        assert str(target.pid) in (hierarchy / "cgroup.procs").read_text().split()


def test_a_fork_bomb_ends_at_the_budget_and_goes_with_the_kernel(victim: SubmissionKernel) -> None:
    cell = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
        made += 1
except OSError as error:
    print(made, os.strerror(error.errno))
"""
    made, _, why = printed(victim, cell).partition(" ")
    assert int(made) < SMALL.processes
    assert "temporarily unavailable" in why
    assert len(inhabitants(victim)) <= SMALL.processes


@needs_groups
def test_memory_of_many_processes_together_ends_at_the_budget(victim: SubmissionKernel) -> None:
    cell = """
import os, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on, of fork beside threads
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(120 << 20)
        for position in range(0, len(held), 4096):
            held[position] = 1
        time.sleep(600)
statuses = [os.wait()[1] for _ in range(2)]  # two of them cannot be there beside the others
print(statuses)
"""
    fence = Path("/sys/fs/cgroup") / fence_of(victim.pid)
    ran = victim.run(cell, 60)
    assert (ran.status, ran.outputs) == ("ok", [{"output_type": "stream", "name": "stdout", "text": "[9, 9]\n"}]) or (
        ran.status == "out_of_memory"
    )
    memory = Path(str(fence).replace("/pids/", "/memory/"))
    peak = next(memory.glob("memory.max_usage_in_bytes"), None) or memory / "memory.peak"
    if ran.status == "ok":
        assert int(peak.read_text()) <= SMALL.memory_bytes


@needs_groups
def test_files_in_memory_count_as_memory(victim: SubmissionKernel) -> None:
    facts = (Path("/sys/fs/cgroup") / fence_of(victim.pid)).as_posix().replace("/pids/", "/memory/")
    usage = next(Path(facts).glob("memory.usage_in_bytes"), None) or Path(facts) / "memory.current"
    before = int(usage.read_text())
    printed(victim, "open('seven', 'wb').write(bytes(7 << 20))")
    assert int(usage.read_text()) - before > 6 << 20


@pytest.mark.parametrize(
    "cell",
    [
        "import os; os._exit(0)",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import os, signal\ntry: os.kill(-1, signal.SIGKILL)\nfinally: os.kill(os.getpid(), signal.SIGKILL)",
        "import ctypes; ctypes.string_at(0)",
        "import os; os.execv('/bin/sleep', ['sleep', '600'])",
    ],
    ids=["_exit", "kill-9", "kill-all", "crash", "exec"],
)
def test_a_kernel_that_ends_itself_has_died(victim: SubmissionKernel, cell: str) -> None:
    ran = victim.run(cell, 60)
    assert ran.status == "died"
    assert not victim.alive
    assert victim.run("1", 1).status == "died"
    assert victim.fetch("anything") is None
    assert (victim.folder / "shop.py").exists()


@pytest.mark.parametrize(
    "cell",
    [
        "exit()",
        """
import pathlib
from jupyter_client.blocking.client import BlockingKernelClient
client = BlockingKernelClient(connection_file=str(pathlib.Path.home() / ".kernel/connection.json"))
client.load_connection_file()
client.start_channels(hb=False)
client.control_channel.send(client.session.msg("shutdown_request", {"restart": True}))
client.control_channel.get_msg(timeout=60)
""",
    ],
    ids=["exit", "restart-message"],
)
def test_a_kernel_that_is_told_to_end_has_died_for_the_next_cell(victim: SubmissionKernel, cell: str) -> None:
    assert victim.run(cell, 60).status in ("ok", "died")
    assert victim.run("import asyncio\nawait asyncio.sleep(60)", 60).status == "died"


@pytest.mark.parametrize(
    "cell",
    [
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "import time\nwhile True:\n    try:\n        while True: time.sleep(0.01)\n    except BaseException: pass",
        "sum(iter(int, 1))",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ],
    ids=["ignores-signals", "catches-all", "in-c", "stops-itself"],
)
def test_a_cell_that_cannot_be_interrupted_costs_the_kernel(
    victim: SubmissionKernel, cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.examine.sandbox.submission_kernel.GRACE_SECONDS", 1.0)
    ran = victim.run(cell, 1)
    assert ran.status == "timed_out"
    assert not victim.alive


def test_a_process_that_leaves_its_session_goes_with_the_kernel(victim: SubmissionKernel) -> None:
    cell = """
import subprocess
one = subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 4321 & wait"], start_new_session=True)
two = subprocess.Popen(["setsid", "-f", "sleep", "4321"])
print(two.wait())
"""
    assert printed(victim, cell) == "0\n"
    assert len(inhabitants(victim)) >= 4
    victim.__exit__(None, None, None)
    assert not [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if b"4321" in _bytes(entry)]


def test_a_grader_that_is_killed_leaves_no_process_and_the_next_one_tidies_up(own_session: Session) -> None:
    program = """
import sys, time
from course.gateway import Session
from grader.examine.job import Budgets
from grader.examine.sandbox import SubmissionKernel
with SubmissionKernel({}, Session(*sys.argv[1:]), Budgets(), "zoe") as kernel:
    kernel.run("import subprocess; subprocess.Popen(['sleep', '5432'])", 60)
    print(kernel.pid, flush=True)
    time.sleep(600)
"""
    command = [sys.executable, "-c", program, *dataclasses.astuple(own_session)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        kernel = int(grader.stdout.readline())
        fence = Path("/sys/fs/cgroup") / fence_of(kernel) if os.geteuid() == 0 else None
        grader.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{kernel}").exists() or [e for e in Path("/proc").glob("[0-9]*/cmdline") if b"5432" in _bytes(e)]:
        assert time.monotonic() < deadline, "the kernel lives on without its grader"
        time.sleep(0.05)
    assert fence is None or fence.is_dir()  # nobody was there to take it away; the next grader does
    files = [path for path in Path(tempfile.gettempdir()).glob("sandbox-*") if f"-{grader.pid}-" in path.name]
    assert files
    House(warm=False).close()
    assert fence is None or not fence.exists()
    assert not [path for path in files if path.exists()]


def test_what_is_kept_of_any_output_is_a_valid_notebook(target: SubmissionKernel) -> None:
    cell = r"""
from IPython.display import display, clear_output, update_display
import sys
display({"text/plain": 5, "text/html": ["a", 3], "application/json": {"x": [1]}, "image/png": None}, raw=True)
display({"text/plain": "first"}, raw=True, display_id="one")
update_display({"text/plain": "second"}, raw=True, display_id="one")
print("to the other side", file=sys.stderr)
{"tea": 1}
"""
    ran = target.run(cell, 60)
    assert ran.status == "ok", ran
    for output in ran.outputs:
        nbformat.validator.validate(nbformat.from_dict(output), ref="output", version=4)
    assert ran.outputs[0]["data"] == {"application/json": {"x": [1]}}
    assert ran.outputs[1]["data"] == {"text/plain": "second"}
    cleared = target.run("print('old')\nclear_output(wait=True)\nprint('new')", 60)
    assert [output["text"] for output in cleared.outputs] == ["new\n"]


def test_descriptors_do_not_add_up(shared: SubmissionKernel) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        shared.run("1", 60)
        shared.folder  # noqa: B018  # looking at it opens what is in it
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_picture_is_read_once_and_leaves_no_thread(target: SubmissionKernel) -> None:
    cell = """
import os, threading
os.environ["SLIPWAY_MACHINE_COLLEAGUE"] = os.environ["DOCKER_HOST"]  # a session that is its own second machine
import docker
from course import widgets
before = threading.enumerate()
seen = docker.from_env().containers.create("course/busybox", ["true"], name="seen")
pictures = [widgets.engine_map(), widgets.layers("course/busybox", seen), widgets.lifecycle(seen),
            widgets.fleet("course/busybox", 0, port=7080), widgets.two_machines(), widgets.progress_map()]
seen.remove()
print(sum("busybox" in picture.text() for picture in pictures), [picture.state.get("trouble") for picture in pictures])
print([thread.name for thread in threading.enumerate() if thread not in before])
"""
    assert printed(target, cell).splitlines() == ["5 ['', '', '', '', '', None]", "[]"]
