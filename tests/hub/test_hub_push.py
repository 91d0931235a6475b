"""What arrives on the Hub, and what a second push changes."""

import datasets
import pytest
from datasets import Dataset, DatasetDict, load_dataset
from emulator import TOKEN, HubEmulator
from huggingface_hub import DatasetCard
from some_selections import make_candidates, make_selection

from local_naturalness.hub import push_selection
from local_naturalness.selection import select_responses


def head_files(hub: HubEmulator, repo_id: str = "me/curated") -> list[str]:
    return sorted(hub.repos[repo_id].head.files)


def card(hub: HubEmulator, repo_id: str = "me/curated") -> str:
    return hub.repos[repo_id].head.files["README.md"].decode()


def write_card(hub: HubEmulator, text: str, repo_id: str = "me/curated") -> None:
    repo = hub.repos[repo_id]
    repo.commit("By hand", "", repo.head.files | {"README.md": text.encode()})


def titles(hub: HubEmulator, repo_id: str = "me/curated") -> list[str]:
    return [commit.title for commit in hub.repos[repo_id].commits]


def texts(dataset, column):
    """Of messages, one in each row."""
    return [message["content"] for (message,) in dataset[column]]


def test_pushes_data_first_and_the_card_after_it(hub, selection):
    url = push_selection(selection, "me/curated")

    assert titles(hub) == ["initial commit", "Push selection", "Update the card of the selection"]
    assert url == f"{hub.url}/datasets/me/curated/commit/{hub.repos['me/curated'].head.oid}"
    assert head_files(hub) == ["README.md", "data/train-00000-of-00001.parquet"]
    assert "How these responses were chosen" in card(hub)


def test_every_row_and_column_comes_back(hub, selection):
    push_selection(selection, "me/curated")

    loaded = load_dataset("me/curated", split="train")
    kept = [name for name in selection.column_names if name not in ("prompt", "response")]
    assert loaded.select_columns(kept)[:] == selection.select_columns(kept)[:]
    assert texts(loaded, "prompt") == selection["prompt"][:]
    assert texts(loaded, "completion") == selection["response"][:]
    assert set(loaded.column_names) == {*kept, "prompt", "completion"}
    assert loaded.num_rows == 6


def test_without_export_the_columns_stay(hub, selection):
    push_selection(selection, "me/curated", export=None)

    assert load_dataset("me/curated", split="train")[:] == selection[:]


def test_an_identical_push_makes_no_commit(hub, selection):
    first = push_selection(selection, "me/curated", licence="mit", source_datasets="GAIR/LIMO")
    commits = titles(hub)
    hub.requests.clear()

    again = push_selection(selection, "me/curated", licence="mit", source_datasets="GAIR/LIMO")

    assert titles(hub) == commits
    assert again == first
    # For the shard and for the front matter that goes with it; the card itself is not offered.
    assert hub.requests.count("preupload") == 2


def test_other_data_replaces_rows_and_provenance_and_keeps_what_people_wrote(hub, selection):
    push_selection(selection, "me/curated", licence="mit", source_datasets=["GAIR/LIMO"])
    by_hand = card(hub).replace("# curated", "# Curated\n\nRead <!-- this --> first.")
    by_hand = by_hand.replace("tags:\n", "tags:\n- reviewed\n").replace("---\n", "---\nlanguage: en\n", 1)
    write_card(hub, by_hand + "\n## Thanks\n\nTo the teachers.\n")

    push_selection(make_selection(9), "me/curated", source_datasets="open-thoughts/x")

    assert texts(load_dataset("me/curated", split="train"), "prompt") == make_selection(9)["prompt"][:]
    text = card(hub)
    assert "# Curated\n\nRead <!-- this --> first.\n\n<!-- local_naturalness:begin -->" in text
    assert text.endswith("<!-- local_naturalness:end -->\n\n## Thanks\n\nTo the teachers.\n")
    assert text.count("How these responses were chosen") == 1
    assert "27 responses to 9 prompts" in text
    assert "18 responses to 6 prompts" not in text
    front = DatasetCard(text).data.to_dict()
    assert front["tags"] == ["reviewed", "local-naturalness", "data-selection", "distillation"]
    assert front["source_datasets"] == ["GAIR/LIMO", "open-thoughts/x"]
    assert front["license"] == "mit"
    assert front["language"] == "en"


def test_conversations_come_back(hub):
    chat = make_selection(
        prompt=lambda p, t: [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"Question {p}?"},
        ]
    )

    push_selection(chat, "me/chat", export="messages")
    push_selection(chat, "me/pairs", export="prompt-completion")

    messages = load_dataset("me/chat", split="train")["messages"][0]
    assert [message["role"] for message in messages] == ["system", "user", "assistant"]
    assert messages[2]["content"] == chat["response"][0]
    pair = load_dataset("me/pairs", split="train")[0]
    assert pair["prompt"] == chat["prompt"][0]
    assert pair["completion"] == [{"role": "assistant", "content": chat["response"][0]}]


def test_a_repository_is_private_when_asked_and_keeps_its_visibility(hub, selection):
    push_selection(selection, "me/curated", private=True)
    push_selection(selection, "me/curated", private=False)

    assert hub.repos["me/curated"].private


def test_a_name_without_namespace_is_the_users_own(hub, selection):
    assert "/datasets/me/curated/commit/" in push_selection(selection, "curated")


def test_a_given_token_serves_every_request(hub, selection, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_wrongWrongWrong")

    push_selection(selection, "me/curated", token=TOKEN, private=True)

    assert len(hub.repos["me/curated"].commits) == 3


def test_all_splits_of_a_dict_are_pushed_and_replace_the_repository(hub):
    both = DatasetDict(train=make_selection(5), test=make_selection(2))
    push_selection(make_selection(3).rename_column("teacher", "model"), "me/curated")

    push_selection(both, "me/curated", export=None)

    loaded = load_dataset("me/curated")
    assert {split: rows[:] for split, rows in loaded.items()} == {
        split: rows[:] for split, rows in both.items()
    }
    assert "| Rows | train 5, test 2 |" in card(hub)
    assert "| Candidates | 21 responses to 7 prompts |" in card(hub)


def test_a_dataset_is_pushed_to_its_own_split(hub):
    named = Dataset.from_dict(make_selection(2)[:], split="validation")

    push_selection(named, "me/curated")

    assert list(load_dataset("me/curated")) == ["validation"]
    assert 'split="validation"' in card(hub)


def test_one_split_leaves_the_other_splits(hub):
    push_selection(DatasetDict(train=make_selection(5), test=make_selection(2)), "me/curated")

    push_selection(make_selection(4), "me/curated")

    assert load_dataset("me/curated", split="train").num_rows == 4
    assert load_dataset("me/curated", split="test").num_rows == 2


def test_one_split_leaves_files_that_the_card_does_not_list(hub):
    push_selection(DatasetDict(train=make_selection(5), test=make_selection(2)), "me/curated")
    write_card(hub, "# Written anew, without a description of the columns\n")

    push_selection(make_selection(4), "me/curated")

    assert load_dataset("me/curated", split="train").num_rows == 4
    assert "data/test-00000-of-00001.parquet" in head_files(hub)


def test_the_form_of_a_repository_can_be_changed(hub, selection):
    push_selection(selection, "me/curated")
    push_selection(selection, "me/curated", export="messages")

    loaded = load_dataset("me/curated", split="train")
    assert "messages" in loaded.features
    assert "completion" not in loaded.features
    assert loaded.num_rows == 6


def test_shards_of_an_earlier_push_are_removed(hub, monkeypatch):
    monkeypatch.setattr(datasets.config, "MAX_SHARD_SIZE", "1KB")
    push_selection(make_selection(40), "me/curated")
    assert len(head_files(hub)) > 3

    monkeypatch.setattr(datasets.config, "MAX_SHARD_SIZE", "1MB")
    push_selection(make_selection(4), "me/curated")

    assert head_files(hub) == ["README.md", "data/train-00000-of-00001.parquet"]
    assert load_dataset("me/curated", split="train").num_rows == 4


def test_a_push_in_several_commits_survives_losing_one(hub, monkeypatch):
    monkeypatch.setattr(datasets.config, "MAX_SHARD_SIZE", "1KB")
    monkeypatch.setattr(datasets.config, "UPLOADS_MAX_NUMBER_PER_COMMIT", 4)
    hub.inject("commit", "drop-after", skip=1)
    many = make_selection(40)

    push_selection(many, "me/curated")

    assert len(set(titles(hub))) == len(titles(hub)) > 4
    assert texts(load_dataset("me/curated", split="train"), "prompt") == many["prompt"][:]


def test_a_selection_read_back_from_parquet_can_be_pushed(hub, selection, tmp_path):
    selection.to_parquet(tmp_path / "selection.parquet")
    read_back = Dataset.from_parquet(str(tmp_path / "selection.parquet"))

    push_selection(read_back, "me/curated")

    assert "| Criterion | not recorded" in card(hub)
    assert "| Student | Qwen/Qwen2.5-7B |" in card(hub)
    assert "| Candidates | not recorded |" in card(hub)


def test_a_pushed_selection_can_be_loaded_and_pushed_again(hub, selection):
    push_selection(selection, "me/curated")

    push_selection(load_dataset("me/curated", split="train"), "me/copy")

    pushed, copied = (load_dataset(f"me/{name}", split="train") for name in ("curated", "copy"))
    assert copied[:] == pushed[:]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("repo_id", "split", "says"),
    [
        ("me/a b", "train", "alphanumeric"),
        ("me/x/y", "train", "namespace/repo_name"),
        ("me/curated", "train-a", "Split name should match"),
        ("me/curated", "all", "could not be loaded: rename it"),
    ],
)
def test_names_that_cannot_be_loaded_are_refused(hub, selection, repo_id, split, says, dry_run):
    with pytest.raises(ValueError, match=says):
        push_selection(DatasetDict({split: selection}), repo_id, dry_run=dry_run)
    assert not hub.repos


def test_an_empty_selection_is_refused(hub):
    nothing = select_responses(make_candidates(), min_score=0.0)

    with pytest.raises(ValueError, match=r"no rows in split 'train'.*Relax `k`, `where` or"):
        push_selection(nothing, "me/curated")

    assert hub.requests == []


def test_what_is_no_selection_is_refused(hub, selection):
    with pytest.raises(TypeError, match=r"got IterableDataset.*without `streaming=True`"):
        push_selection(selection.to_iterable_dataset(), "me/curated")
    with pytest.raises(ValueError, match=r"'selection_score' is needed.*found: \['prompt'"):
        push_selection(make_candidates(), "me/curated")

    assert hub.requests == []
