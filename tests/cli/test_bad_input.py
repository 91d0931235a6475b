"""Bad input ends with exit code 2 and one sentence that says what to change."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import _http

from local_naturalness.cli import main
from local_naturalness.cli.tables import read_table
from local_naturalness.embedded import student_path


def sentence(capsys):
    error = capsys.readouterr().err.strip()
    assert "\n" not in error and "Traceback" not in error
    return error


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": \n')
    return path


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["score", "nowhere.jsonl", "--student", "S"], "no file or folder 'nowhere.jsonl'"),
        (["score", "{broken}", "--student", "S"], "line 2 is not valid JSON"),
        (["score", "{candidates}", "--student", "./nowhere"], "no student folder at './nowhere'"),
        (
            ["score", "{candidates}", "--student", "S", "--response-column", "answer"],
            "Pass --response-column with the right name",
        ),
        (["score", "{candidates}", "--student", "S", "--splitter", "turn"], "--splitter turn makes each"),
        (["score", "{candidates}", "--student", "S", "--split", "test"], "leave out --split"),
        (["score", "{candidates}", "--student", "S", "--window", "0", "--stride", "0"], "--stride must be"),
        (["score", "{candidates}", "--student", "S", "--splitter", "sentences"], "'sentence'"),
        (["score", "{candidates}", "--student", "S", "--statistics", "rank"], "--statistics has no effect"),
        (["score", "{candidates}", "--student", "S", "--device", "gpu"], "--device must be"),
        (["select", "{candidates}", "--by", "local_naturalness"], "local_naturalness"),
        (["select", "{scored}", "--by", "num_tokens"], "pass --direction high or --direction low."),
        (["select", "{scored}", "--by", "local=x"], "CRITERION=WEIGHT"),
        (["select", "{scored}", "--prompt-column", "q"], "Name the right one with --prompt-column."),
        (["select", "{scored}", "--where", "kept"], "with --where."),
        (["select", "{scored}", "--max-teacher-share", "2"], "--max-teacher-share must be"),
        (["select", "{scored}", "--match", "{scored}"], "--match must be a selection"),
        (["teachers", "{scored}", "--teacher-column", "model"], "with --teacher-column."),
        (["teachers", "{scored}", "--by", "random"], "--by must be a criterion"),
        (
            ["teachers", "{scored}", "--plot", "nowhere/x.png"],
            "error: No such file or directory: 'nowhere/x.png'",
        ),
        (["compare", "{scored}", "--teacher-column", "model"], "with --teacher-column."),
        (["compare", "{candidates}"], "or name columns with --criteria."),
        (["compare", "{scored}", "--outcomes", "long=1", "long=0"], "names the teacher 'long' twice"),
        (
            ["select", "{scored}", "--by", "local_naturalness=1", "local_naturalness=2"],
            "--by names 'local_naturalness' twice",
        ),
        (["teachers", "{scored}", "--seed", "-1"], "--seed must be at least 0 and whole, got -1"),
        (["report", "{scored}", "--output", "."], "The page is one file, and '.' is a folder"),
        (["compare", "{scored}", "--outcomes", "me=1"], "--outcomes must name teachers of the dataset"),
        (["benchmark", "--device", "gpu"], "--device 'gpu' cannot be used"),
        (["benchmark", "--dtype", "floaty"], "--dtype must be one of torch"),
    ],
)
def test_bad_input(words, says, candidates, scored, broken, tmp_path, capsys):
    names = {"{candidates}": candidates, "{scored}": scored, "{broken}": broken, "S": student_path()}
    words = [str(names.get(word, word)) for word in words]
    if words[0] in ("score", "select"):
        words += ["--output", str(tmp_path / "output")]
    capsys.readouterr()
    assert main(words) == 2
    assert says in sentence(capsys)
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["select", "x", "--output", "y", "--k", "two"], "must be a whole number of at least 1; found 'two'"),
        (["select", "x", "--output", "y", "--k", "0"], "must be a whole number of at least 1; found '0'"),
        (["teachers", "x", "--num-bootstrap", "0"], "of at least 1;"),
        (["score", "x", "--student", "s", "--output", "y", "--num-proc", "-1"], "of at least 0;"),
        (["score", "x", "--student", "s", "--output", "y", "--max-tokens-per-batch", "0"], "of at least 1;"),
        (["estimate", "x", "--student", "s", "--sample", "0"], "of at least 1;"),
        (["estimate", "x", "--student", "s", "--gpu-tflops", "0"], "must be a number above 0; found '0'"),
        (["score", "x", "--student", "s", "--output", "y", "--num-actors", "0"], "of at least 1;"),
        (["benchmark", "--repeats", "0"], "of at least 1;"),
    ],
)
def test_numbers_out_of_range(words, says, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(words)
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("place", ["{file}", "{file}/in/it"])
@pytest.mark.parametrize(
    "words",
    [
        ["score", "{candidates}", "--student", "S", "--output"],
        ["select", "{scored}", "--output"],
        ["demo", "--output"],
        ["merge"],
    ],
)
def test_an_output_that_is_a_file(words, place, candidates, scored, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    names = {"{candidates}": candidates, "{scored}": scored, "S": student_path()}
    words = [str(names.get(word, word)) for word in words]
    capsys.readouterr()
    assert main([*words, place.replace("{file}", str(file))]) == 2
    assert f"{str(file)!r} is a file: choose another --output." in sentence(capsys)
    assert file.read_text() == "kept"


@pytest.mark.parametrize("command", ["score", "select"])
def test_an_output_that_may_not_be_written(command, candidates, scored, tmp_path, capsys, monkeypatch):
    source = {"score": [candidates, "--student", student_path()], "select": [scored]}[command]
    output = tmp_path / "output"

    make = os.mkdir

    def refuse(path, mode=0o777, **others):
        if str(path).startswith(str(output)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        make(path, mode, **others)

    capsys.readouterr()
    monkeypatch.setattr(os, "mkdir", refuse)
    assert main([command, *map(str, source), "--output", str(output)]) == 2
    assert sentence(capsys).startswith(f"local-naturalness {command}: error: Permission denied: '{output}")


def test_rejects_that_are_there_are_told_before_anything_is_written(scored, tmp_path, capsys):
    output = tmp_path / "best"
    (tmp_path / "best-rejected").mkdir()
    (tmp_path / "best-rejected" / "rejected.parquet").touch()
    capsys.readouterr()
    assert main(["select", str(scored), "--output", str(output), "--return-rejected"]) == 2
    assert "already holds a table (rejected.parquet)" in sentence(capsys)
    assert not output.exists()


@pytest.fixture
def hub_without_answer(monkeypatch, tmp_path):
    """A Hub that nobody runs, and a client that must not wait to ask again."""

    def wait(seconds):
        raise AssertionError(f"waits {seconds} s")

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(_http, "time", SimpleNamespace(**{**vars(time), "sleep": wait}))


@pytest.mark.parametrize("unknown", ["--student", "--tokenizer"])
def test_an_unknown_student_without_a_network(unknown, candidates, tmp_path, capsys, hub_without_answer):
    words = {"--student": student_path(), "--output": str(tmp_path / "output"), unknown: "nobody/nothing"}
    assert main(["score", str(candidates), *(word for pair in words.items() for word in pair)]) == 2
    error = sentence(capsys)
    assert "'nobody/nothing' could not be loaded: it is neither a local folder" in error
    assert "http://127.0.0.1:9 does not answer" in error
    assert not (tmp_path / "output").exists()


def test_a_dataset_that_is_nowhere(capsys, hub):
    assert main(["teachers", "me/nothing"]) == 2
    error = sentence(capsys)
    assert "There is no file or folder 'me/nothing', and no dataset of that name on the Hub" in error


def test_an_output_that_datasets_would_write_elsewhere(candidates, tmp_path, capsys):
    words = ["score", str(candidates), "--student", student_path(), "--output", str(tmp_path / "out::1")]
    assert main(words) == 2
    assert "choose another --output" in sentence(capsys)


def test_an_empty_file(tmp_path, capsys):
    (tmp_path / "empty.jsonl").touch()
    assert main(["teachers", str(tmp_path / "empty.jsonl")]) == 2
    assert "is empty" in sentence(capsys)


def test_a_selection_is_not_overwritten(scored, tmp_path, capsys):
    words = ["select", str(scored), "--output", str(tmp_path)]
    assert main(words) == 0
    assert main(words) == 2
    assert "already holds a table (selected.parquet)" in sentence(capsys)


def test_another_table_is_not_overwritten(scored, tmp_path, capsys):
    (tmp_path / "other.parquet").touch()
    assert main(["select", str(scored), "--output", str(tmp_path)]) == 2
    assert "already holds a table (other.parquet)" in sentence(capsys)


@pytest.mark.parametrize(
    "command",
    ["demo", "estimate", "show", "score", "teachers", "select", "compare", "merge", "push", "benchmark"],
)
def test_help_shows_an_example(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert f"local-naturalness {command}" in capsys.readouterr().out.split("Example:")[1]


def test_unknown_options_are_usage_errors(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["select", "x", "--output", "y", "--where-not", "z"])
    assert exit_.value.code == 2


@pytest.mark.parametrize("command", ["teachers", "compare", "report"])
def test_the_input_is_not_replaced_by_what_is_told_of_it(command, scored, tmp_path, capsys):
    folder = shutil.copytree(scored, tmp_path / "copy")
    (table,) = folder.glob("*.parquet")
    (tmp_path / "link").symlink_to(table)
    before = table.read_bytes()
    for source, output in ((table, table), (table, tmp_path / "link"), (folder, table)):
        assert main([command, str(source), "--output", str(output)]) == 2
        assert "is the input, which would be lost" in sentence(capsys)
    assert table.read_bytes() == before


def test_nothing_that_is_read_is_replaced(scored, tmp_path, capsys):
    selection = tmp_path / "curated"
    assert main(["select", str(scored), "--output", str(selection)]) == 0
    table = selection / "selected.parquet"
    rows = read_table(str(scored))
    rows.select(range(2)).to_json(tmp_path / "lines" / "a.jsonl")
    rows.select(range(2, len(rows))).to_json(tmp_path / "lines" / "b.jsonl")
    rows.save_to_disk(tmp_path / "saved")
    capsys.readouterr()
    lost, read = "is the input, which would be lost", "would be read as a part of the input"
    for command, source, output, says in (
        (["report", "--selection", selection], scored, table, lost),
        (["teachers"], tmp_path / "lines", tmp_path / "lines" / "b.jsonl", lost),
        (["teachers"], tmp_path / "lines", tmp_path / "lines" / "c.json", read),
        (["compare", "--plot", tmp_path / "saved" / "state.json"], tmp_path / "saved", None, lost),
        (["teachers"], scored, scored / "ranking.parquet", read),
    ):
        before = Path(output or command[-1]).read_bytes() if says == lost else None
        words = [*command, source, *([] if output is None else ["--output", output])]
        assert main(list(map(str, words))) == 2
        assert says in sentence(capsys)
        assert before is None or Path(output or command[-1]).read_bytes() == before
    for source in (tmp_path / "lines", tmp_path / "saved"):  # these are not read with the rows
        for name in ("ranking.md", "ranking.txt"):
            assert main(["teachers", str(source), "--output", str(source / name)]) == 0


def test_a_reader_that_has_enough_is_no_error(scored):
    read, written = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "local_naturalness", "teachers", str(scored)]
    done = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, text=True)
    os.close(written)
    assert (done.returncode, done.stderr) == (141, "")
