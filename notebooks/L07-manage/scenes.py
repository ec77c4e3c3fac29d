"""Two scenes that the exercises begin with, and the archives in which docker-py copies files."""

import io
import tarfile

from docker.errors import NotFound

from course.lesson import parameter


def pack(name, text):
    """Return an archive with one file, as `put_archive` takes it."""
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def unpack(parts):
    """Return the text of the one file in an archive, as `get_archive` gives it."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(parts))) as tar:
        return tar.extractfile(tar.next()).read().decode()


def busy_counter(client):
    """Start the container `counter` again from its image, and let three customers ask for something. Return it."""
    _away(client.containers, "counter")
    counter = client.containers.run("corner-shop", name="counter", detach=True)
    next(counter.logs(stream=True))
    for wish in ["tea", parameter("goods", lesson="L07"), "candles"]:
        _ask(counter, f"sell/{wish}")
    return counter


def end_of_season(client, crew):
    """Lay out again what is left at the end of the season. Yours carries the label of your crew, Tom's carries `tom`."""
    _away(client.containers, "stand-1", "stand-2", "stand-3", "till")
    _away(client.volumes, "ledger", "drafts", "books")
    for name, label in [("ledger", crew), ("drafts", crew), ("books", "tom")]:
        client.volumes.create(name, labels={"crew": label})
    stand = client.containers.run(
        "corner-shop", name="stand-1", labels={"crew": crew}, volumes=["ledger:/data"], detach=True
    )
    next(stand.logs(stream=True))
    _ask(stand, "sell/bread")
    note = ["sh", "-c", "echo for the next market > /notes/note.txt"]
    client.containers.run("course/busybox", note, volumes=["books:/notes"], remove=True)
    client.containers.run("course/busybox", note, name="stand-2", labels={"crew": crew}, volumes=["drafts:/notes"])
    client.containers.run("course/busybox", ["echo", "counted"], name="till", labels={"crew": "tom"})


def _ask(shop, page):
    return shop.exec_run(["wget", "-qO-", f"http://127.0.0.1:7080/{page}"])


def _away(collection, *names):
    for name in names:
        try:
            collection.get(name).remove(force=True)
        except NotFound:
            pass
