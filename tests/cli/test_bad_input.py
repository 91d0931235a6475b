"""Bad input ends with exit code 2 and one sentence that says what to change."""

import pytest

from local_naturalness.cli import main
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
            "needs the column 'answer'",
        ),
        (["score", "{candidates}", "--student", "S", "--window", "0", "--stride", "0"], "`stride` must be"),
        (["score", "{candidates}", "--student", "S", "--splitter", "sentences"], "'sentence'"),
        (["score", "{candidates}", "--student", "S", "--statistics", "rank"], "--statistics does nothing"),
        (["score", "{candidates}", "--student", "S", "--device", "gpu"], "`device` must be"),
        (["select", "{candidates}", "--by", "local_naturalness"], "local_naturalness"),
        (["select", "{scored}", "--by", "num_tokens"], "direction"),
        (["select", "{scored}", "--by", "local=x"], "CRITERION=WEIGHT"),
        (["teachers", "{scored}", "--teacher-column", "model"], "model"),
    ],
)
def test_bad_input(words, says, candidates, scored, broken, tmp_path, capsys):
    names = {"{candidates}": candidates, "{scored}": scored, "{broken}": broken, "S": student_path()}
    words = [str(names.get(word, word)) for word in words]
    if words[0] != "teachers":
        words += ["--output", str(tmp_path / "output")]
    capsys.readouterr()
    assert main(words) == 2
    assert says in sentence(capsys)
    assert not (tmp_path / "output").exists()


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
    "command", ["demo", "score", "teachers", "select", "compare", "merge", "push", "benchmark"]
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
