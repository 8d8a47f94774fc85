"""What the benchmarks make of their times: medians, ratios, verdicts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from workspace.operate.bench import load, report
from workspace.operate.bench.report import Figure, Goal, at_least, at_most


def test_the_median_of_the_ratios_counts() -> None:
    """Not the ratio of the medians: a slow moment slows both sides of its own repeat."""
    pairs = [(10.0, 10.0), (40.0, 20.0), (20.0, 40.0)]
    repeats = [[dataclasses.asdict(Figure("x", "/s", *pair, at_least(0.9, ratio=True)))] for pair in pairs]
    (found,) = report.medians(repeats)
    assert (found.ours, found.reference, found.ratio, found.reached) == (20, 20, 1, True)


@pytest.mark.parametrize(
    "goal, reached",
    [
        (None, True),
        (at_most(30), True),
        (at_most(29), False),
        (at_least(30), True),
        (at_most(1.5, ratio=True), True),
        (at_most(1.4, ratio=True), False),
        (at_least(1.6, ratio=True), False),
    ],
)
def test_a_goal_is_for_the_figure_or_for_its_ratio(goal: Goal | None, reached: bool) -> None:
    assert Figure("x", "ms", 30, 20, goal, 1.5).reached is reached


def test_a_ratio_that_was_not_measured_reaches_nothing() -> None:
    assert not Figure("x", "ms", 30, None, at_most(2, ratio=True)).reached


def test_a_figure_survives_the_way_from_another_process() -> None:
    for figure in (Figure("x", "ms", 3, 2, at_most(4)), Figure("y", "/s", 1)):
        assert report.parse(dataclasses.asdict(figure)) == figure


def test_percentiles_are_measured_values() -> None:
    times = [float(n) for n in range(100, 0, -1)]
    assert (load.percentile(times, 0.5), load.percentile(times, 0.99), load.percentile([7.0], 0.99)) == (51, 100, 7)


def test_a_page_of_figures_keeps_the_sections_of_others(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    report.write({"pull": [Figure("soon", "ms", 3)], "post": [Figure("many", "/s", 4)]}, page)
    report.write({"post": [Figure("more", "/s", 5)]}, page)
    text = page.read_text()
    assert "| soon | 3 ms |" in text and "| more | 5 /s |" in text and "many" not in text
