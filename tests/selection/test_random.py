"""Random choices belong to a seed and to content, nothing else."""

import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from datasets import Dataset

from local_naturalness.selection import select_responses


def test_other_order_of_rows_same_choice(many):
    best = select_responses(many, by="random", k=2)
    other = select_responses(many.shuffle(seed=1), by="random", k=2)
    assert set(best["response"][:]) == set(other["response"][:])


def test_other_seed_other_choice(many):
    one = select_responses(many, by="random")["response"][:]
    assert one == select_responses(many, by="random", seed=0)["response"][:]
    assert one != select_responses(many, by="random", seed=1)["response"][:]
    for same in (0.0, np.int64(0)):
        assert one == select_responses(many, by="random", seed=same)["response"][:]


def test_every_teacher_is_picked_alike(many):
    counts = Counter()
    for seed in range(5):
        counts += Counter(select_responses(many, by="random", seed=seed)["teacher"][:])
    # 2,000 picks among four teachers that answer equally often: 500 each, +- 4 deviations.
    assert all(abs(number - 500) < 80 for number in counts.values()), counts


def test_repeated_answers_of_one_teacher_are_told_apart():
    rows = [
        {"prompt": f"p{prompt}", "teacher": "a", "response": f"answer {answer} to {prompt}"}
        for prompt in range(200)
        for answer in range(3)
    ]
    dataset = Dataset.from_list(rows)
    picks = select_responses(dataset, by="random")["response"][:]
    assert all(45 < number < 90 for number in Counter(pick.split()[1] for pick in picks).values())
    assert set(picks) == set(select_responses(dataset.shuffle(seed=2), by="random")["response"][:])


def test_numbers_are_the_same_in_every_process_and_version():
    # Pinned: a change here changes published random controls.
    dataset = Dataset.from_dict({"prompt": ["p", "p"], "teacher": ["a", "b"]})
    scores = select_responses(dataset, by="random", k=None)["selection_score"][:]
    code = (
        "from datasets import Dataset; from local_naturalness.selection import select_responses;"
        "d = Dataset.from_dict({'prompt': ['p', 'p'], 'teacher': ['a', 'b']});"
        "print(select_responses(d, by='random', k=None)['selection_score'][:])"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    )
    assert elsewhere.stdout.strip() == str(scores)
    assert scores == [0.7530939551918588, 0.10574508364239055]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (("prompt", "generation"), "'generation' as 'response'"),
        (("question", "response"), "'question' as 'prompt'"),
        (("prompt", "text"), None),
    ],
)
def test_a_column_that_scorers_read_under_another_name_is_named(columns, named):
    """A teacher answers twice, so that responses are read."""
    rows = Dataset.from_dict({columns[0]: ["a", "a"], columns[1]: ["x", "y"], "teacher": ["t", "t"]})
    with pytest.raises(ValueError, match="is needed but not there") as refused:
        select_responses(rows, by="random")
    assert ("`to_rows` of `local_naturalness.shapes`" in str(refused.value)) == (named is not None)
    assert named is None or f"Scorers read {named}" in str(refused.value)
