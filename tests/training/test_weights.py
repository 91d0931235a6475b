"""The lines about weights in the documentation run in a trainer, and rows are drawn as they say."""

import re
from collections import Counter
from pathlib import Path

import pytest
from datasets import Dataset, load_dataset
from starting import start_script

from local_naturalness import LocalScorer, select_responses
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.selection import export

trl = pytest.importorskip("trl", reason="needs the extra 'trl'")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text()


def test_rows_are_drawn_as_their_weights_say(tmp_path):
    code = re.search(r"<!-- weights:begin -->\n```python\n(.*?)```", PAGE, re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line]) <= 5
    names = {"SFTTrainer": trl.SFTTrainer}
    exec(code, names)
    shares = {"a": 0.7, "b": 0.3, "never": 0.0}
    rows = Dataset.from_dict(
        {
            "prompt": ["2 + 3?"] * 300,
            "response": [f"{text} {number}" for text in shares for number in range(100)],
            "selection_weight": [share for share in shares.values() for _ in range(100)],
        }
    )
    trainer = names["WeightedTrainer"](
        model=student_path(),
        args=trl.SFTConfig(
            str(tmp_path), max_length=None, report_to="none", use_cpu=True, bf16=False, max_steps=1
        ),
        train_dataset=export(rows, "trl", student=student_path()),
    )
    loader = trainer.get_train_dataloader()
    drawn = Counter(
        trainer.processing_class.decode(labels[labels != -100]).split()[0]
        for batch in loader
        for labels in batch["labels"]
    )
    assert drawn.total() == 300 and drawn["never"] == 0
    assert drawn["a"] == pytest.approx(210, abs=45)  # five standard deviations
    trainer.train()


def test_a_weighted_selection_is_trained_on_from_its_file(tmp_path):
    candidates = load_dataset("json", data_files=candidates_path(), split="train").filter(
        lambda row: len(row["response"]) < 300
    )
    scored = candidates.select(range(12)).map(LocalScorer(student_path()), batched=True)
    best = select_responses(scored, k=2, weights="chi2")
    export(best, "trl", student=student_path()).to_parquet(tmp_path / "selected.parquet")
    words = ["selected.parquet", "--max-steps", "2", "--output", "student"]
    printed = start_script(ROOT / "examples" / "distill_with_trl.py", *words, folder=tmp_path)
    before, after = map(float, re.search(r"loss (\S+) before training, (\S+) after", printed).groups())
    assert after < before
    assert (tmp_path / "student" / "model.safetensors").exists()
