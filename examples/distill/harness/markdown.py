"""Results as Markdown tables."""

from collections.abc import Sequence

import pandas as pd

from harness.experiment import NO_FILTER
from harness.results import Outcome


def outcome_tables(outcomes: Sequence[Outcome], reference: str | None) -> str:
    """A table for each filter, best selection first."""
    filters = list(dict.fromkeys(one.filter for one in outcomes))
    blocks = []
    for where in filters:
        heading = "All candidates:" if where == NO_FILTER else f"Candidates with `{where}` only:"
        members = [one for one in outcomes if one.filter == where]
        blocks.append(f"{heading}\n\n{_outcomes(members, reference)}")
    return "\n\n".join(blocks) + "\n"


def _outcomes(outcomes: Sequence[Outcome], reference: str | None) -> str:
    table = {
        "trained on": [one.selection for one in outcomes],
        "accuracy": [str(one.accuracy) for one in outcomes],
        f"minus {reference}": [str(one.against_reference or "") for one in outcomes],
        "seeds": [one.seeds for one in outcomes],
        "rows": [f"{one.rows:.0f}" for one in outcomes],
        "of them right": ["" if one.share_right is None else f"{one.share_right:.2f}" for one in outcomes],
        "tokens a response": [
            "" if one.tokens_per_response is None else f"{one.tokens_per_response:.0f}" for one in outcomes
        ],
        "tokens in training": [f"{one.tokens:,.0f}" for one in outcomes],
        "answers cut off": [f"{one.cut_off:.2f}" for one in outcomes],
        "largest teacher share": [_largest(one.teachers) for one in outcomes],
    }
    if all(one.against_reference is None for one in outcomes):
        del table[f"minus {reference}"]
    return markdown(pd.DataFrame(table))


def _largest(shares: dict[str, float]) -> str:
    if not shares:
        return ""
    name = max(shares, key=shares.__getitem__)
    return f"{name} {shares[name]:.2f}"


def markdown(frame: pd.DataFrame) -> str:
    """A Markdown table; numbers with three digits behind the point."""
    rows = [list(map(str, frame.columns)), ["---"] * frame.shape[1]]
    rows += [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3f}"
    return str(value)
