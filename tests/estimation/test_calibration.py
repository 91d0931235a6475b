"""Measuring the speed takes about as long as it was given, whatever the rows and the machine."""

from types import SimpleNamespace

import numpy as np
import pytest

from local_naturalness import Student
from local_naturalness.embedded import student_path
from local_naturalness.engine.packing import Window
from local_naturalness.engine.paths import UNLIMITED, USUAL, Paths
from local_naturalness.estimation import calibration
from local_naturalness.estimation.calibration import measured_speed
from local_naturalness.estimation.work import Work

SECONDS = 5.0


class Machine:
    """An engine that takes its time on a clock of its own."""

    max_tokens = 8_192

    def __init__(self, paths, cost, tokens_per_second):
        self.paths = paths
        self.speed = cost.operations(1_000, 0, 1_000) / 1_000 * tokens_per_second
        self._cost = cost
        self.clock = 0.0
        self.sizes = []

    def score(self, windows):
        assert all(len(window.prompt) and len(window.scored) for window in windows)
        work = Work()
        work.add_windows(windows, self.max_tokens, self.paths)
        self.sizes.append(sum(map(len, windows)))
        self.clock += work.operations(self._cost) / self.speed


@pytest.fixture(scope="module")
def cost():
    return Student(student_path()).cost


@pytest.mark.parametrize("tokens_per_second", [2, 100, 100_000])
@pytest.mark.parametrize(("num_windows", "length"), [(24, 30), (20_000, 30), (1, 5), (24, 100_000)])
@pytest.mark.parametrize("paths", [USUAL, Paths(padded=UNLIMITED), Paths()])
def test_it_costs_at_most_ten_times_what_it_promises(
    paths, num_windows, length, tokens_per_second, cost, monkeypatch
):
    machine = Machine(paths, cost, tokens_per_second)
    monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: machine.clock))
    window = Window(np.arange(10), np.arange(length), length // 2)
    speed, tokens, _ = measured_speed(machine, [window] * num_windows, cost, SECONDS)
    assert speed == pytest.approx(machine.speed) and 64 <= tokens <= machine.max_tokens
    assert machine.clock <= 10 * SECONDS
    assert machine.sizes[0] <= 64 + 2 and max(machine.sizes) <= machine.max_tokens
    # Twice as much each time, so that what comes last is within a few times of what was measured before.
    assert all(
        later <= 2 * earlier + 32 for earlier, later in zip(machine.sizes, machine.sizes[1:], strict=False)
    )


def test_a_fast_machine_is_measured_at_full_size(cost, monkeypatch):
    machine = Machine(USUAL, cost, 100_000)
    monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: machine.clock))
    speed = measured_speed(machine, [Window(np.arange(10), np.arange(30), 15)] * 24, cost, SECONDS)
    assert speed.pass_tokens == machine.max_tokens
    assert machine.sizes[-1] > machine.max_tokens - 16


def test_the_first_pass_is_not_timed_and_the_size_of_the_last_is_told(cost, monkeypatch):
    """A machine that takes 100 s to begin, and 1 s for each pass of any size."""
    machine = Machine(USUAL, cost, 100_000)
    score = machine.score

    def slow(windows):
        score(windows)
        machine.clock += 1.0 if len(machine.sizes) > 1 else 100.0

    machine.score = slow
    monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: machine.clock))
    speed = measured_speed(machine, [Window(np.arange(10), np.arange(30), 15)] * 24, cost, SECONDS)
    assert speed.pass_tokens in (64 * 2**4, 64 * 2**5) and len(machine.sizes) > 4


@pytest.mark.parametrize("tokens_per_second", [20, 100, 1_000])
@pytest.mark.parametrize("seconds_a_pass", [0.0, 1.0])
def test_the_time_that_is_named_for_full_passes_is_enough(
    seconds_a_pass, tokens_per_second, cost, monkeypatch
):
    def measured(seconds):
        machine = Machine(USUAL, cost, tokens_per_second)
        score = machine.score

        def slow(windows):
            score(windows)
            machine.clock += seconds_a_pass

        machine.score = slow
        monkeypatch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: machine.clock))
        return measured_speed(machine, [Window(np.arange(10), np.arange(30), 15)] * 24, cost, seconds)

    first = measured(SECONDS)
    assert first.pass_tokens < Machine.max_tokens
    enough = first.seconds_for(Machine.max_tokens)
    assert SECONDS < enough <= 1000 * SECONDS
    assert measured(enough).pass_tokens == Machine.max_tokens
