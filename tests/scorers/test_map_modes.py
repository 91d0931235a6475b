"""One scorer, every way of calling `map`, and direct calls: the same values and the declared types."""

import pytest
from datasets import Dataset, DatasetDict, List, Value

from local_naturalness import GlobalScorer, LocalScorer

ROWS = {
    "prompt": ["Hi", "Add 1 and 2.", None, "Hi", "Hi", "Hi", "Again", "And?"],
    "response": [
        "So it is.",
        "It is 3.\n\nIt is done.",
        "x",
        None,
        " ",
        "a b",
        "It is\nso.",
        "Well then, I say.",
    ],
    "teacher": list("abcabcab"),
}
INT, FLOAT, TEXT = Value("int32"), Value("float64"), Value("string")
LOCAL_TYPES = {
    "local_naturalness": FLOAT,
    "local_naturalness_status": TEXT,
    "local_naturalness_spec": TEXT,
    "num_steps": INT,
    "num_tokens": INT,
    "repeated_step_share": FLOAT,
    "local_naturalness_stderr": FLOAT,
    "step_scores": List(FLOAT),
    "step_spans": List(List(INT)),
    "prompt_key": TEXT,
    "response_key": TEXT,
}
GLOBAL_TYPES = {
    "global_naturalness": FLOAT,
    "global_naturalness_status": TEXT,
    "global_naturalness_spec": TEXT,
    "initial_loss": FLOAT,
    "num_tokens": INT,
    "rank_surprisal_ratio": FLOAT,
    "mean_clipped_rank": FLOAT,
    "brier": FLOAT,
    "entropy": FLOAT,
    "high_entropy_sum": FLOAT,
    "prediction_difficulty": FLOAT,
    "seqlss": FLOAT,
    "global_naturalness_by_step": FLOAT,
    "global_naturalness_drop": FLOAT,
    "first_token_log_prob": FLOAT,
    "num_steps": INT,
    "repeated_step_share": FLOAT,
    "global_step_scores": List(FLOAT),
    "step_tokens": List(INT),
    "step_spans": List(List(INT)),
    "prompt_key": TEXT,
    "response_key": TEXT,
}
MODES = [{"batched": False}] + [{"batched": True, "batch_size": size} for size in (1, 7, 64)]


@pytest.fixture(scope="module", params=["local", "global"])
def scorer(request, model, tokenizer):
    if request.param == "local":
        return LocalScorer(model, tokenizer=tokenizer, max_steps=3, return_steps=True)
    statistics = ["rank", "brier", "entropy", "mass_above", "steps"]
    return GlobalScorer(model, tokenizer=tokenizer, statistics=statistics, return_steps=True)


def types_of(scorer):
    return LOCAL_TYPES if isinstance(scorer, LocalScorer) else GLOBAL_TYPES


def assert_same(found, expected):
    """Columns as lists; batches of other sizes round differently."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        if isinstance(values[0], float):
            assert found[name] == pytest.approx(values, abs=1e-5), name
        elif name in ("step_scores", "global_step_scores"):
            for a, b in zip(found[name], values, strict=True):
                assert a == pytest.approx(b, abs=1e-5) if b else a is None
        else:
            assert found[name] == values, name


def added(dataset, scorer):
    return {name: list(dataset[name]) for name in types_of(scorer)}


def test_a_dict_of_lists_gives_lists(scorer):
    scored = scorer(ROWS)
    assert scored.keys() == types_of(scorer).keys()
    assert all(type(values) is list and len(values) == 8 for values in scored.values())
    values = [value for values in scored.values() for value in values]
    assert {type(value) for value in values} <= {float, int, str, list, type(None)}
    assert scored[f"{scorer.criterion}_status"] == [
        "ok", "ok", "missing_prompt", "missing_response", "empty_response", "ok", "ok", "ok",
    ]  # fmt: skip


def test_a_dict_of_values_gives_values(scorer):
    rows = [scorer({name: values[i] for name, values in ROWS.items()}) for i in range(8)]
    assert all(type(row) is dict for row in rows)
    assert_same({name: [row[name] for row in rows] for name in rows[0]}, scorer(ROWS))


def test_a_batch_of_no_rows_gives_no_values(scorer):
    assert all(values == [] for values in scorer({"prompt": [], "response": []}).values())


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_dataset(scorer, mode):
    scored = Dataset.from_dict(ROWS).map(scorer, **mode)
    assert_same(added(scored, scorer), scorer(ROWS))
    assert {name: scored.features[name] for name in types_of(scorer)} == types_of(scorer)
    assert scored.select_columns(list(ROWS)).to_dict() == ROWS


@pytest.mark.parametrize("mode", MODES, ids=str)
def test_streaming(scorer, mode):
    rows = list(Dataset.from_dict(ROWS).to_iterable_dataset(num_shards=2).map(scorer, **mode))
    assert_same({name: [row[name] for row in rows] for name in types_of(scorer)}, scorer(ROWS))
    assert [row["teacher"] for row in rows] == ROWS["teacher"]


@pytest.mark.parametrize("mode", MODES[::3], ids=str)
def test_dataset_dict(scorer, mode):
    splits = DatasetDict(train=Dataset.from_dict(ROWS), test=Dataset.from_dict(ROWS).select([5, 1]))
    scored = splits.map(scorer, **mode)
    expected = scorer(ROWS)
    assert_same(added(scored["train"], scorer), expected)
    expected = {name: [values[5], values[1]] for name, values in expected.items()}
    assert_same(added(scored["test"], scorer), expected)


@pytest.mark.parametrize("batched", [False, True])
def test_rank_is_none_without_workers(scorer, batched):
    scored = Dataset.from_dict(ROWS).map(scorer, batched=batched, with_rank=True)
    assert_same(added(scored, scorer), scorer(ROWS))


@pytest.mark.parametrize("batched", [False, True])
def test_only_the_new_columns_may_be_kept(scorer, batched):
    scored = Dataset.from_dict(ROWS).map(scorer, batched=batched, remove_columns=list(ROWS))
    assert sorted(scored.column_names) == sorted(types_of(scorer))
    assert_same(added(scored, scorer), scorer(ROWS))


@pytest.mark.parametrize("mode", MODES[::2], ids=str)
def test_types_when_the_first_thousand_rows_are_null(scorer, mode):
    """`map` fixes the types of new columns after a thousand rows."""
    rows = {"prompt": ["Hi"] * 1002, "response": [None] * 1001 + ["So it is."]}
    scored = Dataset.from_dict(rows).map(scorer, **mode)
    assert {name: scored.features[name] for name in types_of(scorer)} == types_of(scorer)
    assert scored[scorer.criterion][:1001] == [None] * 1001
    assert scored[scorer.criterion][1001] == pytest.approx(scorer(ROWS)[scorer.criterion][0], abs=1e-5)
    assert scored["num_tokens"][:2] == [0, 0]


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("format", ["numpy", "torch"])
def test_tensor_formats_do_not_matter(scorer, format, batched):
    scored = Dataset.from_dict(ROWS).with_format(format).map(scorer, batched=batched)
    assert_same(added(scored.with_format(None), scorer), scorer(ROWS))


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("format", ["pandas", "polars"])
def test_table_formats_are_refused(scorer, format, batched):
    dataset = Dataset.from_dict(ROWS).with_format(format)
    with pytest.raises(TypeError, match=r"'pandas' or 'polars' .*`dataset.with_format\(None\)`"):
        dataset.map(scorer, batched=batched)


@pytest.mark.parametrize("format", [None, "numpy", "torch"])
@pytest.mark.parametrize("batched", [False, True])
def test_messages_and_lists_of_steps(model, chat_tokenizer, format, batched):
    """Columns of lists, which formats turn into other kinds of sequences."""
    prompts = [[{"role": "user", "content": "Hi"}], [{"role": "user", "content": "Add."}]]
    rows = {"prompt": prompts, "response": ["A b. C", "D"], "steps": [["A b.", "C"], ["D"]]}
    conversations = [
        [*prompt, {"role": "assistant", "content": response}]
        for prompt, response in zip(prompts, rows["response"], strict=True)
    ]
    given = LocalScorer(model, tokenizer=chat_tokenizer, steps_column="steps")
    expected = given(rows)
    assert expected["num_steps"] == [2, 1]
    scored = Dataset.from_dict(rows).with_format(format).map(given, batched=batched).with_format(None)
    assert_same({name: list(scored[name]) for name in expected}, expected)

    whole = LocalScorer(model, tokenizer=chat_tokenizer, messages_column="turns")
    expected = LocalScorer(model, tokenizer=chat_tokenizer)(rows)
    scored = Dataset.from_dict({"turns": conversations}).with_format(format).map(whole, batched=batched)
    assert_same({name: list(scored.with_format(None)[name]) for name in expected}, expected)
