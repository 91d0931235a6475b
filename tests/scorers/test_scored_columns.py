"""Columns that are missing, misspelled, of the wrong kind, or there already: never guessed, never mixed."""

import pytest
from datasets import Dataset, DatasetDict
from texts import RESPONSE
from tiny_models import tiny_model

from local_naturalness import GlobalScorer, LocalScorer

ROW = {"prompt": "Hi", "response": "So it is."}
WIDE = {"prompt": "Hi", "response": ["So it is.", "It is."]}


@pytest.fixture(scope="module")
def local(model, tokenizer):
    return LocalScorer(model, tokenizer=tokenizer)


@pytest.fixture(scope="module")
def overall(model, tokenizer):
    return GlobalScorer(model, tokenizer=tokenizer)


def other_scorer(model, tokenizer, kind=LocalScorer, **settings):
    return kind(model, tokenizer=tokenizer, **settings)


def test_missing_column_names_needed_found_and_fix(overall):
    message = r"GlobalScorer needs the column 'response' and found 'prompt', 'text'\. Pass `response_column=`"
    with pytest.raises(ValueError, match=message):
        overall({"prompt": "Hi", "text": "x"})


@pytest.mark.parametrize(
    ("settings", "argument"),
    [
        ({"prompt_column": "promt"}, "prompt_column"),
        ({"response_column": "promt"}, "response_column"),
        ({"messages_column": "promt"}, "messages_column"),
        ({"steps_column": "promt"}, "steps_column"),
    ],
)
def test_misspelled_column_is_recognised(model, tokenizer, settings, argument):
    scorer = other_scorer(model, tokenizer, **settings)
    with pytest.raises(ValueError, match=f"Did you mean 'prompt'\\? Pass `{argument}=` with"):
        Dataset.from_dict({"prompt": ["Hi"], "response": ["x"]}).map(scorer)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"prompt": "Hi", "response": 3},
            r"'response' must hold texts, found int 3\. Convert .* `to_rows\(dataset\)`",
        ),
        ({"prompt": 3, "response": "x"}, "'prompt' must hold texts or lists of messages .* found int 3"),
        ({"prompt": ["a", "b"], "response": "x"}, "'prompt' must hold texts or lists of messages"),
        ({"prompt": [{"text": "a"}], "response": "x"}, "'role' and 'content'"),
    ],
)
def test_wrong_type_shows_column_and_value(local, row, message):
    with pytest.raises(TypeError, match=message):
        Dataset.from_list([row]).map(local)
    with pytest.raises(TypeError, match=message):
        Dataset.from_list([row]).map(local, batched=True)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("So it is.", "it must hold a list of the response's steps, found"),
        (3, "it must hold a list of the response's steps, found"),
        ([3], "Steps must be strings, but step 0 is a int"),
        (["Not so."], "Step 0, 'Not so.', does not stand at character 0"),
        ([], "The steps end at character 0 of"),
    ],
)
def test_steps_that_are_none_of_the_response_are_told_with_their_row(model, tokenizer, steps, message):
    scorer = other_scorer(model, tokenizer, steps_column="steps")
    rows = {name: [value] * 2 for name, value in ROW.items()} | {"steps": [[ROW["response"]], steps]}
    with pytest.raises((TypeError, ValueError), match=f"Row 1, column 'steps': {message}"):
        scorer(rows)


@pytest.mark.parametrize("kind", [Dataset, DatasetDict])
def test_a_dataset_is_not_a_row(local, kind):
    dataset = Dataset.from_list([ROW])
    dataset = dataset if kind is Dataset else DatasetDict(train=dataset)
    with pytest.raises(TypeError, match=f"found a {kind.__name__}: call `dataset.map\\(scorer, batched=True"):
        local(dataset)


@pytest.mark.parametrize("rows", ["text", ["text"], 3])
def test_what_is_not_a_dict_is_refused(local, rows):
    with pytest.raises(TypeError, match=r"needs rows as a dict or a `pyarrow\.Table`, found"):
        local(rows)


@pytest.mark.parametrize("batched", [False, True])
def test_wide_rows_are_sent_to_the_recipe(local, batched):
    with pytest.raises(
        TypeError, match=r"found list \['So it is.', 'It is.'\]\. Rows that hold several resp"
    ):
        Dataset.from_list([WIDE]).map(local, batched=batched)


@pytest.mark.parametrize("prompt", ["Hi", ["Hi"], ["Hi"] * 3])
def test_lists_of_other_lengths_are_no_batch(local, prompt):
    """A prompt of two letters must not be taken for two prompts."""
    with pytest.raises(ValueError, match=r"lists of one length, found 'prompt': .*, 'response': 2"):
        local(WIDE | {"prompt": prompt})


def test_other_names_and_the_last_assistant_turn(model, chat_tokenizer):
    local = other_scorer(model, chat_tokenizer)
    expected = local({"prompt": [{"role": "user", "content": "Hi"}], "response": "So it is."})
    named = other_scorer(model, chat_tokenizer, prompt_column="p", response_column="r")
    assert named({"p": "Hi", "r": "So it is.", "prompt": 3, "response": 4}) == expected
    whole = other_scorer(model, chat_tokenizer, messages_column="turns")
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "So it is."}]
    assert whole({"turns": turns}) == expected
    assert whole({"turns": [*turns, {"role": "user", "content": "Thanks"}]}) == expected
    assert whole({"turns": turns[:1]})["local_naturalness_status"] == "missing_response"
    assert whole({"turns": turns[1:]})["local_naturalness_status"] == "missing_prompt"
    assert whole({"turns": None})["local_naturalness_status"] == "missing_response"


def test_equal_settings_may_be_written_again(local):
    once = local(ROW)
    assert local(ROW | once) == once
    nothing_yet = dict.fromkeys(once)
    assert local(ROW | nothing_yet) == once


@pytest.mark.parametrize(
    ("settings", "difference"),
    [
        ({"window": 2}, "window 4 and 2"),
        ({"splitter": "line"}, "splitter sentence/2 and line/2"),
        ({"weighting": "token"}, "weighting default and token"),
    ],
)
def test_other_settings_are_not_written_over(model, tokenizer, local, settings, difference):
    other = other_scorer(model, tokenizer, **settings)
    message = rf"computed with other settings: .*window=4.* differ in {difference}\. .*`suffix=`"
    with pytest.raises(ValueError, match=message):
        other(ROW | local(ROW))
    beside = other_scorer(model, tokenizer, suffix="_other", **settings)
    both = local(ROW) | beside(ROW | local(ROW))
    assert both["local_naturalness_spec_other"] == other.spec
    assert beside(ROW | both) == beside(ROW)


def test_another_student_is_not_written_over(tokenizer, local, overall):
    other = GlobalScorer(tiny_model("llama", seed=1), tokenizer=tokenizer)
    for scorer in (local, overall):  # `num_tokens` would be that of another student
        with pytest.raises(ValueError, match="other settings"):
            other(ROW | scorer(ROW))


@pytest.mark.parametrize("column", ["local_naturalness", "num_tokens", "num_steps"])
def test_columns_of_others_are_not_written_over(local, column):
    with pytest.raises(
        ValueError, match=r"there is one already .*'local_naturalness_spec'.* `suffix=`"
    ) as error:
        local(ROW | {column: 7})
    assert f"'{column}'" in str(error.value)


@pytest.mark.parametrize("statistics", [(), ("steps",)])
@pytest.mark.parametrize("local_first", [True, False])
def test_both_scorers_write_into_one_table(model, tokenizer, local, statistics, local_first):
    overall = other_scorer(model, tokenizer, GlobalScorer, statistics=statistics)
    first, second = (local, overall) if local_first else (overall, local)
    both = ROW | first(ROW)
    both |= second(both)
    assert both == ROW | local(ROW) | overall(ROW)


def test_steps_counted_in_another_way_are_not_mixed(model, tokenizer, local):
    by_line = other_scorer(model, tokenizer, GlobalScorer, statistics=["steps"], splitter="line")
    with pytest.raises(ValueError, match="splitter=sentence/2"):
        by_line(ROW | local(ROW))
    # Without steps the splitter does not matter.
    other_scorer(model, tokenizer, GlobalScorer, splitter="line")(ROW | local(ROW))


@pytest.mark.parametrize("batched", [False, True])
def test_counts_of_a_row_that_only_one_scorer_can_score(tokenizer, batched):
    model = tiny_model("llama", max_position_embeddings=64)
    local = other_scorer(model, tokenizer)
    overall = other_scorer(model, tokenizer, GlobalScorer, statistics=["steps"])
    rows = {"prompt": ["Hi", "Hi"], "response": [RESPONSE, None]}
    locally = Dataset.from_dict(rows).map(local, batched=batched)
    both = locally.map(overall, batched=batched)
    assert both["global_naturalness_status"][:] == ["too_long_for_global", "missing_response"]
    assert (
        both["num_tokens"][:]
        == locally["num_tokens"][:]
        == [local(ROW | {"response": RESPONSE})["num_tokens"], 0]
    )
    assert both["num_steps"][:] == [8, 0]


@pytest.mark.parametrize("kinds", [(LocalScorer, GlobalScorer), (GlobalScorer, LocalScorer)])
def test_steps_of_both_scorers_stand_side_by_side(model, tokenizer, kinds):
    dataset = Dataset.from_dict({"prompt": ["Hi", "Hi"], "response": [RESPONSE, None]})
    for kind in kinds:
        dataset = dataset.map(kind(model, tokenizer=tokenizer, return_steps=True), batched=True)
    scored, unscored = dataset
    names = ("step_scores", "global_step_scores", "step_tokens", "step_spans")
    assert {len(scored[name]) for name in names} == {scored["num_steps"]} and scored["num_steps"] > 2
    assert all(unscored[name] is None for name in names)
    other = GlobalScorer(model, tokenizer=tokenizer, return_steps=True, splitter="line")
    with pytest.raises(ValueError, match="differ in splitter"):
        dataset.map(other, batched=True)


@pytest.mark.parametrize("suffix", ["", "_7b"])
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"response": "So it was."}, r"another response in 1 row, as 'response_key{}' shows"),
        ({"prompt": "Hello"}, r"another prompt in 1 row, as 'prompt_key{}' shows"),
    ],
)
def test_a_second_scorer_does_not_take_the_scores_of_another_text_for_its_own(
    model, tokenizer, changed, says, suffix
):
    first, second = (
        other_scorer(model, tokenizer, kind, suffix=suffix) for kind in (LocalScorer, GlobalScorer)
    )
    rows = Dataset.from_list([ROW, ROW]).map(first, batched=True).to_list()
    beside = Dataset.from_list(rows).map(second, batched=True)
    assert beside[0]["response_key" + suffix] == rows[0]["response_key" + suffix] is not None
    edited = Dataset.from_list([rows[0], rows[1] | changed])
    with pytest.raises(ValueError, match=says.format(suffix)):
        edited.map(second, batched=True)
    # The scorer itself writes the new score in the place of the old one.
    again = edited.map(first, batched=True)
    (text,) = set(changed) & {"response", "prompt"}
    assert again[0][f"{text}_key{suffix}"] != again[1][f"{text}_key{suffix}"]


def test_the_key_of_a_response_stays_where_the_second_scorer_cannot_score(model, tokenizer):
    rows = Dataset.from_list([ROW]).map(other_scorer(model, tokenizer), batched=True).to_list()
    (row,) = Dataset.from_list([rows[0] | {"response": None}]).map(
        other_scorer(model, tokenizer, GlobalScorer), batched=True
    )
    assert row["global_naturalness_status"] == "missing_response"
    assert row["response_key"] == rows[0]["response_key"]


@pytest.mark.parametrize("suffix", ["", "_7b"])
@pytest.mark.parametrize("changed", ["prompt", "response", None])
def test_a_score_of_another_text_is_not_shown(model, tokenizer, changed, suffix):
    scorer = other_scorer(model, tokenizer, suffix=suffix)
    (row,) = Dataset.from_list([ROW]).map(scorer, batched=True)
    shown = scorer.show(row | ({changed: "Never."} if changed else {}))
    assert (shown.scores == {f"local_naturalness{suffix}": row[f"local_naturalness{suffix}"]}) == (
        not changed
    )
    said = f"score of another {changed}, as `{changed}_key{suffix}` shows" in str(shown)
    assert said == bool(changed)
