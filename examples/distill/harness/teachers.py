"""Which teacher does a criterion choose from, and does it order the teachers as training did?"""

from collections.abc import Mapping

import pandas as pd
from datasets import Dataset

from local_naturalness import compare_criteria, rank_teachers, select_responses


def rank_by_all(scored: Dataset, directions: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Every criterion's ranking of the teachers, see `TeacherRanking.to_pandas`, with teachers as index.

    Args:
        scored: All candidates.
        directions: Criterion -> "high" or "low".
    """
    return {
        criterion: rank_teachers(scored, by=criterion, direction=better).to_pandas().set_index("teacher")
        for criterion, better in directions.items()
    }


def criteria_against_training(
    scored: Dataset,
    rankings: Mapping[str, pd.DataFrame],
    directions: Mapping[str, str],
    accuracies: Mapping[str, float],
) -> pd.DataFrame:
    """Spearman's correlation of teacher means with accuracies after training, by criterion.

    Args:
        scored: All candidates.
        rankings: See `rank_by_all`.
        directions: Criterion -> "high" or "low".
        accuracies: Teacher -> accuracy of the students trained on it.

    Returns:
        Columns `criterion`, `better`, `spearman`, `spearman_low`, `spearman_high`, `first_teacher`,
        `p_best` (share of bootstrap draws in which it is first) and `its_accuracy`; strongest first.
    """
    related = compare_criteria(scored, directions, outcomes=accuracies).to_pandas().set_index("criterion")
    table = []
    for criterion, ranking in rankings.items():
        first = ranking.index[0]
        table.append(
            {
                "criterion": criterion,
                "better": directions[criterion],
                **related.loc[criterion, ["spearman", "spearman_low", "spearman_high"]].to_dict(),
                "first_teacher": first,
                "p_best": ranking.loc[first, "p_best"],
                "its_accuracy": accuracies.get(first),
            }
        )
    return pd.DataFrame(table).sort_values("spearman", ascending=False, ignore_index=True)


def picks_of(scored: Dataset, directions: Mapping[str, str]) -> pd.DataFrame:
    """What would be trained on if every prompt had the response that a criterion likes best.

    Args:
        scored: All candidates.
        directions: Criterion -> "high" or "low".

    Returns:
        For each `criterion` the `teacher` that most of its picks are from, that teacher's `share` of them,
        the share of picks that are `right` (NaN if nothing is known), and `tokens a response`.
    """
    table = []
    for criterion, better in directions.items():
        columns = {"teacher", "num_tokens", "is_correct"} & set(scored.column_names)
        picks = select_responses(scored, by=criterion, direction=better, k=1).select_columns(sorted(columns))
        frame = picks.to_pandas()
        shares = frame["teacher"].value_counts(normalize=True)
        table.append(
            {
                "criterion": criterion,
                "better": better,
                "teacher": shares.index[0],
                "share": float(shares.iloc[0]),
                "right": float(frame["is_correct"].mean()) if "is_correct" in frame else float("nan"),
                "tokens a response": float(frame["num_tokens"].mean()),
            }
        )
    return pd.DataFrame(table)
