"""One training: the student, rows to learn from, and what it can do afterwards."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import load_dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
)

from harness.answers import is_right
from harness.files import write_whole
from harness.generation import answers_to
from harness.rendering import opening_of

RESULT = "result.json"


@dataclass(frozen=True)
class Training:
    """All that one training depends on, small enough to be sent to another process.

    Args:
        folder: Gets `result.json` when all is done, and `answers.json`.
        student: Hub id or folder.
        rows: Parquet file with `prompt` and `response`; None evaluates the student as it is.
        questions: Parquet file with `prompt` and `reference`.
        answer: A name in `ANSWERS`.
        seed: Of the order of rows.
        settings: Arguments of `SFTConfig`.
        generation: See `answers_to`.
    """

    folder: Path
    student: str
    rows: Path | None
    questions: Path
    answer: str
    seed: int
    settings: Mapping[str, Any]
    generation: Mapping[str, Any]

    def result(self) -> dict[str, Any] | None:
        """What was found when the training was finished, None before."""
        path = self.folder / RESULT
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def train(training: Training) -> dict[str, Any]:
    """Train and evaluate unless that is done already; return the result.

    Returns:
        `accuracy`, `correct` (one bool per question), `tokens` (seen in training, prompts included, padding
        not), `cut_off` (share of the answers that `max_new_tokens` ended), `training_seconds`,
        `evaluation_seconds`.
    """
    finished = training.result()
    if finished is not None:
        return finished
    training.folder.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(training.student)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # masked wherever it pads
    # Steps of Adam are small beside weights in bfloat16 and would be rounded away; `bf16 = true` in the
    # settings computes in bfloat16 all the same.
    model = AutoModelForCausalLM.from_pretrained(training.student, dtype=torch.float32)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    started = time.monotonic()
    tokens = _fit(model, tokenizer, training) if training.rows else 0
    trained = time.monotonic()
    questions = load_dataset("parquet", data_files=str(training.questions), split="train")
    responses, cut_off = answers_to(questions["prompt"][:], model, tokenizer, **training.generation)
    correct = [
        is_right(response, reference, training.answer)
        for response, reference in zip(responses, questions["reference"], strict=True)
    ]
    _write_json(training.folder / "answers.json", responses)
    result = {
        "accuracy": sum(correct) / len(correct),
        "correct": correct,
        "tokens": tokens,
        "cut_off": cut_off,
        "training_seconds": round(trained - started, 1),
        "evaluation_seconds": round(time.monotonic() - trained, 1),
    }
    _write_json(training.folder / RESULT, result)
    return result


def _fit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, training: Training) -> int:
    """Train in place; returns the number of tokens seen."""
    from trl import SFTConfig, SFTTrainer  # takes seconds, and only this needs it

    rows = load_dataset("parquet", data_files=str(training.rows), split="train")
    if tokenizer.chat_template:
        rows = rows.map(_as_conversation, remove_columns=rows.column_names)
    else:
        rows = rows.map(
            lambda row: {"prompt": opening_of(row["prompt"], tokenizer), "completion": row["response"]},
            remove_columns=rows.column_names,
        )
    defaults = {
        "save_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "include_num_input_tokens_seen": "non_padding",
        "max_length": None,  # by default responses are cut after 1,024 tokens
    }
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        args=SFTConfig(
            output_dir=str(training.folder), seed=training.seed, **(defaults | dict(training.settings))
        ),
        train_dataset=rows,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    if training.settings.get("save_strategy", "no") != "no":
        trainer.save_model(str(training.folder / "student"))
    return int(trainer.state.num_input_tokens_seen)


def _as_conversation(row: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """Messages, so that the chat template that was scored is trained on."""
    return {
        "prompt": [{"role": "user", "content": row["prompt"]}],
        "completion": [{"role": "assistant", "content": row["response"]}],
    }


def _write_json(path: Path, content: Any) -> None:
    write_whole(path, lambda file: file.write_text(json.dumps(content), encoding="utf-8"))
