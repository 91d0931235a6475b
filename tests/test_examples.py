"""Every example runs as a user starts it, offline, and prints what it promises."""

import re
from pathlib import Path

import pytest
from datasets import load_dataset
from starting import start_script

FOLDER = Path(__file__).parent.parent / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))


@pytest.fixture
def run(tmp_path):
    """Start an example in an empty folder, with empty caches; what it prints."""

    def start(name, *options):
        return start_script(FOLDER / f"{name}.py", *options, folder=tmp_path)

    return start


def test_quickstart(run):
    printed = run("quickstart", "--num-prompts", "2")
    assert "Teachers by local_naturalness (higher is better)" in printed
    assert "Best responses to the first 2 prompts:" in printed
    assert len(re.findall(r"^  +-\d\.\d{3}  \w+ ", printed, re.MULTILINE)) == 2


def test_teacher_selection(run, tmp_path):
    printed = run("teacher_selection", "--num-prompts", "2", "--plot", "teachers.png")
    for criterion in ("local_naturalness", "global_naturalness", "rank_surprisal_ratio"):
        assert f"Teachers by {criterion} (" in printed
    assert "P(best)" in printed and "Warning: " in printed and "Kendall's tau" in printed
    assert (tmp_path / "teachers.png").exists() or "No plot" in printed


def test_curate_and_push(run, tmp_path):
    printed = run("curate_and_push", "--num-prompts", "4", "--output", "out")
    assert "Rejected: {" in printed and "'where'" in printed
    selection, control = (
        load_dataset("parquet", data_files=str(tmp_path / f"out/{name}/{name}.parquet"), split="train")
        for name in ("selection", "control")
    )
    assert len(selection) == len(set(selection["prompt"])) == 4
    assert sorted(selection["teacher"]) == sorted(control["teacher"])
    assert all(selection["is_correct"])


def test_use_as_metric(run):
    printed = run("use_as_metric", "--num-prompts", "2")
    means = dict(re.findall(r"^(\w+) +(-\d\.\d{3})", printed, re.MULTILINE))
    assert len(means) == 6
    assert float(means["stepwise"]) > float(means["terse"])


def test_distill_with_trl(run):
    pytest.importorskip("trl", reason="needs the extra 'trl'")
    printed = run("distill_with_trl", "--num-prompts", "2", "--max-steps", "3")
    before, after = map(float, re.search(r"loss (\S+) before training, (\S+) after", printed).groups())
    assert after < before


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_tells_how_to_start_it(name):
    source = (FOLDER / f"{name}.py").read_text()
    docstring = source.split('"""')[1]
    assert f"python examples/{name}.py" in docstring and "description=__doc__" in source


def test_every_example_is_tested():
    assert {f"test_{name}" for name in EXAMPLES} <= set(globals())
