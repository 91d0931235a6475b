"""Texts that are the same, ties, and picks that repeat themselves."""

import logging

import numpy as np
import pytest
from datasets import Dataset

from local_naturalness.selection import read_record, select_responses
from local_naturalness.selection.traits import excess_over_chance

HIGH = {"by": "score", "direction": "high"}


def test_no_text_is_picked_twice(make, caplog):
    texts = ["one", " one\n", "two", "one", "o ne", ""]
    dataset = make("pppqqq", "abcabc", score=[3.0, 2.0, 1.0] * 2, response=texts)
    for rows in (dataset, dataset.select(range(5, -1, -1)).select(range(5, -1, -1))):
        two, rejected = select_responses(rows, k=2, return_rejected=True, **HIGH)
        assert two["teacher"][:] == ["a", "c", "a", "b"]
        assert dict(zip(rejected["prompt"], rejected["rejection_reason"], strict=True)) == {
            "p": "duplicate",
            "q": "not_in_top_k",
        }
        assert read_record(two)["rejected"] == {"duplicate": 1, "not_in_top_k": 1}
    # The same text may answer different prompts, and one pick per prompt cannot be there twice.
    assert select_responses(dataset, **HIGH)["response"][:] == ["one", "one"]
    stream = select_responses(dataset.to_iterable_dataset(), k=2, **HIGH)
    assert [row["teacher"] for row in stream] == ["a", "c", "a", "b"]
    assert "Several picks of a prompt" not in caplog.text
    select_responses(dataset.remove_columns("response"), k=2, **HIGH)
    assert "there is no column 'response'" in caplog.text


def plain_duplicates(rows) -> list[str]:
    """Ids of rows whose words an earlier row of the same prompt has."""
    seen, repeated = set(), []
    for row in rows:
        key = row["prompt"], " ".join((row["response"] or "").split())
        if key in seen and key[1]:
            repeated.append(row["id"])
        seen.add(key)
    return repeated


def test_duplicates_equal_a_plain_loop():
    generator = np.random.default_rng(0)
    words = ["a", "b", "ä" * 70, "b" * 100, " ", "\n\n", "\t", " " * 90, "."]
    rows = [
        {
            "id": str(place),
            "prompt": f"p{place // 12}",
            "score": -float(place),
            "response": None
            if place % 50 == 0
            else "".join(generator.choice(words, generator.integers(0, 5))),
        }
        for place in range(600)
    ]
    _, rejected = select_responses(Dataset.from_list(rows), k=50, return_rejected=True, **HIGH)
    assert rejected["id"][:] == plain_duplicates(rows)
    assert len(rejected) > 50


def test_empty_texts_and_messages(make):
    messages = [[{"role": "assistant", "content": text}] for text in ("x  y", "x y", "x y")]
    dataset = make("ppp", "abc", score=[3.0, 2.0, 1.0], response=messages)
    assert len(select_responses(dataset, k=3, **HIGH)) == 1
    nulls = make("ppp", "abc", score=[3.0, 2.0, 1.0], response=[None, None, "z"])
    assert len(select_responses(nulls, k=3, **HIGH)) == 3


def test_ties_are_counted(make, caplog):
    dataset = make("ppqqr", "ababa", score=[1.0, 1.0, 2.0, 1.0, 5.0])
    with caplog.at_level(logging.INFO, logger="local_naturalness"):
        best = select_responses(dataset, **HIGH)
    assert read_record(best)["ties"] == 1
    assert "For 1 prompt, a row with the same score as the last pick was not selected" in caplog.text


def loops(share: float, num_prompts: int = 40) -> Dataset:
    """Two answers a prompt; the better one loops in a share of the prompts, else it is the other one."""
    rows = []
    for prompt in range(num_prompts):
        best_loops = prompt < share * num_prompts
        for place in range(2):
            loop = best_loops == (place == 0)
            rows.append(
                {
                    "prompt": f"p{prompt}",
                    "teacher": "ab"[place],
                    "local_naturalness": -float(place),
                    "repeated_step_share": 0.6 if loop else 0.0,
                }
            )
    return Dataset.from_list(rows)


@pytest.mark.parametrize(("share", "is_said"), [(1.0, True), (0.7, True), (0.5, False), (0.0, False)])
def test_picks_that_repeat_themselves_more_are_said(share, is_said, caplog):
    best = select_responses(loops(share))
    numbers = f"{60 * share:.1f} % of their tokens are in repeated steps, against 30.0 % for"
    assert (numbers in caplog.text) == is_said
    assert ('`where="repeated_step_share < 0.2"`' in caplog.text) == is_said
    traits = read_record(best)["traits"]["repeated_step_share"]
    assert traits == {"column": "repeated_step_share", "before": 0.3, "after": pytest.approx(0.6 * share)}
    caplog.clear()
    select_responses(loops(share), where="repeated_step_share < 0.2")
    assert "repeat themselves" not in caplog.text


def test_chance_is_no_reason_to_warn(caplog):
    generator = np.random.default_rng(0)
    warned = 0
    for _ in range(60):
        caplog.clear()
        select_responses(
            Dataset.from_dict(
                {
                    "prompt": np.repeat(np.arange(60), 4),
                    "teacher": list("abcd") * 60,
                    "local_naturalness": generator.normal(size=240),
                    "repeated_step_share": np.where(generator.random(240) < 0.1, 0.5, 0.02),
                }
            )
        )
        warned += "repeat themselves" in caplog.text
    # 5 % of 60, and two standard errors.
    assert warned <= 6


def test_the_excess_of_random_picks_is_standard_normal():
    generator = np.random.default_rng(1)
    prompt = np.repeat(np.arange(50), 4)
    numbers = generator.random(200)
    z = []
    for _ in range(400):
        rows = np.concatenate([4 * p + generator.choice(4, 1 + p % 2, replace=False) for p in range(50)])
        z.append(excess_over_chance(numbers, prompt, np.arange(200), rows)[1])
    assert abs(np.mean(z)) < 3 / 20
    assert np.std(z) == pytest.approx(1.0, abs=0.11)
