"""What grading costs: stock nbgrader, Slipway's examiners, and the floor, in one interleaved run. Prints ratios.

    python tests/benchmarks/grading.py                       # 24 submissions of L03, whole notebooks
    python tests/benchmarks/grading.py --submissions 6 --slices 2 --trimmed       # a rough run, about 3 minutes
    python tests/benchmarks/grading.py --pinned --submissions 12 --slices 3       # one engine against two, a core each

All three grade the same mixed submissions, slice by slice, each slice in another order; whoever does not run waits.

- stock: `nbgrader autograde`, one process, one submission after another, on the machine's engine.
- ours: `--workers` examiners at once on one grading engine, as `grader grade` starts them on one machine.
- floor: the cells of the learner and of the checks, run by bare `exec` in a forked Python, on a bare engine without
  gateway, notebook, kernel or sandbox; `--floor-workers` at once, each with a plain engine of its own, because without
  sessions two submissions have containers of the same names.

The last line is `stock_ratio X floor_ratio Y`: X is stock's time over ours, Y is ours over the floor's.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from stock import Stock, lay_out
from submissions import Submission, honest

from course.engine import Daemon, find
from course.manifest import load
from grader.classroom.cluster import fitting_workers
from grader.examine.engine import GradingEngine
from grader.examine.examiner import Examiner
from grader.examine.job import Job
from grader.examine.reading import read_submitted
from grader.examine.source import read_source

NAMES = ("course/busybox", "course/python", "course/node", "course/registry")
KINDS = ("stock", "ours", "floor")
START_SECONDS = 300.0


class Worker:
    """A process of this program that grades what it is told, one submission after another."""

    def __init__(self, kind: str, folder: Path, core: int | None = None, engine: str = "") -> None:
        pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]  # and with it all that it starts
        self._process = subprocess.Popen(
            [*pinned, sys.executable, __file__, "--serve", kind, "--folder", str(folder), "--engine", engine],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask("ready?")

    def ask(self, line: str) -> Any:
        """Say a line, and wait for the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        while not (said := self._process.stdout.readline()).startswith("= "):
            if not said:
                raise RuntimeError(f"a worker ended at {line!r}")
        return json.loads(said[2:])

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(120)


def timed(workers: Sequence[Worker], names: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Have workers grade submissions; the seconds until the last one is done and cleared away, and the points."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)
    points: dict[str, float] = {}

    def work(worker: Worker) -> None:
        with suppress(queue.Empty):
            while True:
                name = waiting.get_nowait()
                points[name] = worker.ask(name)
        worker.ask("settle")

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, points


def main(options: argparse.Namespace) -> None:
    """Measure and print."""
    made = honest(load().lesson(options.lesson), options.submissions, whole=not options.trimmed)
    slices = [list(range(len(made)))[number :: options.slices] for number in range(options.slices)]
    with tempfile.TemporaryDirectory(prefix="swb", dir="/tmp") as folder, ExitStack() as stack:
        root = Path(folder)
        os.environ |= {"SLIPWAY_STATE_DIR": f"{folder}/s", "SLIPWAY_RUNTIME_DIR": f"{folder}/r"}
        _write(root, made)
        numbers = {"stock": 1, "ours": options.workers, "floor": options.floor_workers}
        workers: dict[str, list[Worker]] = {}
        engine = stack.enter_context(GradingEngine())
        for kind in KINDS:
            began = time.perf_counter()
            workers[kind] = [Worker(kind, root, engine=engine.url) for _ in range(numbers[kind])]
            for worker in workers[kind]:
                stack.callback(worker.close)
            print(f"{kind}: {numbers[kind]} at once, ready in {time.perf_counter() - began:.1f} s", flush=True)
        seconds, points = dict.fromkeys(KINDS, 0.0), {kind: dict[str, float]() for kind in KINDS}
        for turn, part in enumerate(slices):
            for kind in (KINDS[turn % 3 :] + KINDS[: turn % 3])[:3]:
                took, given = timed(workers[kind], [str(number) for number in part])
                seconds[kind] += took
                points[kind] |= given
                print(f"slice {turn + 1}: {kind} {took:.1f} s for {len(part)}", flush=True)
    for kind in KINDS:
        rate = 60 * len(made) / seconds[kind]
        print(
            f"{kind:6} {seconds[kind]:7.1f} s  {rate:5.1f} submissions a minute  {sum(points[kind].values()):g} points"
        )
    differing = [key for key in points["stock"] if points["stock"][key] != points["ours"].get(key)]
    print(f"submissions with other points than stock: {len(differing)}")
    print(f"stock_ratio {seconds['stock'] / seconds['ours']:.2f} floor_ratio {seconds['ours'] / seconds['floor']:.2f}")


def pinned(options: argparse.Namespace) -> None:
    """Measure one examiner with its engine on one core against two, each with an engine on a core of its own."""
    made = honest(load().lesson(options.lesson), options.submissions, whole=not options.trimmed)
    seconds = {1: 0.0, 2: 0.0}
    with tempfile.TemporaryDirectory(prefix="swb", dir="/tmp") as folder, ExitStack() as stack:
        root = Path(folder)
        os.environ |= {"SLIPWAY_STATE_DIR": f"{folder}/s", "SLIPWAY_RUNTIME_DIR": f"{folder}/r"}
        _write(root, made)
        workers = [Worker("ours", root, core) for core in sorted(os.sched_getaffinity(0))[:2]]
        for worker in workers:
            stack.callback(worker.close)
        for turn in range(options.slices):
            names = [str(number) for number in range(turn, len(made), options.slices)]
            for many in (1, 2) if turn % 2 else (2, 1):
                took, _points = timed(workers[:many], names)
                seconds[many] += took
                print(f"slice {turn + 1}: {many} at once {took:.1f} s for {len(names)}", flush=True)
    print(f"two engines on two cores: {seconds[1] / seconds[2]:.2f} times the submissions of one on one core")


def _write(root: Path, made: Sequence[Submission]) -> None:
    lay_out(root / "stock", made)
    (root / "jobs").mkdir()
    for number, one in enumerate(made):
        (root / "jobs" / f"{number}.json").write_bytes(one.job(root / "written" / str(number)).to_json())


# ---- what a worker does


def serve(kind: str, folder: Path, engine: str) -> None:
    """Answer lines: the number of a submission with its points, anything else with 0."""
    with ExitStack() as stack:
        grade, settle = {"stock": _stock, "ours": partial(_ours, engine), "floor": _floor}[kind](stack, folder)
        for line in sys.stdin:
            name = line.strip()
            said = 0.0
            if name.isdigit():
                said = grade(Job.from_json((folder / "jobs" / f"{name}.json").read_bytes()))
            elif name == "settle":
                settle()
            print(f"= {json.dumps(said)}", flush=True)


Serving = tuple[Callable[[Job], float], Callable[[], None]]


def _stock(stack: ExitStack, folder: Path) -> Serving:
    stock = Stock(folder / "stock")
    with redirect_stdout(sys.stderr):
        for source in (folder / "stock/source").iterdir():
            stock.release(source.name)

    def grade(job: Job) -> float:
        with redirect_stdout(sys.stderr):
            return sum((stock.autograde(job.lesson, job.student) or {}).values())

    return grade, lambda: None


def _ours(engine: str, stack: ExitStack, folder: Path) -> Serving:
    examiner = stack.enter_context(Examiner(engine or None))
    return lambda job: examiner.examine(job).points, examiner.settle


def _floor(stack: ExitStack, folder: Path) -> Serving:
    import docker

    home = stack.enter_context(tempfile.TemporaryDirectory(prefix="swf", dir="/tmp"))
    daemon = Daemon(Path(home) / "e", f"f{os.getpid() % 100_000}")
    stack.callback(daemon.remove)
    daemon.start()
    client = stack.enter_context(closing(daemon.client()))
    with closing(docker.DockerClient(base_url=find(local_only=True).url)) as machine:
        for name in NAMES:
            client.images.load(machine.images.get(name).save(named=True))
    bases = {image["Id"] for image in client.api.images()}

    def grade(job: Job) -> float:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            with suppress(BaseException):
                os.write(writing, json.dumps(_run_bare(job, daemon.url)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as said:
            points = json.loads(said.read() or "0")
        os.waitpid(child, 0)
        _clear(client, bases)
        return float(points)

    return grade, lambda: None


def _run_bare(job: Job, url: str) -> float:
    """Run the code cells of a submission by `exec`, the graded ones with the checks library; its points."""
    from grader.checks.bench import Bench, use
    from grader.checks.questions.values import plain_json
    from grader.checks.result import Verdict

    os.environ |= {"DOCKER_HOST": url, "SLIPWAY_SESSION": "f" * 12, "SLIPWAY_LEARNER": job.student}
    os.environ["SLIPWAY_EXAMINER"] = "1"
    source = {cell.grade_id: cell for cell in read_source(job.source[job.notebook]).graded}
    space: dict[str, Any] = {"__name__": "__main__"}
    taken: list[Verdict] = []

    class Space:
        def fetch(self, name: str) -> bytes | None:
            return plain_json(space[name]) if space.get(name) is not None else None

        def take(self, verdict: Verdict) -> None:
            taken.append(verdict)

    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        for path, content in job.submitted.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_bytes(content)
        os.chdir(folder)
        bench = Bench(values=Space(), sink=Space(), records_progress=False)
        for cell in read_submitted(job.submitted[job.notebook])[0]:
            text = source[cell.grade_id].source if cell.grade_id in source else cell.source
            if cell.kind != "code" or text.startswith("reset("):
                continue
            with suppress(Exception), use(bench):
                exec(compile(text, "cell", "exec"), space)
    return sum(verdict.earned for verdict in taken)


def _clear(client: Any, bases: set[str]) -> None:
    for container in client.containers.list(all=True):
        container.remove(force=True, v=True)
    for _ in range(3):
        for image in client.api.images(all=False):
            if image["Id"] not in bases:
                with suppress(Exception):
                    client.images.remove(image["Id"], force=True)
    client.networks.prune()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--submissions", type=int, default=24)
    parser.add_argument("--slices", type=int, default=4, help="how often the three take turns")
    parser.add_argument("--workers", type=int, default=fitting_workers())
    parser.add_argument("--floor-workers", type=int, default=2 * (os.cpu_count() or 2))
    parser.add_argument("--lesson", default="L03")
    parser.add_argument("--trimmed", action="store_true", help="without the demonstrations that no exercise needs")
    parser.add_argument("--pinned", action="store_true", help="one engine against two, each limited to a core")
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    serve(given.serve, given.folder, given.engine) if given.serve else pinned(given) if given.pinned else main(given)
