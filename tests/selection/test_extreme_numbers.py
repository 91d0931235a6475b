"""Numbers at the ends of their types: compared as they are, or refused in one sentence."""

import pyarrow as pa
import pytest
from datasets import Dataset

from local_naturalness import rank_teachers, select_responses

LIMIT = 2**53  # beyond it, float64 no longer tells neighbours apart


def dataset(values, kind):
    columns = {"prompt": ["p"] * 3, "teacher": list("abc"), "score": pa.array(values, kind)}
    return Dataset(pa.table(columns))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([LIMIT, LIMIT + 1, LIMIT], pa.int64()),
        ([-LIMIT - 2, -LIMIT, -LIMIT - 1], pa.int64()),
        ([2**64 - 3, 2**64 - 1, 2**64 - 2], pa.uint64()),
        ([2**63, 2**63 + 1, None], pa.uint64()),
    ],
)
def test_integers_are_compared_exactly(values, kind):
    rows = dataset(values, kind)
    best = select_responses(rows, by="score", direction="high")
    assert best["teacher"][:] == ["b"]
    assert select_responses(rows, by="score", direction="low")["teacher"][:] == ["a"]
    assert select_responses(rows, by="score", direction="high", mode="worst")["teacher"][:] == ["a"]
    by_rank = {"by": {"score": 1.0}, "direction": {"score": "high"}, "normalize": "rank"}
    assert select_responses(rows, **by_rank)["teacher"][:] == ["b"]
    accepted = select_responses(rows, by="score", direction="high", min_score=values[1], k=None)
    assert accepted["teacher"][:] == ["b"]
    assert len(rank_teachers(rows, by="score", direction="high").groups[0].teachers) == 3 - (None in values)


@pytest.mark.parametrize("settings", [{"weights": "chi2"}, {"max_teacher_share": 0.5}, {"by": {"score": 1}}])
def test_numbers_whose_squares_overflow_are_refused_where_they_are_calculated_with(settings):
    rows = dataset([1e308, -1e308, 1.7e308], pa.float64())
    high = {"by": "score", "direction": {"score": "high"}}
    assert select_responses(rows, **high)["teacher"][:] == ["c"]
    with pytest.raises(ValueError, match=r"Numbers up to 1e\+30 can be .* 'score' holds 1.7e\+308"):
        select_responses(rows, **high | settings)


def test_numbers_whose_sums_overflow_are_not_averaged():
    with pytest.raises(ValueError, match=r"can be averaged, but 'score' holds 1.7e\+308: divide it"):
        rank_teachers(dataset([1e308, -1e308, 1.7e308], pa.float64()), by="score", direction="high")


@pytest.mark.parametrize("function", [rank_teachers, select_responses])
def test_prompts_and_teachers_of_bytes_are_refused(function):
    prompts = pa.array([b"a", b"\xff"])
    rows = Dataset(pa.table({"prompt": prompts, "teacher": ["a", "b"], "local_naturalness": [1.0, 2.0]}))
    with pytest.raises(TypeError, match=r"'prompt' must hold prompts as texts or messages, found bytes"):
        function(rows)
    rows = Dataset(pa.table({"prompt": ["a", "b"], "teacher": prompts, "local_naturalness": [1.0, 2.0]}))
    with pytest.raises(TypeError, match=r"'teacher' must hold names, found type binary"):
        function(rows)
