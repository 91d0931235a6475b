"""SQL expressions about one row, in the dialect of polars, without its surprises.

Polars takes numbers for bits beside `and` and `or`. It counts lengths without a sign, so that 2 - 3 of them
is 4,294,967,295. NaN, such as 0 / 0, is greater than every number. `1 < x < 3` compares a bool with 3. Each
of these would choose other rows than the expression says.
"""

import re
from collections.abc import Callable

import polars as pl

# All that needs one row only. What is not named here, such as reading files or averages, is refused.
_FUNCTIONS = frozenset(
    "abs array_length cast ceil char_length coalesce ends_with exp floor greatest least left length ln log "
    "lower ltrim mod nullif pow regexp_like replace right round rtrim sign sqrt starts_with strpos substr "
    "trim try_cast upper".split()
)
_WORDS_BEFORE_BRACKETS = frozenset("and or not in when then else between like ilike is case".split())
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_QUERY = re.compile(r"\b(?:select|table|values|with|(?<!distinct )from)\b|--|/\*", re.IGNORECASE)
# What stands between two of these is one comparison at most.
_BETWEEN_COMPARISONS = re.compile(
    r"\b(?:and|or|not|case|when|then|else|end|is|in|like|ilike)\b|[(),]", re.IGNORECASE
)
_COMPARED = re.compile(r"<>|[<>]=?|!=|==?")

_COUNT = re.compile(r"\b(?:array_length|char_length|length|strpos)\s*\(", re.IGNORECASE)
_MAY_BE_NAN = re.compile(r"\b(?:ln|log|mod|pow|sqrt)\s*\(", re.IGNORECASE)
# A divisor that may be 0: a column, a call or brackets.
_DIVISOR = re.compile(r"(?<=[/%])\s*(?!case\b)(?:[A-Za-z_][\w.]*\s*\(?|\()", re.IGNORECASE)


def expression_of(where: str) -> pl.Expr:
    """The expression of a `where`.

    Lengths may be subtracted, and what has no value (such as 0 / 0, x / 0 or the root of -1) is null.

    Raises:
        ValueError: It is no SQL expression, looks at more than one row, or compares a comparison.

    Example:

    >>> table = pl.DataFrame({"text": ["ab", "abcd"], "right": [0, 1], "tries": [0, 1]})
    >>> shown = [expression_of(where) for where in ("length(text) - 3 > 0", "right / tries > 0.5")]
    >>> [table.select(one).to_series().to_list() for one in shown]
    [[False, True], [None, True]]
    """
    plain = _QUOTED.sub(" ", where)
    called = {name.lower() for name in _CALLED.findall(plain)} - _WORDS_BEFORE_BRACKETS
    unknown = sorted(called - _FUNCTIONS)
    if unknown or _QUERY.search(plain):
        raise ValueError(
            f"`where` may look at one row only, found "
            f"{unknown[0] if unknown else 'a query or a comment'} in "
            f"{where!r}. It may use columns, constants, and, or, not, in, between, like, is null, case, "
            f"arithmetic and the functions {', '.join(sorted(_FUNCTIONS))}. For anything else, pass a "
            "function of a row in Python."
        )
    if any(len(_COMPARED.findall(part)) > 1 for part in _BETWEEN_COMPARISONS.split(plain)):
        raise ValueError(
            f"`where` has comparisons in a chain, found {where!r}: join two comparisons with `and`, such as "
            "1 < x and x < 3."
        )
    whole = _rewritten(where, _COUNT, "cast({} as bigint)".format)
    whole = _rewritten(whole, _MAY_BE_NAN, "nullif({}, cast('nan' as double))".format)
    whole = _rewritten(whole, _DIVISOR, "nullif({}, 0)".format)
    try:
        return pl.sql_expr(whole)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"`where` is no SQL expression: {where!r} ({first_line(error)}).") from error


def first_line(error: Exception) -> str:
    """What an error of polars says; below it stand the query and advice for its authors."""
    return str(error).strip().split("\n")[0]


def _rewritten(where: str, pattern: re.Pattern[str], new: Callable[[str], str]) -> str:
    """Every part that begins with a pattern, up to the closing bracket if the pattern opens one, replaced."""
    masked = _QUOTED.sub(lambda found: "_" * len(found[0]), where)
    # From the last one to the first, so that a part inside another one is replaced before it.
    for found in reversed(list(pattern.finditer(masked))):
        end, depth = found.end(), int(masked[found.end() - 1] == "(")
        while depth and end < len(masked):
            depth += {"(": 1, ")": -1}.get(masked[end], 0)
            end += 1
        part = new(where[found.start() : end])
        where = f"{where[: found.start()]}{part}{where[end:]}"
        masked = f"{masked[: found.start()]}{'_' * len(part)}{masked[end:]}"
    return where
