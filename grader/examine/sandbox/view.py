"""What a submission sees of this machine: the arguments of bubblewrap, and nothing else decides it.

The system and Python are there and read-only; of the course, what a learner installs too; of the lessons, what their
set-up and their questions need. No answers, no hidden tests, no examiner, no gradebook, no home of a person.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from course.widgets.feed import STILL

HOME = "/home/learner"
_TMP = "/home/tmp"
_TEMPORARY = ("/tmp", "/var/tmp")
RUN = "/run/slipway"
LESSONS = "/run/slipway/lessons"
INSIDE = "/run/slipway/inside.py"
SHM_BYTES = 8 * 1024**2
_FOR_A_LESSON = ("lesson.toml", "questions.toml")
_ETC = ("alternatives", "ld.so.cache", "localtime", "mime.types", "ssl/certs")
_MASKED = ("examine", "classroom")
"""Parts of `grader` that are out of sight where it is installed beside the libraries."""


def passwd(uid: int) -> bytes:
    """A password file with the learner in it, and the user who owns the system."""
    return f"root:x:0:0:root:/:/usr/sbin/nologin\nlearner:x:{uid}:{uid}:learner:{HOME}:/bin/sh\n".encode()


def group(gid: int) -> bytes:
    """The groups that belong to `passwd`."""
    return f"root:x:0:\nlearner:x:{gid}:\n".encode()


def lessons_copy(source: Path, target: Path) -> Path:
    """Copy what lessons need while they run, and nothing that tells an answer.

    Args:
        source: the folder with course.toml.
        target: where the copy is made; must not exist.

    Returns:
        `target`.
    """
    target.mkdir(mode=0o755)
    shutil.copy(source / "course.toml", target)
    for lesson in sorted(entry for entry in source.iterdir() if (entry / "lesson.toml").is_file()):
        (target / lesson.name).mkdir(mode=0o755)
        for name in _FOR_A_LESSON:
            if (lesson / name).is_file():
                shutil.copy(lesson / name, target / lesson.name)
        if (lesson / "prepare").is_dir():
            shutil.copytree(lesson / "prepare", target / lesson.name / "prepare")
    return target


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Every variable of the sandbox. Nothing is taken over from the grader's own.

    Args:
        more: those of the session and the learner.
    """
    return {
        "HOME": HOME,
        "USER": "learner",
        "LOGNAME": "learner",
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "SLIPWAY_NOTEBOOKS": LESSONS,
        STILL: "1",
        "SLIPWAY_STATE_DIR": f"{HOME}/.local/state/slipway",
        "SLIPWAY_RUNTIME_DIR": f"{HOME}/.cache/slipway",
        **more,
    }


def arguments(
    *,
    lessons: Path,
    inside: Path,
    sockets: Mapping[str, Path],
    etc: Mapping[str, Path],
    disk_bytes: int,
    variables: Mapping[str, str],
) -> list[str]:
    """bubblewrap's arguments. Only bubblewrap should read them: they name paths of this machine.

    Args:
        lessons: what `lessons_copy` made.
        inside: the program that runs inside.
        sockets: path inside to path outside.
        etc: files of /etc by their name, to path outside.
        disk_bytes: the size of the one file system that can be written.
        variables: what `environment` gave.
    """
    words = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--die-with-parent", "--new-session", "--hostname", "submission", "--clearenv"]
    if os.geteuid() == 0:
        words += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        words += ["--unshare-user", "--disable-userns"]
    for name, value in variables.items():  # of what bubblewrap starts; a kernel gets the same ones with its first frame
        words += ["--setenv", name, value]
    seen = [*_system(), *_python(), *_course()]
    seen[2::3] = [_written_as(name) for name in seen[2::3]]
    places = [*seen[2::3], *sockets, LESSONS, INSIDE, HOME, _TMP, "/etc/passwd"]
    above = sorted({str(parent) for place in places for parent in Path(place).parents if parent != Path("/")})
    # one file system of a fixed size holds all that can be written; first, as this course may be installed below it
    words += ["--perms", "1777", "--size", str(disk_bytes), "--tmpfs", "/home"]
    for name in sorted({*above, HOME, _TMP}):  # else only the user who starts bubblewrap could pass
        if name != "/home":
            words += ["--perms", "1777" if name in (HOME, _TMP) else "0755", "--dir", name]
    words += [*seen, *_masks(), "--dir", "/var"]
    for name in _TEMPORARY:
        words += ["--symlink", _TMP, name]
    words += ["--ro-bind", str(lessons), LESSONS, "--ro-bind", str(inside), INSIDE]
    for name, source in etc.items():
        words += ["--ro-bind", str(source), f"/etc/{name}"]
    for target, source in sockets.items():
        words += ["--bind", str(source), target]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for name in _ETC:
        yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")


def _python() -> Iterator[str]:
    """The interpreter and its libraries: the environment, and the installation that it was made from."""
    for prefix in dict.fromkeys((Path(sys.base_prefix), Path(sys.prefix))):
        if not prefix.is_relative_to("/usr"):
            yield from ("--ro-bind", str(prefix), str(prefix))


def _course() -> Iterator[str]:
    """The packages `course` and `grader`, from a checkout or from among the libraries."""
    import course
    import grader

    home = Path(str(course.__file__)).parent
    yield from ("--ro-bind", str(home), str(home))
    home = Path(str(grader.__file__)).parent
    if not any(home.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix)):
        for name in ("__init__.py", "checks"):
            yield from ("--ro-bind", str(home / name), str(home / name))


def _written_as(path: str) -> str:
    """Where bubblewrap puts what is seen at a path: what lies below /tmp, below what /tmp is a link to."""
    for name in _TEMPORARY:
        if Path(path).is_relative_to(name):
            return f"{_TMP}/{Path(path).relative_to(name)}".removesuffix("/.")
    return path


def _masks() -> Iterator[str]:
    """Empty folders over the parts of `grader` that must stay hidden where it is installed among the libraries."""
    import grader

    home = Path(str(grader.__file__)).parent
    if any(home.is_relative_to(prefix) for prefix in (sys.prefix, sys.base_prefix)):
        for name in _MASKED:
            hidden = _written_as(str(home / name))
            yield from ("--perms", "0555", "--tmpfs", hidden, "--remount-ro", hidden)
