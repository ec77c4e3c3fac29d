"""What a submission kernel costs, from nothing to the end of its first cell, cold and warm in turn."""

from __future__ import annotations

import argparse
import statistics
import time

from course import gateway
from grader.examine.job import Budgets
from grader.examine.sandbox import SubmissionKernel
from grader.examine.sandbox.house import House

CELL = "import docker; from course.lesson import setup; docker.from_env(); setup('L01')"


def main(rounds: int) -> None:
    """Measure; the first round of each kind is left out, because the warm parent starts in it."""
    houses = {"cold": House(warm=False), "warm": House()}
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in houses}
    with gateway.session("grading") as session:
        for _ in range(rounds + 1):
            for name, house in houses.items():
                begun = time.monotonic()
                with SubmissionKernel({}, session, Budgets(), "nobody", within=house) as kernel:
                    ready = time.monotonic()
                    assert kernel.run(CELL, 60).status == "ok"
                    ran = time.monotonic()
                took[name].append((ready - begun, ran - ready, time.monotonic() - ran))
    medians = {name: [statistics.median(part) for part in zip(*rows[1:], strict=True)] for name, rows in took.items()}
    print("        ready s  first cell s  end s")
    for name, (ready, first, end) in medians.items():
        print(f"{name:6} {ready:8.3f} {first:13.3f} {end:6.3f}")
    print(f"cold to warm, to the end of the first cell: {sum(medians['cold'][:2]) / sum(medians['warm'][:2]):.2f}")
    for house in houses.values():
        house.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    main(parser.parse_args().rounds)
