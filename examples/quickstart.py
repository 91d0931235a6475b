"""Score candidate responses, rank the teachers, and keep the best response to each prompt.

Runs offline with the embedded student and candidates:

    python examples/quickstart.py
    python examples/quickstart.py --student Qwen/Qwen2.5-7B --candidates candidates.jsonl
"""

import argparse

from datasets import load_dataset

from local_naturalness import LocalScorer, rank_teachers, select_responses
from local_naturalness.embedded import candidates_path, student_path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--student", default=student_path(), help="hub id or folder")
    parser.add_argument(
        "--candidates", default=candidates_path(), help="file with prompt, teacher and response"
    )
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N")
    options = parser.parse_args()

    candidates = load_dataset("json", data_files=options.candidates, split="train")
    first = set(candidates.unique("prompt")[: options.num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)

    scored = candidates.map(LocalScorer(options.student), batched=True)
    print(rank_teachers(scored))

    best = select_responses(scored, by="local_naturalness", k=1)
    print(f"\nBest responses to the first {len(best)} prompts:")
    for row in best:
        print(f"  {row['selection_score']:7.3f}  {row['teacher']:<10} {' '.join(row['prompt'].split())[:60]}")


if __name__ == "__main__":
    main()
