"""How often tokenizers join prompt and response in a trainer, and how much that moves a score.

python tests/benchmarks/seams.py rows.jsonl --student ID [--plain] [--line-breaks]

With --line-breaks every response begins with one. Behind a prompt that ends in a line break, many tokenizers
write both as one token.
"""

import argparse
from collections import Counter

import torch
from datasets import load_dataset

from local_naturalness import Student
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.training.source import find_source
from local_naturalness.training.student_text import StudentText, Tokens
from local_naturalness.training.trl_agreement import Agreement, agreement


def mean_log_prob(model: torch.nn.Module, tokens: Tokens) -> float:
    """Of what is trained on, in nats per token."""
    whole = torch.tensor([[*tokens.prompt, *tokens.trained]])
    with torch.no_grad():
        log_probs = model(whole).logits[0, :-1].float().log_softmax(-1)
    of_next = log_probs.gather(1, whole[0, 1:, None])[:, 0]
    return float(of_next[-len(tokens.trained) :].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=candidates_path(), help="JSON Lines of rows")
    parser.add_argument("--student", default=student_path(), help="hub id or folder")
    parser.add_argument("--plain", action="store_true", help="without its chat template, as a base model")
    parser.add_argument("--line-breaks", action="store_true", help="begin every response with a line break")
    parser.add_argument("--rows", type=int, default=10, help="of which scores are compared")
    options = parser.parse_args()
    rows = load_dataset("json", data_files=str(options.file), split="train")
    if options.line_breaks:
        rows = rows.map(lambda row: {"response": f"\n{row['response']}"})
    student = Student(options.student)
    tokenizer = student.tokenizer
    if options.plain:
        tokenizer.chat_template = None
    text = StudentText(tokenizer)
    found: Counter[Agreement] = Counter()
    moved, lengths = [], []
    for _, example in find_source(rows, "prompt", "response").read(rows):
        if not (example.response or "").strip():
            continue
        how = agreement(example, text, as_messages=text.is_chat)
        found[how] += 1
        if how is Agreement.SEAM and len(moved) < options.rows:
            made = text.of_messages(example) if text.is_chat else text.of_texts(example)
            assert made is not None
            both = [mean_log_prob(student.model(), tokens) for tokens in (text.scored(example), made[0])]
            moved.append(abs(both[0] - both[1]))
            lengths.append(len(text.scored(example).trained))
    for how, count in found.items():
        print(f"{count:6d} of {found.total()} rows: {how.value}")
    if moved:
        mean = sum(moved) / len(moved)
        print(
            f"Scores of {len(moved)} of them, of {sum(lengths) / len(lengths):.0f} tokens on average, move "
            f"by {mean:.4f} nats per token, {max(moved):.4f} at most."
        )


if __name__ == "__main__":
    main()
