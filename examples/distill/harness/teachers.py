"""Does a criterion order the teachers as training did?"""

from collections.abc import Mapping

import pandas as pd
from datasets import Dataset

from local_naturalness import compare_criteria, rank_teachers


def criteria_against_training(
    scored: Dataset, directions: Mapping[str, str], accuracies: Mapping[str, float]
) -> pd.DataFrame:
    """Spearman's correlation of teacher means with accuracies after training, by criterion.

    Args:
        scored: All candidates.
        directions: Criterion -> "high" or "low".
        accuracies: Teacher -> accuracy of the students trained on it.

    Returns:
        Columns `criterion`, `better`, `spearman`, `spearman_low`, `spearman_high`, `first_teacher`,
        `p_best` (share of bootstrap draws in which it is first) and `its_accuracy`; strongest first.
    """
    related = compare_criteria(scored, directions, outcomes=accuracies).to_pandas().set_index("criterion")
    table = []
    for criterion, better in directions.items():
        first = rank_teachers(scored, by=criterion, direction=better).to_pandas().iloc[0]
        spearman = related.loc[criterion, ["spearman", "spearman_low", "spearman_high"]]
        table.append(
            {
                "criterion": criterion,
                "better": better,
                **spearman.to_dict(),
                "first_teacher": first["teacher"],
                "p_best": first["p_best"],
                "its_accuracy": accuracies.get(first["teacher"]),
            }
        )
    return pd.DataFrame(table).sort_values("spearman", ascending=False, ignore_index=True)


def teacher_means(scored: Dataset, directions: Mapping[str, str]) -> pd.DataFrame:
    """The number by which each criterion ranks each teacher, teachers by criteria."""
    return pd.DataFrame(
        {
            criterion: rank_teachers(scored, by=criterion, direction=better, num_bootstrap=1)
            .to_pandas()
            .set_index("teacher")["mean"]
            for criterion, better in directions.items()
        }
    )
