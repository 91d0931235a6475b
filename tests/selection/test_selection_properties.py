"""What must hold for any table."""

import math

import numpy as np
import pytest
from datasets import Dataset, disable_progress_bars
from hypothesis import given, settings
from hypothesis import strategies as st

from local_naturalness.selection import select_responses
from local_naturalness.selection.candidates import chi2_weights, rank_rows

disable_progress_bars()
SCORES = st.one_of(st.none(), st.integers(-50, 50).map(float), st.just(math.nan))


@st.composite
def tables(draw, scores=SCORES, unique=False):
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from("pqrs"), st.sampled_from("abc"), scores),
            min_size=1,
            max_size=24,
            unique_by=(lambda row: (row[0], row[2])) if unique else None,
        )
    )
    prompt, teacher, score = zip(*rows, strict=True)
    return Dataset.from_dict(
        {
            "prompt": list(prompt),
            "teacher": list(teacher),
            "score": np.array(score, dtype=float),
            "row": list(range(len(rows))),
        }
    )


def rows_of(dataset, **arguments):
    return select_responses(dataset, **{"by": "score", "direction": "high", **arguments})["row"][:]


@given(tables(), st.sampled_from([1, 2, None]), st.sampled_from(["high", "low"]))
@settings(max_examples=40, deadline=None)
def test_equals_a_plain_loop(dataset, k, direction):
    expected = []
    rows = dataset.to_list()
    for prompt in dict.fromkeys(row["prompt"] for row in rows):
        valid = [row for row in rows if row["prompt"] == prompt and not math.isnan(row["score"])]
        sign = -1 if direction == "high" else 1
        valid.sort(key=lambda row: sign * row["score"])
        expected += [row["row"] for row in valid[:k]]
    assert rows_of(dataset, k=k, direction=direction) == expected


@given(tables(st.integers(-500, 500).map(float), unique=True), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_of_rows_decides_only_ties(dataset, random):
    order = list(range(len(dataset)))
    random.shuffle(order)
    for arguments in ({"k": 2}, {"by": {"score": 1.0}}, {"by": "score", "weights": "chi2"}):
        assert set(rows_of(dataset, **arguments)) == set(rows_of(dataset.select(order), **arguments))


@given(tables(), st.integers(1, 9), st.integers(-9, 9))
@settings(max_examples=25, deadline=None)
def test_affine_change_does_not_change_a_choice(dataset, scale, shift):
    changed = dataset.remove_columns("score").add_column("score", np.array(dataset["score"]) * scale + shift)
    assert rows_of(changed, k=None) == rows_of(dataset, k=None)
    combined = {"by": {"score": 2.0}, "k": None}
    assert rows_of(changed, **combined) == rows_of(dataset, **combined)


@given(tables(), st.sampled_from(["zscore", "rank"]), st.sampled_from(["high", "low"]))
@settings(max_examples=25, deadline=None)
def test_one_weight_equals_the_single_criterion(dataset, normalize, direction):
    single = rows_of(dataset, k=None, direction=direction)
    arguments = {"k": None, "normalize": normalize, "direction": direction}
    assert rows_of(dataset, by={"score": 0.7}, **arguments) == single


@given(tables())
@settings(max_examples=25, deadline=None)
def test_every_row_is_selected_or_rejected_once(dataset):
    selected, rejected = select_responses(dataset, by="score", direction="high", k=None, return_rejected=True)
    assert sorted([*selected["row"], *rejected["row"]]) == list(range(len(dataset)))
    assert set(rejected["rejection_reason"][:]) <= {"null_score"}
    for row in selected:
        better = [
            other for other in selected if other["prompt"] == row["prompt"] and other["score"] > row["score"]
        ]
        assert row["selection_rank"] > len(better)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 9)), min_size=1), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_chi2_weights_are_shares(rows, k):
    prompt, value = (np.array(part) for part in zip(*rows, strict=True))
    ranking = rank_rows(prompt, value.astype(float), np.ones(len(prompt), dtype=bool))
    picked = ranking.position < k
    weights = chi2_weights(ranking, picked)
    assert (weights >= 0).all()
    of_prompt = np.bincount(prompt[ranking.rows[picked]], weights)
    assert of_prompt[np.unique(prompt)] == pytest.approx(1.0)
