"""Configuration files: what they may say, and what an error tells."""

from pathlib import Path

import pytest
from harness.experiment import NO_FILTER, read_experiment

EXPERIMENTS = Path(__file__).parents[2] / "examples" / "distill" / "experiments"
NEEDED = 'student = "s"\ncandidates = "c"\nquestions = "q"\nanswer = "boxed"\n'


@pytest.fixture
def written(tmp_path):
    def write(text, name="mine.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", ["teachers", "responses", "windows", "reduced"])
def test_experiments_that_come_along_can_be_read(name):
    experiment = read_experiment(EXPERIMENTS / f"{name}.toml")
    assert experiment.name == name and experiment.training["max_steps"] > 0
    assert experiment.teacher_seeds or experiment.selections


def test_the_main_rows_have_three_seeds():
    experiment = read_experiment(EXPERIMENTS / "responses.toml")
    seeds = {one.name: one.seeds for one in experiment.selections}
    main = ["local", "global", "by step", "rank-surprisal ratio", "random", "random, teacher shares of local"]
    assert [seeds[name] for name in main] == [3] * 6 and experiment.teacher_seeds == 3
    assert experiment.filters == (NO_FILTER, "is_correct")


def test_a_file_overrides_its_base_and_the_caller_both(written):
    base = NEEDED + "teacher_seeds = 2\nwindows = [1]\n[training]\nmax_steps = 9\nwarmup_steps = 1"
    written(base, "base.toml")
    own = 'base = "base.toml"\nwindows = [0, "all"]\n[training]\nmax_steps = 3'
    experiment = read_experiment(written(own), student="other", questions=None)
    assert (experiment.teacher_seeds, experiment.windows) == (2, (0, "all"))
    assert experiment.training == {"max_steps": 3, "warmup_steps": 1}
    assert (experiment.student, experiment.questions, experiment.name) == ("other", "q", "mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NEEDED + "window = 4", r"mine.toml: unknown keys \['window'\]; an experiment has .*'windows'"),
        (NEEDED + "[[selections]]\nname = 'a'\nbest = 1", r"unknown keys \['best'\]; a selection has"),
        ('answer = "boxed"', "an experiment lacks keys: .*student"),
        (NEEDED.replace("boxed", "box"), "`answer` must be one of .*'boxed'.*, got 'box'"),
        (NEEDED + "[[selections]]\nname = 'a'\nmatch = 'b'", r"`match` names no selection: \['b'\]"),
        (NEEDED + "[[selections]]\nname = 'a'\n[[selections]]\nname = 'a'", r"found twice: \['a'\]"),
        (NEEDED + "windows = 4", "`windows` must be a list that is not empty, got 4"),
        (NEEDED + "filters = 'is_correct'", "`filters` must be a list"),
        (NEEDED + "reference = 'b'", "`reference` names no selection: 'b'"),
    ],
)
def test_errors_say_what_is_wrong(written, text, message):
    with pytest.raises(ValueError, match=message):
        read_experiment(written(text))
