"""How much the choice of the splitter matters: scores and picks on real multi-teacher data, as Markdown.

python tests/benchmarks/splitters_compared.py gsm8k_multi_teacher.jsonl mixed_multi_teacher.jsonl
"""

import argparse
import re
from pathlib import Path

from datasets import load_dataset

from local_naturalness import LocalScorer, compare_criteria
from local_naturalness.embedded import student_path

SPLITTERS = {
    "sentence": "sentence",
    "line": "line",
    "paragraph": "paragraph",
    r"(\. \|\? )": re.compile(r"(\. |\? )"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="JSON Lines with prompt, teacher, response")
    parser.add_argument(
        "--student", default=student_path(), help="hub id or folder (default: the embedded one)"
    )
    parser.add_argument(
        "--longest", type=int, default=10_000, help="characters of the longest response scored"
    )
    options = parser.parse_args()
    for file in options.files:
        rows = load_dataset("json", data_files=str(file), split="train")
        rows = rows.filter(lambda row: len(row["response"]) <= options.longest)
        for place, splitter in enumerate(SPLITTERS.values()):
            scorer = LocalScorer(options.student, splitter=splitter, suffix=f"_{place}")
            rows = rows.map(scorer, batched=True, batch_size=256)
        print(report(rows, file.stem), flush=True)


def report(rows, name: str) -> str:
    """One table: steps, agreement with the default splitter, share of prompts with another pick."""
    columns = [f"local_naturalness_{place}" for place in range(len(SPLITTERS))]
    comparison = compare_criteria(rows, columns)
    tokens = sum(rows["num_tokens_0"])
    lines = [
        f"`{name}`, {len(rows)} rows, {tokens:,} tokens:",
        "",
        "| splitter | steps per 1,000 tokens | tau with `sentence` | another pick than `sentence` |",
        "|---|---|---|---|",
    ]
    for place, splitter in enumerate(SPLITTERS):
        steps = sum(rows[f"num_steps_{place}"])
        tau = comparison.tau.loc[columns[0], columns[place]]
        changed = 1 - comparison.overlap.loc[columns[0], columns[place]]
        lines.append(f"| `{splitter}` | {1000 * steps / tokens:.1f} | {tau:.3f} | {changed:.1%} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
