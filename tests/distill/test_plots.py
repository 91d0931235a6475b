"""Figures of results that are at the edge of what can be drawn."""

import pytest

pytest.importorskip("trl", reason="needs the extra 'trl'")
pytest.importorskip("matplotlib", reason="needs the extra 'plots'")

from harness.certainty import Interval
from harness.experiment import NO_FILTER
from harness.plots import plot_outcomes
from harness.results import UNTRAINED, Outcome


def test_an_accuracy_of_one_whose_bounds_are_rounded_is_drawn(tmp_path):
    around_one = Interval(1.0, low=1.0000000000000002, high=0.9999999999999999)
    some = [
        Outcome(name, NO_FILTER, accuracy, [accuracy.mean], None, 1, 8, 1.0, 9.0, 72, 0.0, {}, [])
        for name, accuracy in [(UNTRAINED, Interval(0.2, 0.1, 0.3)), ("teacher stepwise", around_one)]
    ]
    plot_outcomes(some, tmp_path / "accuracies.svg")
    assert "teacher stepwise" in (tmp_path / "accuracies.svg").read_text()
