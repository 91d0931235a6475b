"""Do criteria prefer correct responses? Scores real answers of known correctness with the embedded student.

No student is trained. So this shows how criteria relate to correctness, not what training on their choice
does.

    python examples/distill/real_text_auc.py gsm8k_multi_teacher.jsonl mixed_multi_teacher.jsonl \
        --output distill-output/real-text

Each file needs the columns `prompt`, `teacher`, `response` and `is_correct`. If there is a column `domain`,
each domain is reported separately. Finished scores in the output folder are kept.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset, disable_progress_bars
from harness.auc import Auc, auc_between_responses, auc_within_prompts
from harness.experiment import Experiment
from harness.markdown import markdown
from harness.reading import read_table
from harness.scores import directions, score

from local_naturalness import Student, select_responses
from local_naturalness.embedded import student_path

WINDOWS = (0, 1, 2, 4, 0.25, "all")


def values_of(scored: Dataset, criteria: dict[str, str]) -> pd.DataFrame:
    """Every criterion for every row, turned so that high is better; NaN where there is none."""
    numbered = scored.add_column("row", range(len(scored)))
    table = {}
    for criterion, better in criteria.items():
        # Some criteria are no columns; a selection of everything tells their values.
        ranked = select_responses(numbered, by=criterion, direction=better, k=None)
        values = np.full(len(scored), np.nan)
        values[ranked["row"][:]] = ranked["selection_score"][:]
        table[criterion] = values if better == "high" else -values
    return pd.DataFrame(table)


def tables_of(scored: Dataset, criteria: dict[str, str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """AUC by domain within prompts, and by teacher across prompts: criteria in rows."""
    rows = scored.select_columns(["prompt", "teacher", "is_correct"]).to_pandas()
    rows["domain"] = scored["domain"][:] if "domain" in scored.column_names else "all"
    values = values_of(scored, criteria)
    by_domain = {"criterion": list(criteria)}
    for domain, members in rows.groupby("domain", sort=True):
        right, prompts = members["is_correct"], members["prompt"]
        aucs = [auc_within_prompts(values.loc[members.index, one], right, prompts) for one in criteria]
        by_domain |= column_of(domain, aucs)
    by_teacher = {"criterion": list(criteria)}
    for teacher, members in rows.groupby("teacher", sort=True):
        right = members["is_correct"]
        aucs = [auc_between_responses(values.loc[members.index, one], right) for one in criteria]
        by_teacher |= column_of(teacher, aucs)
    return pd.DataFrame(by_domain), pd.DataFrame(by_teacher)


def column_of(name: str, aucs: Sequence[Auc]) -> dict[str, list[str]]:
    """Cells that rest on fewer pairs than the head says, because responses lack the score, say so.

    Without any pair there is no column.
    """
    most = max(one.num_pairs for one in aucs)
    if not most:
        return {}
    cells = [f"{one}{f' on {one.num_pairs}' if 0 < one.num_pairs < most else ''}" for one in aucs]
    return {f"{name}, {most} pairs": cells}


def window(text: str) -> int | float | str:
    """A window as on the command line: steps, a share of the steps before, or all of them."""
    if text == "all":
        return text
    return int(text) if text.isdecimal() else float(text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", metavar="FILE")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--student", default=student_path(), metavar="ID", help="(the embedded one)")
    parser.add_argument("--splitter", default="sentence")
    parser.add_argument(
        "--windows", nargs="+", type=window, default=WINDOWS, help="fewer for long texts (0 1 2 4 0.25 all)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (1)")
    options = parser.parse_args()
    disable_progress_bars()
    student = Student(options.student)
    for source in options.tables:
        name = Path(source).stem
        experiment = Experiment(
            name=name,
            student=options.student,
            candidates=source,
            questions="",
            answer="final_number",
            splitter=options.splitter,
            windows=tuple(options.windows),
        )
        rows = read_table(source, ["prompt", "teacher", "response", "is_correct"])
        rows = rows.filter(lambda row: row["is_correct"] is not None)
        scored = score(rows, experiment, student, options.output / "scores", options.workers)
        by_domain, by_teacher = tables_of(scored, directions(experiment))
        text = f"Within prompts:\n\n{markdown(by_domain)}\n\nWithin teachers:\n\n{markdown(by_teacher)}\n"
        (options.output / f"{name}.md").write_text(text)
        print(f"{name}\n\n{text}")


if __name__ == "__main__":
    main()
