"""What a learner's code cannot see or reach. All attacks run in one kernel, which survives them."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from sandbox_world import printed

from course import gateway
from course.gateway import Client
from grader.examine.sandbox import SubmissionKernel

ROOT = Path(__file__).resolve().parents[3]
TRY = """
import ctypes, os, signal, socket
from pathlib import Path

def attempt(act):
    try:
        print("REACHED", act())
    except BaseException as error:
        print("kept out:", type(error).__name__, os.strerror(getattr(error, "errno", None) or 0))

def called(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if (answer := getattr(libc, name)(*arguments)) < 0:
        raise OSError(ctypes.get_errno(), name)
    return answer

def connect(kind, address):
    with socket.socket(kind) as one:
        one.settimeout(5)
        one.connect(address)
        return "connected"

"""
pytestmark = pytest.mark.usefixtures("contained")
needs_own_user = pytest.mark.skipif(
    os.geteuid() != 0, reason="without root bubblewrap's first process has the learner's user; it holds nothing"
)


def attempt(kernel: SubmissionKernel, expression: str) -> str:
    """What became of one attempt in a cell."""
    return printed(kernel, f"{TRY}attempt(lambda: {expression})").strip()


@pytest.mark.parametrize(
    ("expression", "kept_out"),
    [
        ("Path('/etc/shadow').read_text()", "No such file"),
        ("Path('/root/.bashrc').read_text()", "No such file"),
        pytest.param("Path('/proc/1/environ').read_bytes()", "Permission denied", marks=needs_own_user),
        pytest.param("os.listdir('/proc/1/root')", "Permission denied", marks=needs_own_user),
        pytest.param("os.listdir('/proc/1/fd')", "Permission denied", marks=needs_own_user),
        ("Path('/proc/sys/kernel/core_pattern').write_text('|/bin/sh')", "Permission denied|Read-only"),
        ("Path('/proc/sysrq-trigger').write_text('h')", "Permission denied|Read-only|No such file"),
        ("Path('/proc/kmsg').read_bytes()", "Permission denied|not permitted"),
        ("Path('/here').write_text('x')", "Read-only|Permission denied"),
        ("Path('/usr/here').write_text('x')", "Read-only|Permission denied"),
        ("Path('/dev/here').write_text('x')", "Read-only|Permission denied"),
        ("Path('/run/slipway/lessons/course.toml').write_text('x')", "Read-only|Permission denied"),
        ("Path(__import__('course').__file__).write_text('x')", "Read-only|Permission denied"),
        ("Path(__import__('docker').__file__).write_text('x')", "Read-only|Permission denied"),
        ("Path(os.path.realpath('/proc/self/exe')).open('r+')", "Read-only|Permission denied|busy"),
        ("open('/proc/self/exe', 'r+')", "Read-only|Permission denied|busy"),
        ("os.setuid(0)", "not permitted|Invalid argument"),
        ("os.chown('/etc/passwd', os.getuid(), 0)", "Read-only|not permitted"),
        pytest.param("os.kill(1, signal.SIGKILL)", "not permitted", marks=needs_own_user),
        ("called('mount', b'none', b'/mnt', b'tmpfs', 0, None)", "not permitted"),
        ("called('unshare', 0x10000000)", "not permitted"),
        ("called('setns', os.open('/proc/self/ns/net', 0), 0)", "not permitted"),
        ("called('ptrace', 16, 1, 0, 0)", "not permitted"),
        ("called('chroot', b'/home')", "not permitted"),
        ("socket.socket(40, socket.SOCK_STREAM)", "not permitted"),  # AF_VSOCK knows no network namespace
        ("connect(socket.AF_INET, ('192.0.2.1', 80))", "unreachable"),
        ("connect(socket.AF_INET, ('172.17.0.1', 80))", "unreachable"),
        ("connect(socket.AF_INET6, ('2001:db8::1', 80))", "unreachable|Cannot assign"),
        ("socket.getaddrinfo('example.org', 80)", "gaierror"),
        ("connect(socket.AF_UNIX, '/run/docker.sock')", "No such file"),
        ("connect(socket.AF_UNIX, '/var/run/docker.sock')", "No such file"),
        ("__import__('grader.examine.sandbox')", "ModuleNotFoundError"),
        ("__import__('grader.classroom')", "ModuleNotFoundError"),
        ("input('?')", "StdinNotImplementedError"),
    ],
)
def test_it_is_kept_out(target: SubmissionKernel, expression: str, kept_out: str) -> None:
    told = attempt(target, expression)
    assert told.startswith("kept out:"), told
    assert any(words in told for words in kept_out.split("|")), told


def test_nothing_of_the_instructor_is_on_any_path(target: SubmissionKernel) -> None:
    cell = """
import grader, os
for folder, folders, files in os.walk("/"):
    folders[:] = [one for one in folders if os.path.join(folder, one) not in ("/proc", "/usr")]
    folders[:] = [one for one in folders if one not in ("site-packages", "authoring")]  # nbgrader's docs, a template
    for name in (*folders, *files):
        if name in ("answers", "instructor.md", "gradebook.db", ".git", ".ssh") or name.endswith(".ipynb"):
            print(os.path.join(folder, name))
print(*sorted(os.listdir(os.path.dirname(grader.__file__))))
"""
    seen = printed(target, cell).splitlines()
    assert seen == ["/home/learner/lessons/L01-containers/L01-containers.ipynb", "__init__.py checks"]


def test_files_of_the_grader_are_not_there(target: SubmissionKernel, tmp_path: Path) -> None:
    secret = tmp_path / "gradebook.db"
    secret.write_text("marks")
    for path in (secret, ROOT / "pyproject.toml", ROOT / "notebooks/L01-containers/L01-containers.ipynb"):
        assert path.is_file()
        assert "No such file" in attempt(target, f"Path({str(path)!r}).read_text()")


def test_the_processes_of_this_machine_are_not_there(target: SubmissionKernel) -> None:
    seen = printed(target, "import os; print(*[name for name in os.listdir('/proc') if name.isdigit()])").split()
    assert len(seen) <= 3  # bubblewrap, what waits beside it, and the kernel
    assert "No such process" in attempt(target, f"os.kill({os.getpid()}, 0)")


def test_no_command_line_names_a_path_of_the_grader(target: SubmissionKernel) -> None:
    told = printed(
        target, "from pathlib import Path\nfor one in Path('/proc').glob('[0-9]*/cmdline'): print(one.read_bytes())"
    )
    assert tempfile.gettempdir() not in told.replace(sys.prefix, "")
    assert ".sock" not in told


def test_a_service_on_the_hosts_loopback_is_not_reached(target: SubmissionKernel) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as service:
        service.setblocking(False)
        port = service.getsockname()[1]
        assert "refused" in attempt(target, f"connect(socket.AF_INET, ('127.0.0.1', {port}))")
        with pytest.raises(BlockingIOError):
            service.accept()


def test_an_abstract_socket_of_the_host_is_not_reached(target: SubmissionKernel) -> None:
    name = f"\0slipway-test-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX)) as service:
        service.bind(name)
        service.listen()
        assert "refused" in attempt(target, f"connect(socket.AF_UNIX, {name!r})")


def test_sockets_of_the_gateway_and_of_other_sessions_are_not_there(
    target: SubmissionKernel, session: gateway.Session, own_session: gateway.Session
) -> None:
    control = Client(session.engine).home.control_socket()
    for path in (control, session.url.removeprefix("unix://"), own_session.url.removeprefix("unix://")):
        assert Path(path).exists()
        assert "No such file" in attempt(target, f"connect(socket.AF_UNIX, {str(path)!r})")
    sockets = printed(target, "import os\nfor f, _, n in os.walk('/run'): print(*[x for x in n if x.endswith('sock')])")
    assert sockets.split() == ["engine.sock"]


def test_the_session_is_the_attackers_own(target: SubmissionKernel, own_session: gateway.Session) -> None:
    cell = "import docker; print(*[c.name for c in docker.from_env().containers.list(all=True)]); import os"
    assert printed(target, f"{cell}; print(os.environ['SLIPWAY_SESSION'])").split() == [own_session.id]


def test_the_environment_is_the_sandboxes_own(target: SubmissionKernel) -> None:
    names = set(printed(target, "import os; print(*os.environ)").split())
    own = {"HOME", "USER", "LOGNAME", "PATH", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE", "JUPYTER_PLATFORM_DIRS"}
    own |= {"SLIPWAY_NOTEBOOKS", "SLIPWAY_STATE_DIR", "SLIPWAY_RUNTIME_DIR", "SLIPWAY_SESSION", "SLIPWAY_LEARNER"}
    own |= {"DOCKER_HOST", "DOCKER_BUILDKIT", "SLIPWAY_STILL_PICTURES"}
    kernels_own = {"PYDEVD_USE_FRAME_EVAL", "TERM", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER"}
    assert names - kernels_own - {"MPLBACKEND"} == own


def test_links_and_pipes_lead_nowhere(target: SubmissionKernel, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("the key")
    cell = f"""
import os
os.symlink({str(secret / "key")!r}, "key")
os.symlink({str(secret)!r}, "folder")
os.symlink("/etc/passwd", "passwd")
os.mkfifo("pipe")
os.link("shop.py", "again.py")
"""
    target.run(cell, 60)
    found = {str(path.relative_to(target.folder)) for path in target.folder.rglob("*")}
    assert found == {"L01-containers.ipynb", "shop.py", "again.py", "parts", "parts/list.txt"}
    assert set(target.skipped) == {"key: a link", "folder: a link", "passwd: a link", "pipe: a pipe"}
    target.run("import shutil, os\nfor name in ('key', 'folder', 'passwd', 'pipe', 'again.py'): os.unlink(name)", 60)


def test_a_file_that_becomes_a_folder_and_a_link_is_the_same_in_the_copy(target: SubmissionKernel) -> None:
    target.run(
        "from pathlib import Path\nimport shutil, os\nPath('a').write_text('1')\n"
        "os.mkdir('b'); Path('b/c').write_text('2')",
        60,
    )
    assert (target.folder / "b/c").read_text() == "2"
    target.run(
        "os.unlink('a'); os.mkdir('a'); Path('a/x').write_text('3'); shutil.rmtree('b'); os.symlink('/', 'b')", 60
    )
    assert (target.folder / "a/x").read_text() == "3"
    assert not (target.folder / "b").exists()
    target.run("shutil.rmtree('a'); os.unlink('b')", 60)
    assert not (target.folder / "a").exists()
