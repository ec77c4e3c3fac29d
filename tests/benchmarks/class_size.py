"""Time and memory by the size of a class: submissions of L03 through `grader grade`, in growing numbers.

    python tests/benchmarks/class_size.py --sizes 10 50 100 --workers 4

Prints, for each size: seconds, seconds for each submission, the largest memory of a worker, of the run itself, and both
against the smallest size. Time is linear when the seconds for each submission stay the same once the start is paid;
memory is flat when the ratio stays at 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from submissions import write_class

MEBIBYTE = 1024**2
LOOK_SECONDS = 0.5


class Memory(threading.Thread):
    """Watches a process and its workers, and keeps the largest resident size of each kind in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process, self.run_bytes, self.worker_bytes = psutil.Process(pid), 0, 0

    def run(self) -> None:
        """Look until the process has ended."""
        while self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE:
            try:
                self.run_bytes = max(self.run_bytes, self._process.memory_info().rss)
                for child in self._process.children():
                    if "spawn_main" in " ".join(child.cmdline()):
                        self.worker_bytes = max(self.worker_bytes, child.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
            time.sleep(LOOK_SECONDS)


def grader(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a command of `grader`."""
    return subprocess.Popen([sys.executable, "-m", "grader.cli", *arguments], stdout=subprocess.DEVNULL)


def measure(size: int, lesson: str, workers: int) -> tuple[float, int, int]:
    """Grade a class of this size; return seconds, and the largest memory of a worker and of the run in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "class"
        for command in (["init", str(root)], ["release", lesson, "-C", str(root)]):
            assert grader(*command).wait() == 0, command
        write_class(root / "submitted", [lesson], size, whole=False)
        begun = time.monotonic()
        run = grader("grade", lesson, "--workers", str(workers), "-C", str(root), "--json")
        memory = Memory(run.pid)
        memory.start()
        assert run.wait() == 0, f"{size} submissions are not all graded"
        seconds = time.monotonic() - begun
        memory.join()
        return seconds, memory.worker_bytes, memory.run_bytes


def main() -> None:
    """Measure each size and print a line for it."""
    parser = argparse.ArgumentParser(description="Time and memory of `grader grade` by the size of a class.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 100, 500])
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--lesson", default="L03")
    given = parser.parse_args()
    first: tuple[float, int, int] | None = None
    print("size  seconds  each  ratio  worker MiB  ratio  run MiB  ratio")
    for size in given.sizes:
        seconds, worker, run = measure(size, given.lesson, given.workers)
        each = seconds / size
        first = first or (each, worker, run)
        print(
            f"{size:4}  {seconds:7.1f}  {each:4.2f}  {each / first[0]:5.2f}  {worker / MEBIBYTE:10.0f}  "
            f"{worker / first[1]:5.2f}  {run / MEBIBYTE:7.0f}  {run / first[2]:5.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
