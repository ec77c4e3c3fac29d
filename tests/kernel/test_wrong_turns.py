"""An error of docker-py ends a cell with the course's three lines, and known wrong turns have words of their own."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import nbformat
import pytest
from live_kernel import LiveKernel, Ran

from course.kernel.scene import Scene
from course.kernel.wrong_turns import explain, near_image

SETUP = "import docker, io; client = docker.from_env() if 'client' not in globals() else client"
RUN = 'client.containers.run("course/busybox", {}, detach=True)'


@pytest.fixture(scope="module", autouse=True)
def notebook(kernel_folder: Path) -> Iterator[Path]:
    """A notebook beside the kernel, with a cell that was not run."""
    path = kernel_folder / "L91-turns.ipynb"
    cells = [nbformat.v4.new_code_cell("tariff = [1, 2]", id="given")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    yield path
    path.unlink()


def fails(kernel: LiveKernel, cell: str) -> tuple[Ran, list[str]]:
    """A cell that fails, and the lines that it shows."""
    ran = kernel.run(cell, "turn")
    assert not ran.ok
    return ran, ran.shown_error.splitlines()


NIGHT, FIRST = f"night = {RUN.format('None')}\n", f"{RUN[:-1].format('None')}, name='first')\n"
MISSING, DOCKERS = "ImageNotFound|NotFound|APIError", "DockerException"
SLEEP = RUN.format("['sleep', '600']")
TURNS = {
    "image": ('client.containers.run("busybox", "true")', MISSING, "did you mean course/busybox?"),
    "pull": ('client.images.pull("python")', MISSING, "did you mean course/python?"),
    "tag": ('client.images.get("course/node:20")', MISSING, "did you mean course/node?"),
    "spelling": ('client.images.get("course/busibox")', MISSING, "did you mean course/busybox?"),
    "variable": (NIGHT + "client.containers.get('night')", "NotFound", "use the variable itself"),
    "removed": (NIGHT + "night.remove(force=True)\nnight.logs()", "NotFound", "run the cell again"),
    "near": (FIRST + "client.containers.get('fisrt')", "NotFound", "did you mean first?"),
    "in use": (FIRST * 2, "APIError", "remove it once in a cell of its own"),
    "program": ('client.containers.run("course/busybox", ["python3", "-V"])', "APIError|ContainerError", "image"),
    "not found": ('client.containers.run("course/busybox", ["sh", "-c", "python3"])', "ContainerError", "127 means"),
    "keyword": (RUN[:-1].format("None") + ", names='first')", "TypeError", "did you mean name=?"),
    "method": (RUN.format("None") + ".logs(fellow=True)", "TypeError", "did you mean follow=?"),
    "bytes": ('client.containers.run("course/busybox", "true").logs()', "AttributeError", "add detach=True"),
    "from": ("client.images.build(fileobj=io.BytesIO(b'FROM busybox'))", MISSING, "course/busybox"),
    "build": (
        "client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nRUN exit 3'), tag='x')",
        "BuildError",
        "repair that instruction",
    ),
    "refused": (
        'client.containers.run("course/busybox", "true", privileged=True)',
        "APIError",
        "all rights on the machine of the engine",
    ),
    "no network": ('client.networks.get("sea")', "NotFound", "make it first with client.networks.create(…)"),
    "given above": ("print(tariff)", "NameError", "tariff = [1, 2]"),
    "misspelt": ("tariffs_of_mine = 1; tariffs_of_mime", "NameError", "did you mean tariffs_of_mine?"),
    "name and command": ('client.containers.run("course/busybox echo")', MISSING, 'run("course/busybox", "echo")'),
    "capitals": ('client.containers.run("Course/Busybox", "true")', MISSING, "did you mean course/busybox?"),
    "bad tag": ('client.images.get("course/busybox").tag("My Tag")', "APIError", "lower case"),
    "bad tag of a build": ("client.images.build(fileobj=io.BytesIO(b'FROM x'), tag='My App')", DOCKERS, "lowercase"),
    "bad name": (RUN[:-1].format("None") + ", name='my web')", "APIError", "such as web-1"),
    "removing what runs": (f"{SLEEP}.remove()", "APIError", ".remove(force=True)"),
    "exec in what ended": (f"done = {SLEEP}\ndone.kill()\ndone.wait()\ndone.exec_run('ls')", "APIError", ".start()"),
    "no folder": ("client.images.build(path='nosuch')", "TypeError", 'write path="."'),
    "no Dockerfile": ("client.images.build(path='.', dockerfile='No')", "APIError", "named by dockerfile="),
    "text for a file": ("client.images.build(fileobj='FROM course/busybox')", "AttributeError", "io.BytesIO("),
    "instruction": ("client.images.build(fileobj=io.BytesIO(b'FORM busybox'))", "APIError", "did you mean FROM?"),
    "outside": (
        "client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nCOPY ../x /'))", "BuildError", "without ../",
    ),
    "image and log": (
        "built = client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nLABEL a=1'), tag='two')\n"
        "client.containers.run(built)", "TypeError", "image, log = client.images.build(…)",
    ),
    "ports": (RUN[:-1].format("None") + ", ports=['80:80'])", "AttributeError", 'ports={"80/tcp": 8080}'),
    "volumes": (RUN[:-1].format("None") + ", volumes={'goods': '/data'})", "AttributeError", '"bind": "/data"'),
    "memory": (RUN[:-1].format("None") + ", mem_limit='lots')", DOCKERS, 'mem_limit="64m"'),
    "nobody": (RUN[:-1].format("None") + ", user='nemo')", "APIError", "/etc/passwd"),
    "the shell's": ('client.containers.run("course/busybox", "cd /tmp && ls")', "APIError", '["sh", "-c", "cd …"]'),
    "one word": ('client.containers.run("course/busybox", ["echo hi"])', "APIError", '["echo", "hi"]'),
    "object for a name": (f"night = {SLEEP}\nclient.containers.get(night)", "ValueError", "use its variable itself"),
    "nothing for a name": ("client.containers.get(None)", "NullResource", "help(client.containers.get)"),
    "in a list": ("client.containers.list()[0].logs()", "IndexError", "list(all=True)"),
    "no volume": ('client.volumes.get("goods")', "NotFound", "client.volumes.create(…)"),
    "network": (RUN[:-1].format("None") + ", network='sea')", "NotFound", "client.networks.create(…)"),
    "a folder as program": ('client.containers.run("course/busybox", ["/tmp"])', "APIError", "chmod +x"),
    "not a tar": (f"{SLEEP}.put_archive('/tmp', b'hello')", "APIError", "Send a tar archive"),
}  # fmt: skip

MISUSED = {
    "client.container.run('x')": "did you mean client.containers?",
    "docker.run('x')": "client = docker.from_env(), then client.containers.run",
    "client.run('x')": "write client.containers.run",
    "client.images.run('x')": "write client.containers.run",
    "image.run()": "write client.containers.run",
    "client.containers.stop('web')": "write client.containers.get(…).stop",
    "client.images.delete('x')": "did you mean client.images.remove?",
    "client.containers.ps()": "did you mean client.containers.list?",
    "client.containers('web')": "write client.containers.get(…) for one",
    "client.containers['web']": "write client.containers.get(…) for one",
    "for one in client.containers: pass": "client.containers.list() for all",
    "client.containers.get()": "write it between the parentheses",
    "client.images.build('.', 'x')": "everything else by its name",
    "container.exec('ls')": "did you mean container.exec_run?",
    "container.strt()": "did you mean container.start?",
    "container.status()": "write .status, without ()",
    "container['Id']": "write container.attrs for its facts",
    "for line in container.logs: print(line)": "write .logs(), with ()",
    "container.logs.decode()": "write .logs(), with ()",
    "output.logs()": "add detach=True",
    "output.split('x')": ".decode()",
    "output + 'x'": ".decode()",
    "'x' + output": ".decode()",
    "'web'.logs()": "client.containers.get(…).logs",
    "None.logs()": "in a variable of its own",
    "[container].logs": "client.containers.list()[0].logs",
    "(image, 'log').tags": "image, log = client.images.build(…)",
    "docker run course/busybox": "%docker run course/busybox",
    "FROM course/busybox": "%%dockerfile NAME",
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_known_wrong_turn_has_its_words(warm: LiveKernel, clean: docker.DockerClient, turn: str) -> None:
    cell, names, words = TURNS[turn]
    warm.must(SETUP)
    ran, lines = fails(warm, cell)
    assert ran.error in names.split("|"), "nbclient and nbgrader see docker-py's own error"
    assert lines[0] == ran.error
    assert [line.split(":")[0] for line in lines if line.startswith(("expected", "observed", "try next"))] == [
        "expected", "observed", "try next",
    ]  # fmt: skip
    assert words in ran.shown_error and "registry:" not in ran.shown_error
    assert "Start one" not in ran.shown_error, "nobody meant to start a registry"
    assert "course doctor" not in ran.shown_error, "the engine is well"


def test_a_name_in_use_is_told_with_the_lesson_that_took_it(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must('from course.lesson import setup; setup("L01")')
    warm.must('client.containers.run("course/busybox", name="front")')
    warm.must('setup("L02")')
    ran, _ = fails(warm, 'client.containers.run("course/busybox", name="front")')
    assert "a container front is there already, made in L01 and not by this cell" in ran.shown_error


STARTS = {
    '["/start.sh"]': (b"#!/bin/sh\r\necho up\r\n", "LF line endings"),
    '["/missing.sh"]': (b"", "check the spelling"),
    "/start.sh": (b"#!/bin/bash\necho up\n", "names an interpreter that the image lacks"),
    '["/start.sh", "now"]': (b"echo up\n", "such as #!/bin/sh"),
    '["sh", "/start.sh"]': (b"cd /tmp\r\nexit 0\r\n", "line endings of Windows"),
    "['echo', 'hi']": (b"", "double quotes"),
}


@pytest.mark.parametrize("command", STARTS)
def test_a_script_that_does_not_start_has_its_words(
    warm: LiveKernel, clean: docker.DockerClient, kernel_folder: Path, command: str
) -> None:
    script, words = STARTS[command]
    folder = kernel_folder / "start"
    folder.mkdir(exist_ok=True)
    (folder / "start.sh").write_bytes(script)
    (folder / "start.sh").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM course/busybox\nCOPY start.sh /\nCMD {command}\n")
    warm.must(SETUP)
    ran, _ = fails(warm, "client.images.build(path='start', tag='start:1')\nclient.containers.run('start:1')")
    assert words in ran.shown_error and "usermod" not in ran.shown_error


@pytest.mark.parametrize("line", MISUSED)
def test_docker_py_used_as_what_it_is_not_has_its_words(line: str) -> None:
    """No engine is asked for any of these."""
    with closing(docker.DockerClient("unix:///no-engine", version="1.41")) as client:
        given = {
            "docker": docker, "client": client, "output": b"hi",
            "container": client.containers.prepare_model({"Id": "1", "State": {"Status": "running"}}),
            "image": client.images.prepare_model({"Id": "sha256:1", "RepoTags": ["x:1"]}),
        }  # fmt: skip
        name = f"<cell {line}>"
        linecache.cache[name] = (len(line), None, [line], name)
        with pytest.raises((AttributeError, TypeError, SyntaxError)) as caught:
            exec(compile(line, name, "exec"), given)
        said = explain(Scene(caught.value, given))
    assert said is not None and MISUSED[line] in said.try_next, said


@pytest.mark.parametrize("line", ["b'x'.nothing", "'x'.nothing", "None.nothing", "[][0]", "open('none')", "len(5)"])
def test_what_has_nothing_to_do_with_docker_is_left_to_python(line: str) -> None:
    given: dict[str, object] = {}
    with pytest.raises((AttributeError, TypeError, LookupError, OSError)) as caught:
        exec(line, given)
    assert explain(Scene(caught.value, given)) is None


def test_the_traceback_is_folded_below(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    ran, _ = fails(warm, 'client.images.get("<b>")')
    (shown,) = ran.displays
    assert shown["text/html"].startswith("<details><summary>The whole traceback</summary><pre>")
    assert "<b>" not in shown["text/html"] and "&lt;b&gt;" in shown["text/html"]
    assert "client.images.get" in shown["text/plain"] and "\x1b" not in shown["text/plain"]


def test_after_a_restart_the_set_up_cell_is_named(warm: LiveKernel) -> None:
    warm.restart()
    ran, _ = fails(warm, 'client.containers.run("course/busybox")')
    assert "try next: run the set-up cell, the first one of the lesson" in ran.shown_error


def test_an_archive_without_a_name_is_known(warm: LiveKernel, clean: docker.DockerClient) -> None:
    warm.must(SETUP)
    warm.must("client.images.build(fileobj=io.BytesIO(b'FROM course/busybox\\nLABEL a=b'), tag='list:1')")
    warm.must("sent = b''.join(client.images.get('list:1').save()); client.images.remove('list:1')")
    warm.must("client.images.load(sent)")
    ran, _ = fails(warm, 'client.containers.run("list:1")')
    assert 'image.save(named="list:1")' in ran.shown_error


@pytest.mark.parametrize(
    ("cell", "error"),
    [("1 / 0", "ZeroDivisionError"), ("b''.nothing", "AttributeError"), ("print(nothing_like_it)", "NameError"),
     ("sorted([], names=1)", "TypeError")],
)  # fmt: skip
def test_other_errors_are_ipythons(warm: LiveKernel, cell: str, error: str) -> None:
    ran, lines = fails(warm, cell)
    assert ran.error == error and "Traceback" in "\n".join(lines) and not ran.displays


def test_code_that_catches_the_error_sees_docker_pys(warm: LiveKernel) -> None:
    warm.must(SETUP)
    assert (
        "No such image"
        in warm.must(
            "try: client.images.get('none')\nexcept docker.errors.ImageNotFound as no: print(no.explanation)"
        ).stdout
    )


@pytest.mark.parametrize(
    ("name", "there", "near"),
    [
        ("busybox", [], "course/busybox"),
        ("library/python:3.12", [], "course/python"),
        ("alpine:3", [], "course/busybox"),
        ("shop:2", ["shop:1", "shop:latest"], "shop"),
        ("shpo", ["shop:latest"], "shop"),
        ("nginx", ["shop:latest"], None),
    ],
)
def test_near_misses(name: str, there: list[str], near: str | None) -> None:
    assert near_image(name, there) == near
