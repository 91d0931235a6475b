"""Use local naturalness as an `evaluate` metric: for each teacher, and for batches that are added one by one.

Runs offline with the embedded student and candidates:

    python examples/use_as_metric.py
"""

import argparse

import evaluate
from datasets import load_dataset

from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.metric import metric_path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N")
    options = parser.parse_args()

    candidates = load_dataset("json", data_files=candidates_path(), split="train")
    first = set(candidates.unique("prompt")[: options.num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)
    metric = evaluate.load(metric_path())

    for teacher in candidates.unique("teacher"):
        rows = candidates.filter(lambda row, teacher=teacher: row["teacher"] == teacher)
        results = metric.compute(
            predictions=rows["response"], prompts=rows["prompt"], model_id=student_path()
        )
        print(f"{teacher:<10} {results['mean_local_naturalness']:7.3f}")

    # As an evaluation loop would use it: batch by batch, one result at the end.
    for batch in candidates.iter(batch_size=8):
        metric.add_batch(predictions=batch["response"], references=batch["prompt"])
    results = metric.compute(model_id=student_path())
    scored = sum(score is not None for score in results["local_naturalness"])
    print(f"all        {results['mean_local_naturalness']:7.3f} ({scored} of {len(candidates)} scored)")


if __name__ == "__main__":
    main()
