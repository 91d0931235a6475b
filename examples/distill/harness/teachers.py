"""Does a criterion order the teachers as training did?"""

from collections.abc import Mapping

import pandas as pd
from datasets import Dataset

from local_naturalness import compare_criteria, rank_teachers


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
