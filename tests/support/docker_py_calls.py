"""The calls of docker-py 7.2 as small scenarios; each leaves the engine as it found it and returns what a user sees.

A scenario is run on the bare engine and through a session, and both results must be equal: so it returns what must not
depend on the session, and `shape` for answers whose values are of the moment.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import docker
from docker import errors
from docker.models.containers import Container

Client = docker.DockerClient
Scenario = Callable[[Client], Any]
BASE = "course/busybox:latest"
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Register a scenario under its name."""
    SCENARIOS[function.__name__] = function
    return function


def shape(value: Any, depth: int = 3) -> Any:
    """The keys of an answer, level by level, with the types of the values."""
    if isinstance(value, dict) and depth:
        return {key: shape(item, depth - 1) for key, item in sorted(value.items())}
    return type(value).__name__


def tar_of(**files: bytes) -> bytes:
    """A tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def context_of(dockerfile: str, **files: bytes) -> io.BytesIO:
    """A build context."""
    return io.BytesIO(tar_of(Dockerfile=dockerfile.encode(), **files))


def hang_up(stream: Any) -> None:
    """Close a raw stream by its response, which docker-py keeps beside it and which must not outlive it."""
    stream._response.close()


@contextmanager
def waiting(client: Client, **options: Any) -> Iterator[Container]:
    """A container that waits."""
    container = client.containers.run(BASE, ["sleep", "300"], detach=True, init=True, **options)
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


@contextmanager
def waiting_in(client: Client, image: str) -> Iterator[Container]:
    """A container of an image that has not been started."""
    container = client.containers.create(image, ["true"])
    try:
        yield container
    finally:
        container.remove(force=True)


@contextmanager
def built(client: Client, tag: str, dockerfile: str) -> Iterator[str]:
    """An image that is removed again."""
    image, _ = client.images.build(fileobj=context_of(dockerfile), custom_context=True, tag=tag, rm=True)
    try:
        yield str(image.id)
    finally:
        client.images.remove(tag, force=True)


def refused(call: Callable[[], Any]) -> tuple[str, int]:
    """Type and status of the error that a call ends in."""
    try:
        call()
    except errors.APIError as error:
        return type(error).__name__, error.status_code
    return "no error", 0


# ---- containers


@scenario
def run_in_the_foreground(client: Client) -> Any:
    out = client.containers.run(BASE, ["sh", "-c", "echo out; echo err >&2"], remove=True, stderr=True)
    return sorted(out.splitlines())


@scenario
def run_without_the_end_of_a_line(client: Client) -> Any:
    container = client.containers.run(BASE, ["sh", "-c", "echo a; printf b"], detach=True)
    container.wait()
    result = container.logs(), b"".join(container.logs(stream=True, follow=True)), container.logs(tail=1)
    container.remove()
    return result


@scenario
def large_output(client: Client) -> Any:
    container = client.containers.run(BASE, ["sh", "-c", "seq 60000"], detach=True)
    container.wait()
    result = container.logs(), container.logs(tail=50_000).count(b"\n")
    container.remove()
    return result


@scenario
def run_that_fails(client: Client) -> Any:
    try:
        client.containers.run(BASE, ["sh", "-c", "echo no >&2; exit 3"], remove=True)
    except errors.ContainerError as error:
        return error.exit_status, error.stderr
    return None


@scenario
def create_inspect_remove(client: Client) -> Any:
    container = client.containers.create(
        BASE, ["sleep", "9"], name="conform", environment={"A": "1"}, labels={"l": "1"}, working_dir="/tmp", user="1000"
    )
    attrs = container.attrs
    again = client.containers.get("conform")
    short = client.containers.get(container.short_id)
    config = attrs["Config"]
    result = (
        container.name, container.status, again.id == short.id == container.id, config["Cmd"], config["WorkingDir"],
        "A=1" in config["Env"], config["User"], config["Labels"]["l"], config["Image"], sorted(attrs),
        sorted(attrs["State"]), sorted(attrs["NetworkSettings"]), sorted(attrs["HostConfig"]),
        shape(attrs["Mounts"]), BASE in container.image.tags,
    )  # fmt: skip
    container.remove()
    return *result, refused(lambda: client.containers.get("conform"))


@scenario
def life_cycle(client: Client) -> Any:
    container = client.containers.create(BASE, ["sleep", "300"], name="life", init=True)
    seen = []
    for step in ("start", "pause", "unpause", "restart", "stop", "start", "kill"):
        options = {"timeout": 1} if step in ("restart", "stop") else {}
        getattr(container, step)(**options)
        container.reload()
        seen.append((step, container.status))
    code = container.wait()["StatusCode"]
    container.rename("after-life")
    container.reload()
    name = container.name
    container.remove()
    return seen, code, name


@scenario
def wait_before_start(client: Client) -> Any:
    container = client.containers.create(BASE, ["sh", "-c", "exit 7"])
    answers: list[Any] = []
    waiter = threading.Thread(target=lambda: answers.append(container.wait(condition="next-exit")))
    waiter.start()
    container.start()
    waiter.join(30)
    container.remove()
    return answers


@scenario
def list_and_filter(client: Client) -> Any:
    with waiting(client, name="one", labels={"k": "v"}) as one, waiting(client, name="two"):
        stopped = client.containers.create(BASE, "true", name="three")
        names = {c.name for c in client.containers.list(all=True)} & {"one", "two", "three"}
        running = {c.name for c in client.containers.list()} & {"one", "two", "three"}
        by_label = [c.name for c in client.containers.list(filters={"label": "k=v"})]
        by_name = [c.name for c in client.containers.list(all=True, filters={"name": "three"})]
        by_status = [
            c.name for c in client.containers.list(all=True, filters={"status": "created"}) if c.name == "three"
        ]
        by_id = [c.name for c in client.containers.list(filters={"id": one.id})]
        rows = client.api.containers(filters={"id": one.id})
        stopped.remove()
        row = rows[0]
        return (
            sorted(names), sorted(running), by_label, by_name, by_status, by_id, sorted(row), row["Names"],
            row["Image"], row["Command"], row["State"],
        )  # fmt: skip


@scenario
def logs_in_every_way(client: Client) -> Any:
    container = client.containers.run(BASE, ["sh", "-c", "echo a; echo b >&2; echo c"], detach=True)
    container.wait()
    followed = b"".join(container.logs(stream=True, follow=True, stderr=False))
    last = container.logs(tail=1).count(b"\n")  # which of the two streams was last is a matter of chance
    result = container.logs(stderr=False), container.logs(stdout=False), last, followed
    container.remove()
    return result


@scenario
def logs_follow_live(client: Client) -> Any:
    container = client.containers.run(BASE, ["sh", "-c", "read a; echo $a"], detach=True, stdin_open=True)
    lines = container.logs(stream=True, follow=True)
    socket = container.attach_socket(params={"stdin": 1, "stream": 1})
    socket._sock.sendall(b"now\n")
    first = next(lines)
    hang_up(socket)
    container.wait()
    container.remove()
    return first


@scenario
def attach_reads_output(client: Client) -> Any:
    container = client.containers.create(BASE, ["sh", "-c", "echo hello; echo bad >&2"])
    output = container.attach(stream=True, logs=True, demux=True)
    container.start()
    pieces = list(output)
    container.remove(force=True)
    return b"".join(a or b"" for a, _ in pieces), b"".join(b or b"" for _, b in pieces)


@scenario
def exec_in_every_way(client: Client) -> Any:
    with waiting(client) as container:
        plain = container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 4"], demux=True)
        tty = container.exec_run(["sh", "-c", "echo $A"], tty=True, environment={"A": "x"})
        where = container.exec_run("pwd", workdir="/tmp", user="1000")
        detached = container.exec_run("true", detach=True).output
        streamed = b"".join(container.exec_run(["sh", "-c", "echo 1; echo 2"], stream=True).output)
        exec_id = client.api.exec_create(container.id, ["true"])["Id"]
        client.api.exec_start(exec_id)
        inspected = client.api.exec_inspect(exec_id)
        return plain, tty, where, detached, streamed, inspected["ExitCode"], inspected["Running"], sorted(inspected)


@scenario
def exec_with_input(client: Client) -> Any:
    with waiting(client) as container:
        exec_id = client.api.exec_create(container.id, ["wc", "-c"], stdin=True)["Id"]
        stream = client.api.exec_start(exec_id, socket=True)
        stream._sock.sendall(b"x" * 1_000_000)
        stream._sock.shutdown(1)
        output = b"".join(iter(lambda: stream._sock.recv(4096), b""))
        hang_up(stream)
        return output


@scenario
def resize_terminals(client: Client) -> Any:
    with waiting(client, tty=True) as container:
        container.resize(30, 90)
        exec_id = client.api.exec_create(container.id, ["sleep", "2"], tty=True)["Id"]
        stream = client.api.exec_start(exec_id, tty=True, socket=True)
        client.api.exec_resize(exec_id, height=30, width=90)
        hang_up(stream)
        return True


@scenario
def archives(client: Client) -> Any:
    container = client.containers.create(BASE, "true")
    put = container.put_archive("/tmp", tar_of(a=b"one", b=b"two"))
    pieces, stat = container.get_archive("/tmp/a")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        content = archive.extractfile("a").read()  # type: ignore[union-attr]
    missing = refused(lambda: container.get_archive("/nothing"))
    nowhere = refused(lambda: container.put_archive("/nothing", tar_of(a=b"")))
    changes = sorted((change["Path"], change["Kind"]) for change in container.diff() or [])
    with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as archive:
        exported = "tmp/b" in archive.getnames()
    container.remove()
    return put, stat["name"], stat["size"], content, missing, nowhere, changes, exported


@scenario
def stats_and_top(client: Client) -> Any:
    with waiting(client, name="busy") as container:
        once = container.stats(stream=False)
        stream = container.stats(decode=True)
        streamed = next(stream)
        stream.close()
        top = container.top()
        commands = [row[-1] for row in top["Processes"]]
        return once["name"], sorted(once), sorted(streamed), top["Titles"], any("sleep 300" in c for c in commands)


@scenario
def update_limits(client: Client) -> Any:
    with waiting(client, mem_limit="64m") as container:
        answer = container.update(mem_limit="48m", memswap_limit="48m")
        container.reload()
        return answer, container.attrs["HostConfig"]["Memory"]


@scenario
def auto_remove(client: Client) -> Any:
    container = client.containers.create(BASE, "true", auto_remove=True, name="gone")
    # asked before the start, as `docker run --rm` does: moby answers never to who asks while it removes
    url = client.api._url("/containers/{0}/wait", container.id)
    removed = client.api._post(url, params={"condition": "removed"}, stream=True)
    container.start()
    removed.json()
    deadline = time.monotonic() + 20
    while client.containers.list(all=True, filters={"name": "gone"}) and time.monotonic() < deadline:
        time.sleep(0.02)
    again = client.containers.create(BASE, "true", name="gone")
    again.remove()
    return refused(lambda: client.containers.get("gone"))


@scenario
def name_conflict(client: Client) -> Any:
    with waiting(client, name="taken"):
        return refused(lambda: client.containers.create(BASE, "true", name="taken"))


@scenario
def unknown_objects(client: Client) -> Any:
    return [
        refused(lambda: client.containers.get("nothing")),
        refused(lambda: client.images.get("nothing:1")),
        refused(lambda: client.networks.get("nothing")),
        refused(lambda: client.volumes.get("nothing")),
        refused(lambda: client.api.exec_inspect("0" * 64)),
        refused(lambda: client.containers.create("nothing:1", "true")),
        refused(lambda: client.images.remove("nothing:1")),
    ]


@scenario
def prune_containers(client: Client) -> Any:
    container = client.containers.create(BASE, "true", labels={"prune": "me"})
    answer = client.containers.prune(filters={"label": ["prune=me"]})
    return answer["ContainersDeleted"] == [container.id], sorted(answer)


@scenario
def ports_and_health(client: Client) -> Any:
    check = {"test": ["CMD", "true"], "interval": 1_000_000_000}
    ports = {"80/tcp": ("127.0.0.1", None)}
    with waiting(client, ports=ports, healthcheck=check) as container:
        deadline = time.monotonic() + 20
        while container.health != "healthy" and time.monotonic() < deadline:
            time.sleep(0.05)
            container.reload()
        bound = container.ports["80/tcp"]
        return container.health, [binding["HostIp"] for binding in bound], bound[0]["HostPort"].isdecimal()


# ---- volumes and networks


@scenario
def volumes(client: Client) -> Any:
    volume = client.volumes.create("data", labels={"l": "1"})
    same = client.volumes.create("data")
    mount = {"data": {"bind": "/d", "mode": "rw"}}
    client.containers.run(BASE, ["sh", "-c", "echo kept > /d/f"], volumes=mount, remove=True)
    kept = client.containers.run(BASE, ["cat", "/d/f"], volumes=mount, remove=True)
    with waiting(client, volumes=mount) as user:
        in_use = refused(volume.remove)
        mounts = [(m["Type"], m["Name"], m["Destination"], m["RW"]) for m in user.attrs["Mounts"]]
    names = [v.name for v in client.volumes.list() if v.name == "data"]
    attrs = sorted(volume.attrs)
    volume.remove()
    return same.name, kept, in_use, mounts, names, attrs, volume.attrs["Labels"]["l"], refused(volume.reload)


@scenario
def volumes_come_into_being_by_use(client: Client) -> Any:
    client.containers.run(BASE, "true", volumes={"made": {"bind": "/d", "mode": "rw"}}, remove=True)
    made = client.volumes.get("made")
    made.remove()
    return made.name


@scenario
def anonymous_volumes_go_with_their_container(client: Client) -> Any:
    before = {volume.name for volume in client.volumes.list()}
    container = client.containers.create(BASE, "true", volumes=["/anonymous"])
    (name,) = {volume.name for volume in client.volumes.list()} - before  # engine 28 leaves it out of the mount
    there = client.volumes.get(name).name == name
    container.remove(v=True)
    return there, refused(lambda: client.volumes.get(name))


@scenario
def prune_volumes(client: Client) -> Any:
    named = client.volumes.create("unused", labels={"prune": "me"})
    nameless = client.volumes.create(labels={"prune": "me"})
    gone = client.volumes.prune(filters={"label": ["prune=me"]})["VolumesDeleted"]
    left = [volume.name for volume in client.volumes.list(filters={"label": "prune=me"})]
    if left:  # from API 1.42 on a chosen name is kept
        named.remove()
    return sorted("nameless" if name == nameless.name else name for name in gone), left


@scenario
def names_resolve_on_an_own_network_only(client: Client) -> Any:
    """Names resolve through a server of the engine at 127.0.0.11, which the default network does not have."""
    client.networks.create("net")
    command = ["cat", "/etc/resolv.conf"]
    told = [
        b"127.0.0.11" in client.containers.run("course/busybox", command, remove=True, **on)
        for on in ({}, {"network": "net"})
    ]
    client.networks.get("net").remove()
    with waiting(client, name="first") as first:
        return told, refused(lambda: client.networks.get("bridge").connect(first, aliases=["a"]))


@scenario
def networks(client: Client) -> Any:
    network = client.networks.create("net", driver="bridge", labels={"l": "1"})
    with waiting(client, name="web", network="net"), waiting(client, name="other") as other:
        network.connect(other, aliases=["friend"])
        network.reload()
        members = sorted(container.name for container in network.containers)
        # By name through the network's own DNS, in both directions.
        one = other.exec_run(["nslookup", "web"]).exit_code
        two = client.containers.get("web").exec_run(["nslookup", "friend"]).exit_code
        network.disconnect(other)
        network.reload()
        left = sorted(container.name for container in network.containers)
        in_use = refused(network.remove)
    names = [n.name for n in client.networks.list(names=["net"])]
    by_id = client.networks.get(network.id).name
    keys, label = sorted(network.attrs), network.attrs["Labels"]["l"]
    network.remove()
    return members, one, two, left, in_use, names, by_id, keys, label, refused(network.reload)


@scenario
def prune_networks(client: Client) -> Any:
    client.networks.create("unused", labels={"prune": "me"})
    return client.networks.prune(filters={"label": ["prune=me"]})["NetworksDeleted"]


# ---- images


@scenario
def build_and_look(client: Client) -> Any:
    dockerfile = f'FROM {BASE}\nLABEL a=b\nCOPY f /f\nRUN cat /f > /g && \\\n    echo done\nCMD ["cat", "/g"]\n'
    # with an end of line: of a last line without one, engine 20.10 loses one in five to who follows the log
    lines = list(
        client.api.build(
            fileobj=context_of(dockerfile, f=b"content\n"), custom_context=True, tag="shop:1", rm=True, decode=True,
            nocache=True,
        )
    )  # fmt: skip
    steps = [line["stream"].strip() for line in lines if line.get("stream", "").startswith("Step ")]
    tagged = [line["stream"] for line in lines if "tagged" in line.get("stream", "")]
    image = client.images.get("shop:1")
    short = client.images.get(image.short_id)
    ran = client.containers.run("shop:1", remove=True)
    history = image.history()
    created = [row["CreatedBy"].replace("/bin/sh -c #(nop) ", "").strip() for row in history[:4]]
    config = image.attrs["Config"]
    result = (
        steps, tagged, image.tags, short.id == image.id, ran, created, history[0]["Tags"], config["Cmd"],
        config["Labels"]["a"], sorted(image.attrs), [i.tags for i in client.images.list("shop")],
    )  # fmt: skip
    client.images.remove("shop:1")
    return *result, refused(lambda: client.images.get("shop:1"))


@scenario
def build_again_uses_the_cache(client: Client) -> Any:
    dockerfile = f"FROM {BASE}\nRUN echo {time.time_ns()} > /stamp\nRUN echo two > /two\n"
    with built(client, "cached:1", dockerfile) as first:
        image, lines = client.images.build(fileobj=context_of(dockerfile), custom_context=True, tag="cached:2", rm=True)
        cached = sum("Using cache" in line.get("stream", "") for line in lines)
        client.images.remove("cached:2")
        return image.id == first, cached


@scenario
def build_that_fails(client: Client) -> Any:
    try:
        client.images.build(
            fileobj=context_of(f"FROM {BASE}\nRUN exit 9\n"), custom_context=True, rm=True, forcerm=True
        )
    except errors.BuildError as error:
        return error.msg, [line for line in error.build_log if "error" in line]
    return None


@scenario
def tag_and_remove(client: Client) -> Any:
    with built(client, "app:1", f"FROM {BASE}\nLABEL app=1\n") as image_id:
        image = client.images.get("app:1")
        image.tag("app", "2")
        image.reload()
        tags = sorted(image.tags)
        rows = client.api.remove_image("app:2")
        latest = image.tag("app")
        client.images.get("app:latest")
        client.images.remove("app")
        return tags, rows, latest, client.images.get(image_id).tags


@scenario
def an_image_in_use_stays(client: Client) -> Any:
    with built(client, "used:1", f"FROM {BASE}\nLABEL used=1\n") as image_id:
        container = client.containers.create("used:1", "true")
        by_name = refused(lambda: client.images.remove("used:1"))
        by_id = refused(lambda: client.images.remove(image_id))
        container.remove()
        return by_name, by_id


@scenario
def commit(client: Client) -> Any:
    container = client.containers.run(BASE, ["sh", "-c", "echo hi > /x"], detach=True)
    container.wait()
    image = container.commit("committed", "1", message="m", author="a", changes=["CMD cat /x"])
    container.remove()
    out = client.containers.run("committed:1", remove=True)
    result = image.tags, out, image.attrs["Comment"], image.attrs["Author"]
    client.images.remove("committed:1")
    return result


@scenario
def save_and_load(client: Client) -> Any:
    with built(client, "moved:1", f"FROM {BASE}\nRUN echo moved > /m\n") as image_id:
        archive = b"".join(client.images.get("moved:1").save(named=True))
        with tarfile.open(fileobj=io.BytesIO(archive)) as inside:
            manifest = json.load(inside.extractfile("manifest.json"))  # type: ignore[arg-type]
        client.images.remove("moved:1")
        loaded = client.images.load(archive)
        out = client.containers.run("moved:1", ["cat", "/m"], remove=True)
        return manifest[0]["RepoTags"], [i.tags for i in loaded], loaded[0].id == image_id, out


@scenario
def prune_images(client: Client) -> Any:
    label = f"prune=me{time.time_ns()}"
    context = context_of(f"FROM {BASE}\nLABEL {label}\n")
    image, _ = client.images.build(fileobj=context, custom_context=True, rm=True)
    answer = client.images.prune(filters={"dangling": True, "label": [label]})
    deleted = [row["Deleted"] for row in answer["ImagesDeleted"] if "Deleted" in row]
    return image.id in deleted, image.tags


@scenario
def prune_named_images(client: Client) -> Any:
    label = "LABEL conform=prune\n"
    with built(client, "conform:used", f"FROM {BASE}\n{label}LABEL n=1\n"), waiting_in(client, "conform:used"):
        for tag in ("conform:a", "conform:b"):
            client.images.build(
                fileobj=context_of(f"FROM {BASE}\n{label}LABEL n={tag}\n"), custom_context=True, tag=tag, rm=True
            )
        client.images.get("conform:a").tag("conform:again")
        wanted = {"dangling": False, "label": "conform=prune"}
        other = client.images.prune(filters={**wanted, "label!": "conform"})["ImagesDeleted"]
        gone = bool(client.images.prune(filters=wanted)["ImagesDeleted"])  # stores of images differ in its rows
        left = [
            refused(lambda tag=tag: client.images.get(tag)) for tag in ("conform:a", "conform:again", "conform:used")
        ]
    return other, gone, left


@scenario
def packed_archives(client: Client) -> Any:
    container = client.containers.create(BASE, ["true"])
    plain = tar_of(a=b"1")
    result = []
    for name, pack in (("gzip", gzip.compress), ("bzip2", bz2.compress)):  # for xz an engine needs the program xz
        done = (
            container.put_archive("/tmp", pack(tar_of(**{name: b"content"}))),
            container.put_archive("/tmp", pack(plain)),
        )
        pieces, _ = container.get_archive(f"/tmp/{name}")
        with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
            result.append((done, archive.getnames()))
    container.remove()
    return result


@scenario
def a_dockerfile_that_is_a_link(client: Client) -> Any:
    out = io.BytesIO(tar_of(**{"Dockerfile.dev": f"FROM {BASE}\nCOPY . /src/\n".encode()}))
    with tarfile.open(fileobj=out, mode="a") as archive:
        for name, to in (("Dockerfile", "Dockerfile.dev"), ("gone", "/no/such/file"), ("loop", "loop")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, to
            archive.addfile(member)
    image, _ = client.images.build(fileobj=io.BytesIO(out.getvalue()), custom_context=True, tag="conform-link", rm=True)
    container = client.containers.create(image.id, ["true"])
    pieces, _ = container.get_archive("/src")
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        result = sorted((member.name, member.linkname) for member in archive if member.issym())
    container.remove()
    client.images.remove("conform-link")
    return result


@scenario
def base_images_are_listed(client: Client) -> Any:
    tags = {tag for image in client.images.list() for tag in image.tags}
    rows = client.api.images("course/busybox")
    return BASE in tags, sorted(rows[0]), rows[0]["RepoTags"]


# ---- the engine


@scenario
def ping_and_version(client: Client) -> Any:
    version = client.version()
    return client.ping(), version["Version"], version["Os"], version["Arch"], shape(version["Components"])


@scenario
def events_of_a_life(client: Client) -> Any:
    since = int(time.time())
    container = client.containers.run(BASE, "true", name="seen", detach=True)
    container.wait()
    container.remove()
    until = int(time.time()) + 1
    events = client.events(since=since, until=until, decode=True, filters={"container": container.id})
    seen = [(event["Type"], event["Action"], event["Actor"]["Attributes"].get("name")) for event in events]
    return [event for event in seen if event[0] == "container"]


@scenario
def events_come_live(client: Client) -> Any:
    stream = client.events(decode=True, filters={"type": ["network", "volume"]})
    got: list[Any] = []
    reader = threading.Thread(target=lambda: got.extend(next(stream) for _ in range(4)))
    reader.start()
    client.volumes.create("live").remove()
    client.networks.create("live").remove()
    reader.join(20)
    stream.close()
    return [(event["Type"], event["Action"], event["Actor"]["Attributes"].get("name")) for event in got]
