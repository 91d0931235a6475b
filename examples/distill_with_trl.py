"""Train a student with TRL's `SFTTrainer` on the output of `local-naturalness select --export trl`.

Needs the extra `trl` (`pip install 'local_naturalness[trl]'`).

    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-0.5B --output scored
    local-naturalness select scored --output curated --export trl --student Qwen/Qwen2.5-0.5B
    python examples/distill_with_trl.py curated/selected.parquet --student Qwen/Qwen2.5-0.5B --output student

Without a file, the embedded candidates are scored, selected and trained on, offline on a CPU:

    python examples/distill_with_trl.py --max-steps 20
"""

import argparse
import tempfile
from pathlib import Path

from datasets import Dataset, load_dataset
from torch.utils.data import WeightedRandomSampler
from trl import SFTConfig, SFTTrainer

from local_naturalness import LocalScorer, select_responses
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.selection import export


class WeightedTrainer(SFTTrainer):
    """Draws rows as often as `selection_weight` says, which `select --weights chi2` adds."""

    def _get_train_sampler(self, train_dataset=None):
        return WeightedRandomSampler(self.train_dataset["selection_weight"], len(self.train_dataset))


def train(
    selection: Dataset, student: str, max_steps: int, output: str, learning_rate: float
) -> tuple[float, float]:
    """Loss on the selected responses, in nats per token, before and after."""
    trainer_class = WeightedTrainer if "selection_weight" in selection.column_names else SFTTrainer
    trainer = trainer_class(
        model=student,
        args=SFTConfig(
            output_dir=output,
            max_steps=max_steps,
            per_device_train_batch_size=4,
            learning_rate=learning_rate,
            max_length=None,  # by default responses are cut after 1,024 tokens
            bf16=False,
            activation_checkpointing=False,
            save_strategy="no",
            report_to="none",
        ),
        train_dataset=selection,
        eval_dataset=selection,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    trainer.save_model(output)
    return before, trainer.evaluate()["eval_loss"]


def select_embedded(num_prompts: int, path: Path) -> None:
    """What the two commands above do, with the embedded student and candidates."""
    candidates = load_dataset("json", data_files=candidates_path(), split="train")
    first = set(candidates.unique("prompt")[:num_prompts])
    candidates = candidates.filter(lambda row: row["prompt"] in first)
    scored = candidates.map(LocalScorer(student_path()), batched=True)
    selection = select_responses(scored, where="is_correct")
    export(selection, "trl", student=student_path()).to_parquet(path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("selection", nargs="?", metavar="FILE", help="output of `select --export trl`")
    parser.add_argument("--student", default=student_path(), metavar="ID", help="student to train")
    parser.add_argument("--output", metavar="DIR", help="folder for the trained student")
    parser.add_argument("--num-prompts", type=int, default=12, metavar="N", help="without a file")
    parser.add_argument("--max-steps", type=int, default=10, metavar="N", help="optimiser steps")
    parser.add_argument(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="(default: 2e-5, or 1e-3 for the tiny embedded student)",
    )
    options = parser.parse_args()
    learning_rate = options.learning_rate or (1e-3 if options.student == student_path() else 2e-5)

    with tempfile.TemporaryDirectory() as folder:
        path = options.selection or Path(folder) / "selected.parquet"
        if options.selection is None:
            select_embedded(options.num_prompts, path)
        selection = load_dataset("parquet", data_files=str(path), split="train")
        output = options.output or folder
        before, after = train(selection, options.student, options.max_steps, output, learning_rate)
    print(f"{len(selection)} selected responses: loss {before:.3f} before training, {after:.3f} after")


if __name__ == "__main__":
    main()
