"""From an engine's event to the screen: how long until `engine_map` in JupyterLab shows that a container has changed.

    .venv/bin/python tests/benchmarks/event_to_screen.py [ROUNDS]

A real Chromium shows the map of a real session with 1, 20 and 200 containers; one runs, the others are created. The one
that runs is paused and continued ROUNDS times. Both ends are read from one clock, that of this machine: the engine's
`timeNano` of the event, and the wall clock of the browser in a MutationObserver, at the change of that container's card
(a resolution of 1 ms). A gateway of its own allows the session the 200 containers that a learner's may not have.
The bar is half a second.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from front_end import PATIENCE, FrontEnd, run_cell
from notebook_server import FLAGS, chromium_path, served

CONTAINERS = (1, 20, 200)
LIMIT = 500.0
"""Milliseconds from the event to the screen."""
WAIT_SECONDS = 30.0
GATEWAY = """
from dataclasses import replace
from course.gateway.policy import limits
learner = limits.CLASS
limits.POLICIES["class"] = replace(learner, limits=replace(learner.limits, containers=300))
from course.gateway.daemon import main
main()
"""
OBSERVE = """container => {
  const list = document.querySelector("ul[aria-label=Containers]");
  const words = () => list.querySelector(`[data-id="${container}"] .slipway-state`)?.textContent ?? "";
  window.seen = [];
  let last = words();
  new MutationObserver(() => {
    const now = words();
    if (now !== last) { last = now; window.seen.push([now, Date.now()]); }
  }).observe(list, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


class Events:
    """The engine's times of a container's events, from its stream: {(action, number of its kind): milliseconds}."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        self.times: list[float] = []
        self._stream = client.events(decode=True, filters={"container": container})
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for event in self._stream:
            if event.get("Action") in ("pause", "unpause"):
                self.times.append(event["timeNano"] / 1e6)


@contextmanager
def gateway(engine: str) -> Iterator[None]:
    """A gateway whose sessions may have 300 containers, in folders of its own."""
    from course.gateway import Client
    from course.gateway.home import Home

    with tempfile.TemporaryDirectory(prefix="sw-", dir="/tmp") as folder:
        os.environ |= {"SLIPWAY_STATE_DIR": f"{folder}/state", "SLIPWAY_RUNTIME_DIR": f"{folder}/run"}
        process = subprocess.Popen([sys.executable, "-c", GATEWAY, engine])
        control = Home.of(engine).run / "control.sock"
        until(lambda: control.exists(), "the gateway listens")
        try:
            yield
        finally:
            Client.stop_running()
            process.wait(60)


def until(true: Any, what: str) -> None:
    """Wait for something, with a deadline."""
    end = time.monotonic() + WAIT_SECONDS
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {WAIT_SECONDS:.0f} s: {what}")
        time.sleep(0.01)


def fill(client: docker.DockerClient, number: int) -> Any:
    """Have so many containers, the newest of which runs; that one."""
    for one in client.containers.list(filters={"status": "running"}):
        one.remove(force=True)
    for _ in range(number - 1 - len(client.containers.list(all=True))):
        client.containers.create("course/busybox", ["sleep", "3600"])
    return client.containers.run("course/busybox", ["sleep", "3600"], name=f"probe{number}", detach=True)


def measure(page: Page, client: docker.DockerClient, probe: Any, rounds: int) -> list[float]:
    """Milliseconds from each event to the card's change."""
    card = page.locator(f"[data-id='{probe.id}']")
    expect(card).to_contain_text("▶ running", timeout=PATIENCE)
    page.evaluate(OBSERVE, probe.id)
    events = Events(client, probe.id)
    for number in range(1, rounds + 1):
        (probe.pause if number % 2 else probe.unpause)()
        page.wait_for_function("number => window.seen.length >= number", arg=number)
        until(lambda number=number: len(events.times) >= number, "the event")
    if rounds % 2:
        probe.unpause()
    seen = page.evaluate("window.seen.map(([words, at]) => at)")
    return [at - event for event, at in zip(events.times, seen[:rounds], strict=False)]


def main(rounds: int) -> None:
    """Print median and 95th percentile for each number of containers."""
    from course.engine import find
    from course.gateway import attach

    engine = find(local_only=True).url
    with gateway(engine), tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        workspace = Path(name)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        lab = [sys.executable, "-m", "course.cli", "lab", "--no-browser", "--port={port}", f"--workspace={workspace}"]
        with (
            attach(workspace) as lease,
            closing(docker.DockerClient(lease.session.url, timeout=120)) as client,
            served(workspace, lab) as url,
        ):
            for number in CONTAINERS:
                probe = fill(client, number)
                book = new_notebook(cells=[new_code_cell("from course.widgets import engine_map\nengine_map()")])
                book.metadata.kernelspec = {"name": "slipway", "display_name": "Docker course", "language": "python"}
                nbformat.write(book, workspace / f"map{number}.ipynb")
                page = browser.new_page(viewport={"width": 1400, "height": 1000})
                front = FrontEnd("lab", url, page)
                front.open(f"map{number}.ipynb")
                run_cell(page, 0)
                taken = measure(page, client, probe, rounds)
                front.end_kernels()
                page.close()
                report(number, taken)
        browser.close()


def report(number: int, taken: list[float]) -> None:
    """One line for a number of containers."""
    taken.sort()
    high = taken[min(len(taken) - 1, round(0.95 * len(taken)))]
    verdict = "met" if high <= LIMIT else "NOT met"
    words = f"{number:>3} containers  median {statistics.median(taken):.0f} ms  95th percentile {high:.0f} ms"
    print(f"{words}  of {len(taken)} events  (bar {LIMIT:.0f} ms: {verdict})", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
