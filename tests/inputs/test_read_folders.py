"""Folders have the splits that `load_dataset` finds in them."""

import logging

import pytest
from datasets import Dataset, DatasetDict, load_dataset

from local_naturalness.inputs import read_table


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'{{"name": "{name}"}}\n')
        return tmp_path

    return make


def names_read(folder, split=None):
    return read_table(folder, split)["name"][:]


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001.jsonl", "test-00000-of-00001.jsonl"),
        (
            "data/train-00000-of-00002.jsonl",
            "data/train-00001-of-00002.jsonl",
            "data/other-00000-of-00001.jsonl",
        ),
        ("train/a.jsonl", "train/b.jsonl", "validation/a.jsonl"),
        ("a.jsonl", "b.jsonl"),
    ],
)
def test_splits_are_those_of_load_dataset(names, folder):
    place = folder(*names)
    expected = load_dataset(str(place))
    assert {split: names_read(place, split) for split in expected} == {
        split: list(rows["name"]) for split, rows in expected.items()
    }
    assert names_read(place) == list(expected["train"]["name"])


def test_the_split_read_is_told_and_others_named(folder, caplog):
    place = folder("train.jsonl", "test.jsonl", "extra.jsonl")
    with caplog.at_level(logging.INFO):
        assert names_read(place) == ["train.jsonl"]
    assert "Reading the split 'train'" in caplog.text
    assert "it also has: test." in caplog.text
    assert "Ignored, because their names do not say which split they belong to: extra.jsonl." in caplog.text
    with pytest.raises(ValueError, match="has the splits train, test: choose one with --split"):
        read_table(place, "validation")


def test_an_only_split_is_read(folder):
    assert names_read(folder("test.jsonl")) == ["test.jsonl"]


def test_no_split_is_the_obvious_one(folder):
    with pytest.raises(ValueError, match="has the splits validation, test"):
        read_table(folder("validation.jsonl", "test.jsonl"))


def test_hidden_files_and_notes_beside_tables_are_passed_over(folder):
    place = folder("._a.parquet", ".hidden/b.parquet", "__pycache__/c.parquet", "notes.json")
    Dataset.from_dict({"name": ["a"]}).to_parquet(place / "a.parquet")
    assert names_read(place) == ["a"]


def test_a_saved_dict_of_datasets(tmp_path):
    rows = {split: Dataset.from_dict({"name": [split]}) for split in ("train", "test")}
    DatasetDict(rows).save_to_disk(tmp_path / "saved")
    (tmp_path / "saved").rename(tmp_path / "a::b")
    assert names_read(tmp_path / "a::b") == ["train"]
    assert names_read(tmp_path / "a::b", "test") == ["test"]


CONFIGS = """---
configs:
- config_name: main
  data_files: main/*.jsonl
- config_name: other
  data_files: other/*.jsonl
---
"""


def test_a_clone_that_holds_several_tables(folder):
    place = folder("main/train.jsonl", "other/train.jsonl")
    assert names_read(place) == ["main/train.jsonl", "other/train.jsonl"]
    (place / "README.md").write_text(CONFIGS)
    with pytest.raises(ValueError, match=r"names several tables \(main, other\): name the folder"):
        read_table(place)
    assert names_read(place / "main") == ["main/train.jsonl"]
    (place / "README.md").write_text("A card without anything for machines.")
    assert len(names_read(place)) == 2


@pytest.mark.parametrize(
    ("names", "says"),
    [(["README.md"], "holds no table"), (["a.jsonl", "b.csv"], r"several formats \(a.jsonl and b.csv\)")],
)
def test_folders_that_are_no_table(names, says, folder):
    with pytest.raises(ValueError, match=says):
        read_table(folder(*names))


def test_tables_beside_parquet_files_are_told(folder, caplog):
    place = folder("b.jsonl", "notes.json")
    Dataset.from_dict({"name": ["a"]}).to_parquet(place / "a.parquet")
    assert names_read(place) == ["a"]
    assert "Ignored, because the folder holds Parquet files: b.jsonl." in caplog.text


def test_folders_that_name_a_column(tmp_path):
    for teacher in ("me%2Fstrong", "7"):
        for seed in (1, 2):
            place = tmp_path / f"teacher={teacher}" / f"seed={seed}"
            place.mkdir(parents=True)
            Dataset.from_dict({"name": [f"{teacher} {seed}"]}).to_parquet(place / "0.parquet")
    table = read_table(tmp_path)
    rows = {tuple(row.values()) for row in table}
    assert table.column_names == ["name", "teacher", "seed"]
    assert rows == {
        ("me%2Fstrong 1", "me/strong", 1),
        ("me%2Fstrong 2", "me/strong", 2),
        ("7 1", "7", 1),
        ("7 2", "7", 2),
    }


def test_a_column_of_the_files_goes_before_the_name_of_a_folder(tmp_path):
    (tmp_path / "teacher=a").mkdir()
    Dataset.from_dict({"teacher": ["b"]}).to_parquet(tmp_path / "teacher=a" / "0.parquet")
    (tmp_path / "teacher=__HIVE_DEFAULT_PARTITION__").mkdir()
    Dataset.from_dict({"teacher": ["c"]}).to_parquet(
        tmp_path / "teacher=__HIVE_DEFAULT_PARTITION__" / "0.parquet"
    )
    assert sorted(read_table(tmp_path)["teacher"][:]) == ["b", "c"]
