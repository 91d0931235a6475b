"""Which rows count: columns, SQL expressions and functions, the same for all that rank and select."""

import math

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Value

from local_naturalness import compare_criteria, rank_teachers, select_responses

ROWS = {
    "prompt": ["p", "p", "p", "q", "q", "q"],
    "teacher": ["a", "b", "c"] * 2,
    "response": ["pa", "pb", "pc", "qa", "qb", "qc"],
    "local_naturalness": [-0.1, -0.5, -0.9, -0.2, -0.6, math.nan],
    "num_tokens": [10, 20, 30, 40, 50, 60],
    "as_bool": [False, True, True, True, None, True],
    "as_int": [0, 1, 1, 1, None, 1],
    "as_float": [0.0, 1.0, 1.0, 1.0, math.nan, 1.0],
    "tiny": np.array([1, 2, 3, 4, 5, 6], np.uint8),
    "nothing": [0.0] * 6,
    "my column": [1, 2, 3, 4, 5, 6],
    "my verdict": ["yes", "no"] * 3,
    "my score": [0.1, 0.9] * 3,
}


@pytest.fixture
def rows():
    return Dataset.from_dict(ROWS)


def kept(rows: Dataset, where) -> list[str]:
    chosen = select_responses(rows, by="num_tokens", direction="low", k=None, where=where)
    return chosen["response"][:]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("as_bool", "pb pc qa qc"),
        ("as_int", "pb pc qa qc"),
        ("as_float", "pb pc qa qc"),
        ("as_bool and num_tokens < 50", "pb pc qa"),
        ("as_int and num_tokens < 50", "pb pc qa"),
        ("as_float and as_bool and num_tokens < 50", "pb pc qa"),
        ("as_int = 1 and num_tokens < 50", "pb pc qa"),
        ("not as_bool", "pa"),
        ("as_bool is null", "qb"),
        # NaN passes no bound, neither this nor the next.
        ("local_naturalness > -0.55", "pa pb qa"),
        ("local_naturalness <= -0.55", "pc qb"),
        ('"my column" between 2 and 3', "pb pc"),
        ("teacher in ('a', 'c') and not (num_tokens > 30)", "pa pc"),
        ("response = 'pa' or lower(teacher) like 'c%'", "pa pc qc"),
        ("teacher = 'select avg(x) from y -- z'", ""),
        # Numbers keep their sign, whatever their type, and are never taken for bits.
        ("tiny - 2 > 0", "pc qa qb qc"),
        ("length(teacher) - tiny >= -1", "pa pb"),
        ("not num_tokens and as_bool", ""),
        ("as_int and tiny > 2", "pc qa qc"),
        # What has no value passes no bound.
        ("as_int / as_int > 0.5", "pb pc qa qc"),
        ("sqrt(local_naturalness) > 0 or num_tokens / (tiny - 2) > 25", "pc"),
        ("tiny % nothing >= 0 or teacher <> 'a' and nothing = 0", "pb pc qb qc"),
        (lambda row: row["num_tokens"] == 20, "pb"),
        (lambda row: row["as_int"], "pb pc qa qc"),
    ],
)
def test_columns_expressions_and_functions(rows, where, expected):
    assert kept(rows, where) == expected.split()
    # An indices mapping is applied to the verdicts, and a stream gives the same.
    assert set(kept(rows.shuffle(seed=1), where)) == set(expected.split())
    assert [row["response"] for row in stream(rows, where)] == expected.split()


def stream(rows, where):
    return select_responses(rows.to_iterable_dataset(), by="num_tokens", direction="low", k=None, where=where)


def test_labels_are_compared_by_name():
    features = Features(
        {"prompt": Value("string"), "teacher": ClassLabel(names=["x", "y"]), "n": Value("int8")}
    )
    rows = Dataset.from_dict(
        {"prompt": ["p"] * 4, "teacher": [0, 1, -1, None], "n": [1, 2, 3, 4]}, features=features
    )

    def found(where):
        return select_responses(rows, by="n", direction="low", k=None, where=where)["n"][:]

    # -1 is a missing label, not the last one.
    assert (found("teacher = 'y'"), found("teacher is null"), found("teacher <> 'x'")) == ([2], [3, 4], [2])


def test_a_column_named_like_an_expression_is_the_column(rows):
    rows = rows.add_column("num_tokens < 30", [True] * 6)
    assert len(kept(rows, "num_tokens < 30")) == 6


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("kept", ValueError, r"Column 'kept' is needed but not there; found.*`where=\.\.\.`"),
        ("kept and as_bool", ValueError, "Column 'kept' is needed"),
        ("num_tokens", TypeError, r"must hold bools, or 0 and 1, found 10\."),
        ("num_tokens + 1", TypeError, "must hold bools, or 0 and 1, found 11"),
        (
            "teacher",
            TypeError,
            """type string. Write what is meant, such as `where="teacher = 'yes'"`""",
        ),
        ("lower(teacher)", TypeError, r"""such as `where="lower\(teacher\) = 'yes'"`"""),
        ("my verdict", TypeError, """such as `where=""my verdict" = 'yes'"`"""),
        ("my score", TypeError, """such as `where=""my score" > 0.5"`"""),
        ("num_tokens <", ValueError, "is no SQL expression"),
        ("teacher > 3", ValueError, "cannot be evaluated over the columns teacher String"),
        ("as_int and num_tokens", ValueError, r"`and` and `or` there must be bools, columns of 0 and 1"),
        ("num_tokens or tiny", ValueError, r"comparisons such as `x > 0`"),
        ("10 < num_tokens < 30", ValueError, "comparisons in a chain.*1 < x and x < 3"),
        ("1 = 1", ValueError, "must use a column"),
        ("num_tokens < avg(num_tokens)", ValueError, "one row only, found avg"),
        ("num_tokens in (select 1)", ValueError, "one row only, found a query"),
        ("num_tokens in (select a from read_csv('/etc/passwd'))", ValueError, "found read_csv"),
        ("num_tokens in (from \"read_csv\" ('/etc/passwd'))", ValueError, "found from"),
        ("case when true then (select 1) end = num_tokens", ValueError, "found a query"),
        ("num_tokens in (1 /* x */)", ValueError, "found a query or a comment"),
        ("row_number() over () = 1", ValueError, "one row only"),
        (3, TypeError, "an SQL expression or a function of a row, got int"),
        (lambda row: row["num_tokens"], TypeError, "must return True, False or None"),
    ],
)
def test_what_cannot_be_asked_of_a_row(rows, where, error, message):
    for function in (select_responses, rank_teachers, compare_criteria):
        with pytest.raises(error, match=message):
            function(rows, where=where)
