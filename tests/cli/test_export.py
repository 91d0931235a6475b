"""`select --export` writes what `push` would, and a trainer reads it without further ado."""

import json
import re

import pytest
from datasets import load_dataset
from emulated_hub import IGNORED_WARNING

from local_naturalness.cli import main
from local_naturalness.embedded import student_path

pytestmark = pytest.mark.filterwarnings(IGNORED_WARNING)


def read(folder):
    return load_dataset("parquet", data_files=str(folder / "*.parquet"), split="train")


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
def test_select_writes_what_push_would(hub, scored, tmp_path, capsys, form):
    exported, plain = tmp_path / "exported", tmp_path / "plain"
    student = ["--student", student_path()]
    assert main(["select", str(scored), "--output", str(exported), "--export", form, *student]) == 0
    printed = capsys.readouterr().out
    assert "The first row, as a trainer reads it:" in printed and '(user): "What is 2 + 3?"' in printed
    assert main(["select", str(scored), "--output", str(plain)]) == 0
    assert {"prompt", "response"} <= set(read(plain).column_names)
    assert main(["push", str(plain), "me/plain", "--export", form, *student]) == 0
    assert main(["push", str(exported), "me/exported", "--export", form]) == 0
    local = read(exported).to_list()
    for name in ("plain", "exported"):
        assert load_dataset(f"me/{name}", split="train").to_list() == local
    texts = json.dumps(local)
    assert "What is 2 + 3?" in texts and '"response"' not in texts


def test_an_export_of_another_student_is_one_sentence(scored, student_folder, tmp_path, capsys):
    words = ["--output", str(tmp_path / "out"), "--export", "trl", "--student", student_folder]
    assert main(["select", str(scored), *words]) == 2
    assert "The rows were scored for the student student@" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"question": "What is 2 + 3?", "answer": "It is 5."}], ["--response-column", "answer"]),
        (
            [
                {
                    "chat": [
                        {"role": "user", "content": "What is 2 + 3?"},
                        {"role": "assistant", "content": "It is 5."},
                    ]
                }
            ],
            [],
        ),
    ],
)
def test_columns_of_other_names_are_exported_as_they_were_scored(rows, words, tmp_path, capsys):
    source, output = tmp_path / "rows.jsonl", tmp_path / "scored"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    named = ["--prompt-column", "question", *words] if words else ["--messages-column", "chat"]
    student = ["--student", student_path()]
    assert main(["score", str(source), *named, *student, "--output", str(output)]) == 0
    for number, more in enumerate(([], ["--prompt-column", "question"]) if words else ([],)):
        best = tmp_path / f"best{number}"
        command = ["select", str(output), *words, *more, "--output", str(best), "--export", "trl", *student]
        assert main(command) == 0
        assert read(best)["prompt"][0] == [{"role": "user", "content": "What is 2 + 3?"}]
        assert read(best)["completion"][0] == [{"role": "assistant", "content": "It is 5."}]
    assert not re.search(r"\b1 (rows|prompts|responses|steps|tokens)\b", capsys.readouterr().out)


WRONG = [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "It is 6."}]


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages", "none"])
def test_the_rejected_answer_that_a_row_brings_along_is_not_trained_on(form, tmp_path, capsys, caplog):
    """OpenR1 repeats one of its generations in `messages`; `show` reads what `select` wrote."""
    source, scored, best = tmp_path / "rows.jsonl", str(tmp_path / "scored"), tmp_path / "best"
    row = {
        "problem": "What is 2 + 3?",
        "generations": ["It is 6.", "It is 5."],
        "correctness_math_verify": [False, True],
        "messages": WRONG,
    }
    source.write_text(json.dumps(row))
    student = ["--student", student_path()]
    assert main(["score", str(source), *student, "--output", scored]) == 0
    words = ["--where", "correctness_math_verify", "--output", str(best), "--export", form, *student]
    assert main(["select", scored, *words]) == 0
    printed = capsys.readouterr()
    assert "It is 6." not in printed.out
    assert ("`messages` is now `source_messages`" in caplog.text) == (form != "none")
    assert ("Beside `response` there is `messages`" in caplog.text) == (form == "none")
    if form != "none":
        (row,) = read(best).to_list()
        row.pop("source_messages")
        assert "It is 6." not in json.dumps(row) and "It is 5." in json.dumps(row)
    assert main(["show", str(best), *student]) == 0
    shown = capsys.readouterr().out
    assert "It is 5." in shown and "It is 6." not in shown


@pytest.mark.parametrize("words", [[], ["--prompt-column", "task"]])
def test_an_export_names_the_columns_that_were_scored(words, tmp_path, capsys):
    (tmp_path / "c.csv").write_text("task,id,answer_text\nWhat is 2 + 3?,1,It is 5.\nWhat is 4 + 4?,2,8.\n")
    scored, student = str(tmp_path / "scored"), ["--student", student_path()]
    named = ["--prompt-column", "task", "--response-column", "answer_text"]
    assert main(["score", str(tmp_path / "c.csv"), "--output", scored, *student, *named]) == 0
    select = ["select", scored, "--export", "trl", *student, *words, "--output", str(tmp_path / "out")]
    assert main(select) == 2
    error = capsys.readouterr().err
    assert "Column 'response' is needed to export" in error and "--prompt-column" not in error
    assert "with --response-column answer_text," in error
    assert main([*select, "--response-column", "answer_text"]) == 0  # as the message says


def test_an_export_of_unscored_rows_names_all_that_is_missing(tmp_path, capsys):
    (tmp_path / "c.csv").write_text("prompt_key,task,quality,answer_text\na,What is 2 + 3?,1,It is 5.\n")
    select = ["select", str(tmp_path / "c.csv"), "--by", "quality", "--direction", "high", "--export", "trl"]
    assert main([*select, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "Columns 'response' and 'prompt' are needed" in error
    assert "with --response-column and --prompt-column, or pass --export none." in error
