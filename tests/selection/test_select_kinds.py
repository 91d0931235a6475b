"""The same five cases as for every dataset function, and what a result keeps of its input."""

import logging
import math

import numpy as np
import pyarrow as pa
import pytest
from datasets import (
    Dataset,
    DatasetDict,
    Features,
    IterableDataset,
    IterableDatasetDict,
    Json,
    List,
    Value,
)
from datasets.table import InMemoryTable

from local_naturalness.selection import read_record, select_responses

BEST = {
    "prompt": ["p", "q"],
    "teacher": ["b", "a"],
    "response": ["pb", "qa"],
    "local_naturalness": [-0.4, -0.2],
    "rank_surprisal_ratio": [9.0, 8.0],
    "num_tokens": [30, 40],
    "correct": [False, None],
    "selection_score": [-0.4, -0.2],
    "selection_rank": [1, 1],
}


def columns_of(rows) -> dict:
    rows = list(rows)
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_dataset_with_extra_columns(scored):
    best = select_responses(scored)
    assert isinstance(best, Dataset)
    assert best.to_dict() == BEST
    assert best.features["selection_score"] == Value("float64")
    assert best.features["selection_rank"] == Value("int32")


def test_dataset_dict_is_handled_by_split(scored):
    splits = DatasetDict({"train": scored, "test": scored.select([3, 4, 5])})
    best = select_responses(splits)
    assert isinstance(best, DatasetDict)
    assert best["train"].to_dict() == BEST
    assert best["test"]["teacher"][:] == ["a"]


def test_stream_is_read_lazily(scored):
    read = []

    def rows():
        for row in scored:
            read.append(row)
            yield row

    best = select_responses(IterableDataset.from_generator(rows))
    assert isinstance(best, IterableDataset)
    assert read == []
    assert columns_of(best) == BEST


def test_stream_keeps_features_and_settings(scored):
    best = select_responses(scored.to_iterable_dataset(), k=2, weights="chi2")
    expected = select_responses(scored, k=2, weights="chi2")
    assert best.features == expected.features
    assert columns_of(best) == expected.to_dict()
    assert read_record(best)["k"] == 2


def test_iterable_dataset_dict(scored):
    best = select_responses(IterableDatasetDict({"train": scored.to_iterable_dataset()}))
    assert isinstance(best, IterableDatasetDict)
    assert columns_of(best["train"]) == BEST


def test_selecting_again_replaces_the_columns(scored):
    wide = select_responses(scored, k=2, weights="chi2")
    best = select_responses(wide)
    assert best.to_dict() == BEST
    again, rejected = select_responses(select_responses(scored), return_rejected=True)
    assert again.to_dict() == BEST
    assert len(rejected) == 0


def test_selecting_again_from_a_stream_replaces_the_columns(scored):
    wide = select_responses(scored, k=2, weights="chi2")
    best = select_responses(wide.to_iterable_dataset())
    assert columns_of(best) == BEST
    assert list(best.features) == list(BEST)


def test_a_stream_of_many_prompts_equals_the_dataset(many):
    settings = {"by": {"local_naturalness": 1.0, "random": 0.2}, "k": 2}
    rows = list(select_responses(many.to_iterable_dataset(), **settings))
    assert rows == list(select_responses(many, **settings))


@pytest.mark.parametrize(
    ("prompts", "feature"),
    [
        (["p", None, "p", None, "q", "q"], Value("string")),
        ([1.5, math.nan, 1.5, None, 2.5, math.nan], Value("float64")),
        ([[1, 2], [1, 2], [1, 3], None, [3, 1], [3, 1]], List(Value("int64"), 2)),
        ([1, 1, None, 1, 3, 3], Value("duration[s]")),
        ([[{"role": "user", "content": one}] for one in "ppqqrr"], List(Json())),
    ],
)
@pytest.mark.parametrize("by", ["local_naturalness", "random"])
def test_a_stream_of_prompts_of_any_type_equals_the_dataset(scored, prompts, feature, by):
    rows = scored.remove_columns("prompt")
    rows = Dataset.from_dict(
        {**rows.to_dict(), "prompt": prompts}, Features({**rows.features, "prompt": feature})
    )
    of_stream = select_responses(rows.to_iterable_dataset(), by, return_rejected=True)
    for stored, read in zip(select_responses(rows, by, return_rejected=True), of_stream, strict=True):
        # As texts, because NaN equals nothing.
        assert [str(row) for row in read] == [str(row) for row in stored]


def test_stream_rejects_with_reasons(scored):
    _, rejected = select_responses(scored.to_iterable_dataset(), where="correct", return_rejected=True)
    _, expected = select_responses(scored, where="correct", return_rejected=True)
    assert list(rejected) == list(expected)


def test_ungrouped_stream_is_an_error(scored):
    mixed = scored.select([0, 3, 1, 4]).to_iterable_dataset()
    with pytest.raises(ValueError, match=r"came back after others: 'p'.*streaming=True"):
        list(select_responses(mixed))


@pytest.mark.parametrize(
    "settings",
    [
        {"max_teacher_share": 0.5},
        {"by": "global_naturalness_casl"},
        {"by": {"global_naturalness_casl": 1.0}},
    ],
)
def test_a_stream_cannot_show_the_whole_dataset(scored, settings):
    with pytest.raises(ValueError, match="must see the whole dataset"):
        select_responses(scored.to_iterable_dataset(), **settings)


def test_a_stream_cannot_be_matched(scored):
    with pytest.raises(ValueError, match="`match` must see the whole dataset"):
        select_responses(scored.to_iterable_dataset(), by="random", match=select_responses(scored))


def test_a_stream_that_mixes_settings_is_an_error():
    rows = [
        {"prompt": str(row // 2), "local_naturalness": -1.0, "local_naturalness_spec": spec}
        for row, spec in enumerate(["window=4"] * 1500 + ["window=2"] * 1500)
    ]
    stream = Dataset.from_list(rows).to_iterable_dataset()
    with pytest.raises(ValueError, match="holds 'window=4' and 'window=2'"):
        list(select_responses(stream))


@pytest.mark.parametrize("dataset", [[{"prompt": "p"}], None, {"prompt": ["p"]}])
def test_other_things_are_refused(dataset):
    with pytest.raises(TypeError, match="`dataset` must be a Dataset"):
        select_responses(dataset)


def test_input_with_indices_is_not_flattened(scored):
    shuffled = scored.shuffle(seed=3)
    best = select_responses(shuffled)
    assert best.data.num_rows == len(scored)
    source = scored.data.table.column("response").chunk(0).buffers()[2].address
    assert best.data.table.column("response").chunk(0).buffers()[2].address == source
    order = shuffled["prompt"][:].index("p") < shuffled["prompt"][:].index("q")
    assert best["teacher"][:] == (["b", "a"] if order else ["a", "b"])


def test_a_row_shown_twice_can_be_selected_twice(scored):
    twice = select_responses(scored.select([1, 1]), k=None)
    assert twice["teacher"][:] == ["b", "b"]
    assert twice["selection_rank"][:] == [1, 2]


def test_format_is_kept(scored):
    best = select_responses(scored.with_format("numpy", columns=["local_naturalness"]))
    assert best.format["type"] == "numpy"
    assert best.format["columns"] == ["local_naturalness", "selection_score", "selection_rank"]
    assert isinstance(best[:]["selection_score"], np.ndarray)
    assert select_responses(scored.with_format("arrow")).format["columns"] == list(BEST)


def test_empty_dataset_gains_the_columns(scored):
    best, rejected = select_responses(scored.select([]), return_rejected=True)
    assert list(best.features) == list(BEST)
    assert len(best) == 0
    assert rejected.features["rejection_reason"] == Value("string")


@pytest.mark.parametrize("rows", [0, 2])
def test_columns_without_any_value(rows):
    columns = ["prompt", "teacher", "local_naturalness"]
    dataset = Dataset.from_dict({name: [None] * rows for name in columns})
    selected, rejected = select_responses(dataset, return_rejected=True)
    assert len(selected) == 0
    assert rejected["rejection_reason"][:] == ["missing_prompt"] * rows


def test_nothing_selected_is_said_aloud(scored, caplog):
    with caplog.at_level(logging.INFO):
        best = select_responses(scored, min_score=0.0)
    assert len(best) == 0
    assert list(best.features) == list(BEST)
    (message,) = caplog.messages
    assert message.startswith("Nothing is selected.")
    assert "min_score removed 6 (relax `min_score`)" in message
    assert caplog.records[0].levelname == "WARNING"


def test_a_prompt_column_that_groups_nothing_is_suspicious(scored, caplog):
    select_responses(scored, prompt_column="response")
    assert "Every prompt has a single candidate" in caplog.text


def test_fingerprint_depends_on_content_only(scored):
    first, second = select_responses(scored), select_responses(scored)
    assert first._fingerprint == second._fingerprint
    assert select_responses(scored, mode="worst")._fingerprint != first._fingerprint
    assert first._fingerprint != scored._fingerprint


def test_message_list_prompts():
    ask, ask_more = [{"role": "user", "content": "1+1"}], [{"role": "user", "content": "2+2"}]
    dataset = Dataset.from_dict(
        {
            "prompt": [ask, ask_more, ask, None],
            "teacher": ["a", "a", "b", "b"],
            "local_naturalness": [-2.0, -1.0, -1.5, -0.1],
        }
    )
    best, rejected = select_responses(dataset, return_rejected=True)
    assert best["teacher"][:] == ["b", "a"]
    assert best["prompt"][:] == [ask, ask_more]
    assert rejected["rejection_reason"][:] == ["not_in_top_k", "missing_prompt"]


def test_many_chunks_and_large_strings():
    text = pa.chunked_array([["p", "q"], ["q"], [], ["p"]], type=pa.large_string())
    dataset = Dataset(InMemoryTable(pa.table({"prompt": text, "score": [1.0, 2.0, 3.0, 4.0]})))
    assert dataset.data.column("prompt").num_chunks > 1
    assert select_responses(dataset, by="score", direction="high")["score"][:] == [4.0, 3.0]
