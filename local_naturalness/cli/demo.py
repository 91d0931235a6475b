"""Score, rank teachers and select on the embedded student and candidates.

Example:

    local-naturalness demo --output local-naturalness-demo
"""

import argparse
from collections import Counter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="DIR",
        default="local-naturalness-demo",
        help="folder for the results (default: local-naturalness-demo)",
    )


def run(options: argparse.Namespace) -> None:
    import torch

    from local_naturalness import GlobalScorer, LocalScorer, rank_teachers, select_responses
    from local_naturalness.cli.description import keep_description
    from local_naturalness.cli.tables import read_table
    from local_naturalness.counted import counted
    from local_naturalness.embedded import candidates_path, student_path
    from local_naturalness.report import write_report
    from local_naturalness.store.output_folder import OutputFolder

    output = OutputFolder(options.output, "curated")
    output.check(may_replace=True)

    # More threads do not help a student of a million parameters, and slow it down where cores are shared.
    torch.set_num_threads(1)
    candidates = read_table(candidates_path())
    responses, prompts = len(candidates), len(set(candidates["prompt"]))
    print(f"Scoring {counted(responses, 'response')} to {counted(prompts, 'prompt')} ...", flush=True)
    scorer = LocalScorer(student_path(), return_steps=True)
    scored = candidates.map(scorer, batched=True, batch_size=16, desc="Scoring")

    print("\nWhich teacher?\n")
    print(rank_teachers(scored))

    best = select_responses(scored, by="local_naturalness", k=1)
    wins = Counter(best["teacher"])
    print("\nWhich response? The locally most natural one to each prompt:\n")
    for teacher, count in wins.most_common():
        print(f"  {teacher:<12} {count:>3} of {counted(len(best), 'prompt')}")
    print(
        f"\n{sum(best['is_correct'])} of these answers are correct: a natural answer can be wrong. With "
        '`where="is_correct"`,\nonly correct answers are candidates.'
    )

    # The example with the fewest steps fits on a screen.
    number = min(range(len(best)), key=lambda row: (best["num_steps"][row] < 3, best["num_steps"][row]))
    example = best[number]
    print(f"\nOne choice: {example['teacher']} is locally more natural than")
    for other in scored.filter(lambda row: row["prompt"] == example["prompt"]):
        if other["teacher"] != example["teacher"]:
            print(f"  {other['teacher']:<12} {other['local_naturalness']:.3f}")
    print(f"\nWhat exactly was scored (nats per token beside each step):\n\n{scorer.show(example)}")

    output.write_table(best.to_parquet)
    keep_description(best, output.table)
    print(f"\nThe curated dataset ({counted(len(best), 'row')}) is in {output.table}")
    print(
        f"To see any of its rows: local-naturalness show {options.output} --student {student_path()} --row "
        f"{number}"
    )
    # The page shows where in a trace the other criterion would have chosen differently.
    overall = GlobalScorer(student_path(), return_steps=True)
    scored = scored.map(overall, batched=True, batch_size=16, desc="Scoring globally")
    report = write_report(scored, output.folder / "report.html", selection=best)
    print(f"The report that shows why: {report}")
