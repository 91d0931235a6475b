"""`select --export` writes what `push` would, and a trainer reads it without further ado."""

import json

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
