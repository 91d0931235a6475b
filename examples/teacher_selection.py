"""Rank teachers by several criteria, and see how certain the rankings are and how far they agree.

All criteria but local naturalness come from a single pass over the full response. Local naturalness also
scores responses that are longer than the student's context. Runs offline with the embedded student and
candidates:

    python examples/teacher_selection.py
    python examples/teacher_selection.py --plot teachers.png
"""

import argparse

from datasets import load_dataset

from local_naturalness import GlobalScorer, LocalScorer, Student, compare_criteria, rank_teachers
from local_naturalness.embedded import candidates_path, student_path

CRITERIA = ("local_naturalness", "global_naturalness", "global_naturalness_by_step", "rank_surprisal_ratio")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N")
    parser.add_argument("--plot", metavar="PATH", help="also draw the ranking by local naturalness")
    options = parser.parse_args()

    candidates = load_dataset("json", data_files=candidates_path(), split="train")
    first = set(candidates.unique("prompt")[: options.num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)

    student = Student(student_path())  # one model for both scorers
    scored = candidates.map(LocalScorer(student), batched=True)
    scored = scored.map(GlobalScorer(student, statistics=["rank", "steps"]), batched=True)

    # A ranking prints its intervals, and warnings where the order is not evidence.
    rankings = {criterion: rank_teachers(scored, by=criterion) for criterion in CRITERIA}
    for ranking in rankings.values():
        print(ranking, end="\n\n")
    print(compare_criteria(scored, list(CRITERIA)))

    if options.plot:
        try:
            rankings["local_naturalness"].plot(options.plot)
            print(f"\nPlot written to {options.plot}")
        except ImportError as error:
            print(f"\nNo plot: {error}")


if __name__ == "__main__":
    main()
