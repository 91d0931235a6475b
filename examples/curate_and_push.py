"""Curate a dataset and a random control, and publish both.

The control is a random selection of the same candidates with the same share of each teacher. If a student
that is trained on the selection is not better than one that is trained on the control, the criterion did not
help. Without `--repo`, both are written to Parquet files, which needs no login:

    python examples/curate_and_push.py --output curated
    python examples/curate_and_push.py --repo me/curated
"""

import argparse
from collections import Counter

from datasets import Dataset, load_dataset

from local_naturalness import LocalScorer, push_selection, select_responses
from local_naturalness.embedded import candidates_path, student_path

SHORTEST, LONGEST = 5, 800  # tokens


def is_usable(row: dict) -> bool:
    """Correct, and neither a bare answer nor extremely long."""
    return row["is_correct"] and SHORTEST <= row["num_tokens"] <= LONGEST


def publish(selection: Dataset, name: str, options: argparse.Namespace) -> str:
    """Push to the Hub if a repository was named, else write Parquet; the place where it is now."""
    if options.repo:
        suffix = "" if name == "selection" else f"-{name}"
        return push_selection(selection, options.repo + suffix, private=True)
    path = f"{options.output}/{name}/{name}.parquet"
    selection.to_parquet(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N")
    parser.add_argument("--repo", metavar="ID", help="repository to push to; the control goes to ID-control")
    parser.add_argument("--output", metavar="DIR", default="curated", help="folder if there is no --repo")
    options = parser.parse_args()

    candidates = load_dataset("json", data_files=candidates_path(), split="train")
    first = set(candidates.unique("prompt")[: options.num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)
    scored = candidates.map(LocalScorer(student_path()), batched=True)

    selection, rejected = select_responses(
        scored,
        by="local_naturalness",
        where=is_usable,
        max_teacher_share=0.6,
        return_rejected=True,
    )
    control = select_responses(scored, by="random", where=is_usable, match=selection)

    print("Rejected:", dict(Counter(rejected["rejection_reason"])))
    for name, rows in {"selection": selection, "control": control}.items():
        shares = Counter(rows["teacher"]).most_common()
        print(f"{name}: {len(rows)} responses, {dict(shares)}, now in {publish(rows, name, options)}")


if __name__ == "__main__":
    main()
