"""The charts of the page as SVG without a script: altair describes them, vl-convert draws them, offline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair
import vl_convert

from grader.examine.examination import Outcome

WIDTH = 480
TICKS = 5
# distinguishable without colour: the order in a bar is that of the table, and each part has its name beside it
COLOURS = {
    Outcome.PASSED: "#1b7837",
    Outcome.PARTLY: "#7fbf7b",
    Outcome.NOT_ATTEMPTED: "#bdbdbd",
    Outcome.FAILED: "#b2182b",
    Outcome.BUILD_FAILED: "#d6604d",
    Outcome.TIMED_OUT: "#f4a582",
    Outcome.OUT_OF_MEMORY: "#fddbc7",
    Outcome.KERNEL_DIED: "#67001f",
    Outcome.REFUSED: "#762a83",
    Outcome.COULD_NOT_CHECK: "#2166ac",
}


def distribution_chart(rows: Sequence[tuple[str, int]]) -> str:
    """Bars of learners by points.

    Args:
        rows: as `counting.distribution` gives them.
    """
    data = [{"points": band, "learners": number} for band, number in rows]
    bars = altair.Chart(altair.Data(values=data)).mark_bar(color="#2166ac")
    encoded = bars.encode(
        x=altair.X("points:N", sort=[band for band, _ in rows], title="points", axis=altair.Axis(labelAngle=-40)),
        y=altair.Y("learners:Q", title="learners", axis=_whole(max(number for _, number in rows))),
    )
    return _svg(encoded.properties(width=WIDTH, height=180))


def outcomes_chart(rows: Mapping[str, Counter[Outcome]]) -> str:
    """One bar an exercise, with a part for each outcome.

    Args:
        rows: as `counting.outcomes` gives them.
    """
    seen = [outcome for outcome in COLOURS if any(counts[outcome] for counts in rows.values())]
    data = [
        {"exercise": exercise, "outcome": outcome.words, "learners": counts[outcome], "order": place}
        for exercise, counts in rows.items()
        for place, outcome in enumerate(seen)
        if counts[outcome]
    ]
    most = max((counts.total() for counts in rows.values()), default=1)
    scale = altair.Scale(domain=[one.words for one in seen], range=[COLOURS[one] for one in seen])
    bars = altair.Chart(altair.Data(values=data)).mark_bar(stroke="white", strokeWidth=1)
    encoded = bars.encode(
        y=altair.Y("exercise:N", title=None, axis=altair.Axis(labelLimit=260)),
        x=altair.X("learners:Q", stack="zero", title="learners", axis=_whole(most)),
        color=altair.Color(
            "outcome:N", scale=scale, title="outcome", legend=altair.Legend(symbolType="square", labelLimit=260)
        ),
        order=altair.Order("order:Q"),
    )
    # at the sides there is room for letters that are wider in a browser than in the font that it is laid out in
    return _svg(
        encoded.properties(
            width=WIDTH, height=altair.Step(26), padding={"left": 30, "top": 5, "bottom": 5, "right": 60}
        )
    )


def _whole(most: int) -> altair.Axis:
    """An axis of whole numbers from 0 to `most`, with up to six of them written."""
    step = max(1, -(-most // TICKS))
    return altair.Axis(values=list(range(0, most + step, step)), format="d")


def _svg(chart: Any) -> str:
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return drawn
