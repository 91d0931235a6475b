"""Small scored datasets whose answers can be worked out by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from datasets import Dataset


@pytest.fixture
def scored() -> Dataset:
    """Two prompts, three teachers; the best by local naturalness are b for p and a for q."""
    return Dataset.from_dict(
        {
            "prompt": ["p", "p", "p", "q", "q", "q"],
            "teacher": ["a", "b", "c", "a", "b", "c"],
            "response": ["pa", "pb", "pc", "qa", "qb", "qc"],
            "local_naturalness": [-0.9, -0.4, -0.6, -0.2, -0.5, -0.7],
            "rank_surprisal_ratio": [3.0, 9.0, 6.0, 8.0, 2.0, 4.0],
            "num_tokens": [10, 30, 20, 40, 50, 60],
            "correct": [True, False, True, None, True, True],
        }
    )


@pytest.fixture
def make() -> Callable[..., Dataset]:
    """A dataset from columns; `prompt` and `teacher` are strings with one letter per row."""

    def build(prompt: str, teacher: str, **columns: Any) -> Dataset:
        return Dataset.from_dict({"prompt": list(prompt), "teacher": list(teacher), **columns})

    return build


@pytest.fixture
def many() -> Dataset:
    """400 prompts, four teachers, each with one or no answer, teacher d mostly the best."""
    generator = np.random.default_rng(7)
    rows = [
        {
            "prompt": f"question {prompt}",
            "teacher": teacher,
            "response": f"answer of {teacher} to {prompt}",
            "local_naturalness": float(generator.normal(-1 + 0.5 * (teacher == "d"), 0.3)),
        }
        for prompt in range(400)
        for teacher in "abcd"
        if generator.random() < 0.9
    ]
    return Dataset.from_list(rows)
