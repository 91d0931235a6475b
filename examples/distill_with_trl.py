"""Score, select, and train the student on the selection with TRL's `SFTTrainer` for a few steps.

Needs the extra `trl` (`pip install 'local_naturalness[trl]'`). Runs offline on a CPU with the embedded
student and candidates:

    python examples/distill_with_trl.py --max-steps 20
"""

import argparse
import tempfile

from datasets import Dataset, load_dataset
from trl import SFTConfig, SFTTrainer

from local_naturalness import LocalScorer, select_responses
from local_naturalness.embedded import candidates_path, student_path


def as_conversation(row: dict) -> dict:
    """Prompt and completion as messages, so that the chat template that was scored is trained on."""
    return {
        "prompt": [{"role": "user", "content": row["prompt"]}],
        "completion": [{"role": "assistant", "content": row["response"]}],
    }


def train(selection: Dataset, max_steps: int, output: str) -> tuple[float, float]:
    """Loss on the selection's completions, in nats per token, before and after."""
    rows = selection.map(as_conversation, remove_columns=selection.column_names)
    trainer = SFTTrainer(
        model=student_path(),
        args=SFTConfig(
            output_dir=output,
            max_steps=max_steps,
            per_device_train_batch_size=4,
            learning_rate=1e-3,
            max_length=None,  # by default responses are cut after 1,024 tokens
            bf16=False,
            gradient_checkpointing=False,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=rows,
        eval_dataset=rows,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    return before, trainer.evaluate()["eval_loss"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N")
    parser.add_argument("--max-steps", type=int, default=10, metavar="N", help="optimiser steps")
    options = parser.parse_args()

    candidates = load_dataset("json", data_files=candidates_path(), split="train")
    first = set(candidates.unique("prompt")[: options.num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)
    scored = candidates.map(LocalScorer(student_path()), batched=True)
    selection = select_responses(scored, where="is_correct")

    with tempfile.TemporaryDirectory() as output:
        before, after = train(selection, options.max_steps, output)
    print(f"{len(selection)} selected responses: loss {before:.3f} before training, {after:.3f} after")


if __name__ == "__main__":
    main()
