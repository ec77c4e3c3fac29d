"""The pictures in course/widgets/README.md, taken from real pictures in JupyterLab, light and dark.

    .venv/bin/python tests/browser/pictures.py [NAME …]

Each entry of `PICTURES` is the code of one cell, what must be on the engine before it runs, and what is done to the
picture before it is taken. A further picture is one more entry. The files are course/widgets/pictures/NAME-light.webp
and NAME-dark.webp, each below 100 kB.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import docker
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from front_end import PATIENCE, THEMES, FrontEnd, choose_theme, run_cell
from notebook_server import FLAGS, chromium_path, served

FOLDER = Path(__file__).resolve().parents[2] / "course" / "widgets" / "pictures"
MOST_BYTES = 100_000
SHOP = """
FROM course/busybox
RUN mkdir /www && echo tea > /www/goods
EXPOSE 7080
CMD echo "Welcome. Served by $(hostname)" > /www/index.html; exec httpd -f -p 7080 -h /www
"""
STALL = SHOP.replace("echo tea", "echo bread").replace("EXPOSE", "ENV STALL=1\nEXPOSE")


@dataclass(frozen=True)
class Shot:
    """One picture.

    Args:
        code: the cell.
        shows: words that the picture must show before it is taken.
        prepare: makes what the cell needs; it gets a client of the session.
        use: which of its buttons are pressed before.
        then: words that it must show after that.
        folder: where the notebook lies below the learner's folder; a map of lessons links to what is beside it.
    """

    code: str
    shows: str
    prepare: Callable[[docker.DockerClient], None] = lambda client: None
    use: tuple[str, ...] = ()
    then: str = ""
    folder: str = ""


def build(client: docker.DockerClient, dockerfile: str, name: str) -> None:
    """Build an image from a Dockerfile without a context."""
    client.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=name, rm=True)


def shop(client: docker.DockerClient) -> None:
    """An image, one container of it that runs, and one that has exited."""
    build(client, SHOP, "shop:1")
    client.containers.run("shop:1", name="web", detach=True)
    client.containers.run("course/busybox", ["true"], name="job", detach=True).wait()


def two_images(client: docker.DockerClient) -> None:
    """Two images that share their lowest layer, and a container that has written."""
    build(client, SHOP, "shop:1")
    build(client, STALL, "stall:1")
    client.containers.run("shop:1", ["sh", "-c", "echo sold > /ledger; sleep 600"], name="web", detach=True)


PICTURES = {
    "engine-map": Shot("from course.widgets import engine_map\nengine_map()", "■ exited (0)", shop),
    "lifecycle": Shot("from course.widgets import lifecycle\nlifecycle('web')", "▶ running", shop),
    "layers": Shot("from course.widgets import layers\nlayers('web', 'stall:1')", "shop:1", two_images),
    "build": Shot(
        "%%dockerfile shop:1\n" + SHOP.strip(),
        "✓ shop:1 is built",
        lambda client: build(client, SHOP.partition("EXPOSE")[0], "shop:0"),
    ),
    "fleet": Shot(
        "from course.widgets import fleet\nfleet('shop:1', 3)",
        "3 running",
        lambda client: build(client, SHOP, "shop:1"),
        ("Send 100 requests",),
        "answered 33 of 33",
    ),
    "two-machines": Shot(
        "from course.widgets import two_machines\ntwo_machines()",
        "○ not there",
        lambda client: build(client, SHOP, "shop:1"),
    ),
    "exercise": Shot(
        'from grader import checks\nchecks.all_of("L00-first-container")',
        "partly done",
        lambda client: client.containers.create("course/busybox", ["echo", "closed"], name="first").start(),
        ("Hint 1 of 3",),
        "Hint 1 of 3: ",
        folder="L00-welcome",
    ),
    "exercise-done": Shot(
        'from grader import checks\nchecks.all_of("L00-first-container")',
        "You can now",
        lambda client: client.containers.create("course/busybox", ["echo", "the shop is ready"], name="first").start(),
        folder="L00-welcome",
    ),
    "predict": Shot(
        'from course.lesson import predict\npredict("L01-what-runs")',
        "Not answered yet",
    ),
    "explain": Shot(
        'from course.lesson import explain, predict\npredict("L01-what-runs", answer="A")\nexplain("L01-what-runs")',
        "The answer",
    ),
    "progress-map": Shot(
        "from course import progress\n"
        'progress.record_opened("L00"); progress.record_check("L00-first-container", 2, 2)\n'
        'progress.record_opened("L01"); progress.record_check("L01-stay-up", 1, 3)\n'
        "from course.widgets import progress_map\nprogress_map()",
        "← next",
        folder="L00-welcome",
    ),
}


def take(front: FrontEnd, shot: Shot, name: str, workspace: Path) -> None:
    """Run the cell, use the picture, and keep it in both themes."""
    book = new_notebook(cells=[new_code_cell(shot.code)])
    book.metadata.kernelspec = {"name": "slipway", "display_name": "Docker course", "language": "python"}
    path = workspace / shot.folder / f"{name}.ipynb"
    nbformat.write(book, path)
    front.open(str(path.relative_to(workspace)))
    picture = run_cell(front.page, 0).locator(".slipway").last
    expect(picture).to_contain_text(shot.shows, timeout=PATIENCE)
    for button in shot.use:
        picture.get_by_role("button", name=button, exact=True).press("Enter")
    expect(picture).to_contain_text(shot.then, timeout=PATIENCE)
    picture.evaluate("root => { root.focus(); root.style.width = 'fit-content'; root.style.minWidth = '760px'; }")
    for theme in reversed(THEMES):
        choose_theme(front.page, theme)
        keep(picture, f"{name}-{theme.split()[-1].lower()}")
    front.end_kernels()


AS_WEBP = """async png => {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", 0.85).split(",")[1];
}"""


def keep(picture: Locator, name: str) -> None:
    """Write the file, if it is small."""
    png = base64.b64encode(picture.screenshot()).decode()
    image = base64.b64decode(picture.page.evaluate(AS_WEBP, png))
    if len(image) > MOST_BYTES:
        raise ValueError(f"{name} has {len(image)} bytes, more than {MOST_BYTES}: show less in it")
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.webp").write_bytes(image)
    print(f"✓ {name}.webp, {len(image) // 1000} kB", flush=True)


def main(names: list[str]) -> None:
    """Take the pictures with these names; without names all."""
    from course.gateway import Client, attach
    from course.lesson.belongings import holdings, remove

    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as home, sync_playwright() as playwright:
        os.environ |= {"SLIPWAY_STATE_DIR": f"{home}/state", "SLIPWAY_RUNTIME_DIR": f"{home}/run"}
        workspace = Path(home) / "learner"
        workspace.mkdir()
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        lab = [sys.executable, "-m", "course.cli", "lab", "--no-browser", "--port={port}", f"--workspace={workspace}"]
        with (
            attach(workspace) as lease,
            closing(docker.DockerClient(lease.session.url, timeout=120)) as client,
            served(workspace, lab) as url,
        ):
            for name in names or PICTURES:
                shot = PICTURES[name]
                shot.prepare(client)
                page = browser.new_page(viewport={"width": 1500, "height": 1300})
                take(FrontEnd("lab", url, page), shot, name, workspace)
                page.close()
                remove(client, list(holdings(client)))
        browser.close()
        Client.stop_running()


if __name__ == "__main__":
    main(sys.argv[1:])
