"""Each command does on files what the function of the same name does on datasets."""

import inspect
import json
import re

import pytest
from datasets import Dataset, load_dataset

from local_naturalness import (
    GlobalScorer,
    LocalScorer,
    cli,
    compare_criteria,
    rank_teachers,
    select_responses,
)
from local_naturalness.cli import compare, main, score, scoring_options, select, teachers
from local_naturalness.cli.tables import read_table
from local_naturalness.embedded import student_path


def read(folder):
    return load_dataset("parquet", data_files=str(folder / "*.parquet"), split="train")


def test_score_writes_what_the_scorer_returns(candidates, scored):
    expected = read_table(str(candidates)).map(LocalScorer(student_path()), batched=True)
    assert read(scored).to_list() == expected.to_list()
    assert [path.name for path in scored.glob("*.parquet")] == ["scored.parquet"]


def test_settings_reach_the_scorers(candidates, scored, tmp_path):
    words = ["score", str(candidates), "--student", student_path(), "--output", str(tmp_path / "local")]
    local = ["--window", "0.25", "--weighting", "token", "--return-steps", "--suffix", "_w"]
    assert main([*words, *local, "--splitter", "line"]) == 0
    row = read(tmp_path / "local")[0]
    assert "window=0.25; weighting=token; splitter=line" in row["local_naturalness_spec_w"]
    assert len(row["step_scores_w"]) == row["num_steps_w"] == 1
    words = ["score", str(scored), "--student", student_path(), "--output", str(tmp_path / "global")]
    assert main([*words, "--scorer", "global", "--statistics", "rank", "steps"]) == 0
    row = read(tmp_path / "global")[0]
    assert row["global_naturalness_by_step"] == pytest.approx(row["local_naturalness"], abs=1e-5)
    assert row["rank_surprisal_ratio"] > 0


@pytest.mark.parametrize(("text", "window"), [("0", 0), ("4", 4), ("0.25", 0.25), ("all", None)])
def test_windows_are_counts_shares_or_all(text, window):
    assert scoring_options._window(text) == window


def test_select_and_teachers(scored, tmp_path, capsys):
    assert main(["teachers", str(scored), "--num-bootstrap", "50"]) == 0
    assert str(rank_teachers(read(scored), num_bootstrap=50)) in capsys.readouterr().out
    assert main(["select", str(scored), "--output", str(tmp_path)]) == 0
    assert read(tmp_path).to_list() == select_responses(read(scored)).to_list()


def test_select_with_a_filter_weights_and_rejects(scored, tmp_path):
    by = ["--by", "local_naturalness=2", "num_tokens=0.5", "--direction", "low"]
    output = tmp_path / "best"
    words = ["select", str(scored), "--output", str(output), "--where", "ok", "--k", "all"]
    assert main([*words, "--return-rejected"]) == 0
    assert read(output)["teacher"] == ["long", "long"]
    # Beside the folder, not in it: a reader of the folder must not get rejected rows.
    assert set(read(tmp_path / "best-rejected")["rejection_reason"]) == {"where", "null_score"}
    words[3] = f"{tmp_path}/new/."  # has no name of its own
    (tmp_path / "new").mkdir()
    assert main([*words, "--return-rejected"]) == 0
    assert set(read(tmp_path / "new-rejected")["rejection_reason"]) == {"where", "null_score"}
    assert select._criterion(by[1:3]) == {"local_naturalness": 2.0, "num_tokens": 0.5}


def test_rejects_of_the_folder_that_one_is_in(scored, tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main(["select", str(scored), "--output", ".", "--return-rejected"]) == 0
    assert set(read(tmp_path / "here-rejected").column_names) > {"rejection_reason"}


def test_compare(scored, capsys):
    words = ["compare", str(scored), "--criteria", "local_naturalness", "random"]
    assert main([*words, "--outcomes", "long=0.5", "short=0.25"]) == 0
    expected = compare_criteria(
        read(scored), ["local_naturalness", "random"], outcomes={"long": 0.5, "short": 0.25}
    )
    assert str(expected) in capsys.readouterr().out
    assert main([*words, "--outcomes", "long"]) == 2
    assert "TEACHER=ACCURACY" in capsys.readouterr().err


def as_typed(text):
    """What the result advises in Python, as an option of the command."""
    return text.replace("`where=...`", "`--where`")


@pytest.mark.parametrize("command", ["teachers", "compare"])
def test_formats(command, scored, tmp_path, capsys):
    words = [command, str(scored), "--where", "num_tokens > 1", "--correct", "ok"]
    function = {"teachers": rank_teachers, "compare": compare_criteria}[command]
    expected = function(read(scored), where="num_tokens > 1", correct="ok")
    for kind, ending in [("text", "txt"), ("csv", "csv"), ("json", "json"), ("markdown", "md")]:
        assert main([*words, "--format", kind]) == 0
        printed = capsys.readouterr().out
        assert main([*words, "--output", str(tmp_path / f"table.{ending}")]) == 0
        assert (tmp_path / f"table.{ending}").read_text() == printed
        assert capsys.readouterr().out == ""
        if kind == "json":
            assert json.loads(printed) == json.loads(as_typed(json.dumps(expected.to_dict())))
        elif kind == "csv":
            assert printed.splitlines()[0].split(",") == list(expected.to_pandas())
        else:
            text = str(expected) if kind == "text" else expected.to_markdown()
            assert printed.strip() == as_typed(text)
    assert "accuracy" in printed


@pytest.mark.parametrize("width", [50, 80, 140])
def test_lines_are_no_wider_than_the_terminal(width, scored, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    for command in (["teachers"], ["compare", "--outcomes", "long=0.5", "short=0.2"]):
        assert main([*command[:1], str(scored), *command[1:]]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= width


def test_benchmark_compares_exact_contenders(capsys, monkeypatch):
    from local_naturalness.benchmark import workload

    monkeypatch.setitem(workload.SHAPE, "num_hidden_layers", 1)
    monkeypatch.setitem(workload.SHAPE, "vocab_size", 500)
    words = ["benchmark", "--prompt-tokens", "20", "--trace-tokens", "60", "--repeats", "1", "--json"]
    assert main(words) == 0
    report = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in report["contenders"]][:3] == ["ours", "plain loop", "padded batches"]
    assert max(c["largest_difference"] for c in report["contenders"]) < 1e-5
    assert report["ratios"]["ours"] == 1
    assert report["path"] == "packed"


def test_benchmark_of_a_hybrid(capsys, monkeypatch):
    from local_naturalness.benchmark import workload

    hybrid = {"num_hidden_layers": 2, "layer_types": ["conv", "full_attention"], "vocab_size": 500}
    monkeypatch.setitem(workload.ARCHITECTURES, "lfm2", hybrid)
    words = ["benchmark", "--architecture", "lfm2", "--prompt-tokens", "90", "--trace-tokens", "200"]
    assert main([*words, "--repeats", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == "cached"
    assert max(c["largest_difference"] for c in report["contenders"]) < 1e-5
    assert main(["benchmark", "--architecture", "lfm3000"]) == 2
    assert "--architecture must be one of qwen2, qwen3_5_text" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "json", "parquet", "saved", "folder"])
def test_every_kind_of_table_is_read(kind, tmp_path):
    dataset = Dataset.from_dict({"prompt": ["a", "b"], "teacher": ["t", "u"]})
    path = tmp_path / f"rows.{kind}"
    if kind in ("saved", "folder"):
        path.mkdir()
    write = {
        "csv": dataset.to_csv,
        "json": dataset.to_json,
        "parquet": dataset.to_parquet,
        "saved": dataset.save_to_disk,
        "folder": lambda folder: dataset.to_parquet(folder / "part.parquet"),
    }
    write[kind](path)
    assert read_table(str(path)).to_list() == dataset.to_list()


@pytest.mark.parametrize(
    ("command", "function", "not_offered"),
    [
        # A table of settings for `Student` stands in for `student`; `store` is `--output`.
        (score, LocalScorer, {"student", "store"}),
        (score, GlobalScorer, {"student", "store"}),
        (select, select_responses, {"dataset"}),
        (teachers, rank_teachers, {"dataset"}),
        (compare, compare_criteria, {"dataset"}),
    ],
)
def test_options_carry_the_names_of_the_arguments(command, function, not_offered):
    import argparse

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    offered = {action.dest for action in parser._actions}
    assert set(inspect.signature(function).parameters) - not_offered <= offered


def test_estimate(candidates, capsys):
    words = ["estimate", str(candidates), "--student", student_path()]
    assert main([*words, "--calibrate", "0"]) == 0
    text = capsys.readouterr().out
    rows = len(read_table(str(candidates), "train"))
    assert f"From {rows} of {rows} rows:" in text
    assert "time" not in text
    assert main([*words, "--calibrate", "0.01", "--window", "0", "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["seconds"] > 0
    assert numbers["sampled_rows"] == sum(numbers["rows"].values()) == rows


def test_a_budget_for_gpus_that_are_not_here(candidates, capsys):
    words = ["estimate", str(candidates), "--student", student_path(), "--num-gpus", "64"]
    assert main([*words, "--gpu", "h100", "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["seconds"] is None  # no weights were loaded
    assert numbers["gpus"]["hours"] * 3600 == pytest.approx(numbers["operations"] / (64 * 0.4 * 989e12))
    assert main([*words, "--gpu-tflops", "1e-9"]) == 0
    text = capsys.readouterr().out
    hours = numbers["gpus"]["hours"] * 989 / 1e-9
    assert f"budget      {hours:,.1f} h on 64 x GPU, if they reach 40% of 1e-09 Tflop/s" in text
    assert "The share is assumed. Small models reach less" in text
    assert main(words) == 2
    assert "--num-gpus needs --gpu or --gpu-tflops. Known are a10, a100" in capsys.readouterr().err


def test_a_calibration_that_was_too_short_names_one_that_is_not(candidates, capsys):
    assert main(["estimate", str(candidates), "--student", student_path(), "--calibrate", "0.001"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    advice = re.search(r"Pass `--calibrate (\d+)`, in seconds, to time full passes too\.", text)
    assert advice and int(advice[1]) >= 1


@pytest.mark.parametrize("seconds", ["-3", "nan", "soon"])
def test_time_to_calibrate_that_cannot_be(candidates, capsys, seconds):
    with pytest.raises(SystemExit):
        main(["estimate", str(candidates), "--student", student_path(), "--calibrate", seconds])
    assert "argument --calibrate" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out[1]", "out#1", "out?"])
def test_names_of_output_folders_are_no_patterns(name, candidates, tmp_path, capsys):
    for other in ("out1", "outx"):
        (tmp_path / other).mkdir()
    output = tmp_path / name
    assert main(["score", str(candidates), "--student", student_path(), "--output", str(output)]) == 0
    assert [path.name for path in output.glob("*.parquet")] == ["scored.parquet"]
    assert main(["teachers", str(output), "--num-bootstrap", "20"]) == 0
    assert main(["select", str(output), "--output", str(tmp_path / f"best-{name}")]) == 0
    assert len(read_table(str(tmp_path / f"best-{name}"))) == 2


def test_every_option_says_what_it_is_for():
    commands = cli._parsers()[1].items()
    bare = [f"{name} {one.dest}" for name, command in commands for one in command._actions if not one.help]
    assert bare == []
