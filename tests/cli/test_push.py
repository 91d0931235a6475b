"""`push` does what `push_selection` does, and explains what the Hub refuses."""

import argparse
import inspect
import re
import shutil

import pytest
from datasets import load_dataset
from emulated_hub import IGNORED_WARNING
from emulator import TOKEN

from local_naturalness import push_selection
from local_naturalness.cli import main, push
from local_naturalness.cli.tables import read_table
from local_naturalness.counted import counted
from local_naturalness.selection import read_record

pytestmark = pytest.mark.filterwarnings(IGNORED_WARNING)


@pytest.fixture(scope="module")
def selected(scored, tmp_path_factory):
    folder = tmp_path_factory.mktemp("selected")
    assert main(["select", str(scored), "--output", str(folder)]) == 0
    return folder


@pytest.fixture
def pushed(hub, selected, capsys):
    """Push with these options; the rows as the Hub has them, and the repository."""

    def run(*options):
        assert main(["push", str(selected), "me/curated", *options]) == 0
        repo = hub.repos["me/curated"]
        assert capsys.readouterr().out == f"Pushed to {hub.url}/datasets/me/curated/commit/{repo.head.oid}\n"
        return load_dataset("me/curated", split="train"), repo

    return run


def test_the_selection_is_pushed_with_a_card(pushed, selected):
    rows, repo = pushed("--licence", "mit", "--source-datasets", "a/b", "c/d")
    expected = load_dataset("parquet", data_files=str(selected / "*.parquet"), split="train")
    assert [turn["content"] for (turn,) in rows["completion"]] == expected["response"][:]
    assert rows["local_naturalness"][:] == expected["local_naturalness"][:]
    card = repo.head.files["README.md"].decode()
    assert "license: mit" in card
    assert "| Criterion | local_naturalness (high is better) |" in card
    assert "| Candidates | 4 responses to 2 prompts |" in card
    assert "| Unscored by reason | missing_response 1 |" in card
    assert "- a/b\n- c/d\n" in card
    assert not repo.private


def test_a_dry_run_prints_what_would_be_pushed_and_asks_no_hub(selected, monkeypatch, capsys, pushed):
    options = ["--licence", "mit", "--source-datasets", "a/b"]
    with monkeypatch.context() as patched:
        patched.setattr("local_naturalness.hub.push.Repository", None)
        assert main(["push", str(selected), "me/curated", "--dry-run", *options]) == 0
    printed = capsys.readouterr()
    assert printed.err == "Nothing was pushed to me/curated.\n"
    first, *_ = printed.out.splitlines()
    rows, repo = pushed(*options)
    columns = ", ".join(rows.column_names)
    assert first == f"data/train-*.parquet: {counted(len(rows), 'row')} with the columns {columns}"
    block = re.compile("<!-- local_naturalness:begin.*local_naturalness:end -->", re.DOTALL)
    assert block.search(printed.out)[0] == block.search(repo.head.files["README.md"].decode())[0]
    assert "license: mit" in printed.out


def test_what_was_noted_for_another_table_is_not_told(selected, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(selected, folder)
    assert read_record(read_table(str(folder)))["by"] == "local_naturalness"
    assert read_record(read_table(str(folder / "selected.parquet")))["by"] == "local_naturalness"
    read_table(str(folder)).select([0]).to_parquet(folder / "selected.parquet")
    assert read_record(read_table(str(folder))) is None


@pytest.mark.parametrize("note", ["", "[]", "{}"])
def test_a_damaged_note_is_not_used(selected, tmp_path, note):
    folder = tmp_path / "changed"
    shutil.copytree(selected, folder)
    (folder / ".local_naturalness" / "description.json").write_text(note)
    assert read_record(read_table(str(folder))) is None


@pytest.mark.parametrize(
    ("export", "columns"),
    [
        ("prompt-completion", ["prompt", "completion"]),
        ("messages", ["messages"]),
        ("none", ["prompt", "response"]),
    ],
)
def test_layouts(pushed, export, columns):
    rows, _ = pushed("--export", export)
    texts = ["prompt", "response", "completion", "messages"]
    assert [name for name in texts if name in rows.column_names] == columns


def test_a_private_repository(pushed):
    _, repo = pushed("--private")
    assert repo.private


def test_the_token_of_the_command_line_is_used_and_never_shown(hub, selected, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrongWrongWrong")
    assert main(["push", str(selected), "me/curated"]) == 2
    assert main(["push", str(selected), "me/curated", "--token", TOKEN]) == 0
    printed = "".join(capsys.readouterr())
    assert TOKEN not in printed and "hf_wrongWrongWrong" not in printed


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["you/curated"], "'you/curated' was refused (403, You don't have the rights"),
        (["me/curated", "--token", "hf_wrong"], "run `hf auth login`"),
        (["not a name"], "Repo id"),
        (["me/curated", "--response-column", "answer"], "'answer' is needed"),
        (["me/curated", "--prompt-column", "question"], "'question' is needed"),
    ],
)
def test_a_refusal_is_one_sentence(hub, selected, capsys, words, says):
    assert main(["push", str(selected), *words]) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith("local-naturalness push: error: ") and says in error
    assert "\n" not in error and "hf_wrong" not in error
    assert "me/curated" not in hub.repos or len(hub.repos["me/curated"].commits) == 1


def test_rows_that_were_not_selected_are_refused(hub, scored, capsys):
    assert main(["push", str(scored), "me/curated"]) == 2
    assert "selection_score" in capsys.readouterr().err
    assert hub.repos == {}


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["push", "--help"])
    assert exit_.value.code == 0
    assert "local-naturalness push" in capsys.readouterr().out.split("Example:")[1]


def test_options_carry_the_names_and_defaults_of_the_arguments():
    parser = argparse.ArgumentParser()
    push.add_arguments(parser)
    offered = vars(parser.parse_args(["selected", "me/curated"]))
    parameters = inspect.signature(push_selection).parameters
    assert offered.keys() - {"selection", "split"} == parameters.keys() - {"dataset"}
    optional = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    assert {name: offered[name] for name in optional} == optional
