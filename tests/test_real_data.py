"""The main job on slices of real multi-teacher data; nothing is lost between input and output."""

from pathlib import Path

import pytest
from datasets import load_dataset

from local_naturalness import LocalScorer, rank_teachers, select_responses
from local_naturalness.embedded import student_path

DATA = Path(__file__).parents[2] / "shared" / "data"


# (file, prompts of the slice, longest response in characters, so that the test stays short)
@pytest.mark.parametrize(
    ("name", "num_prompts", "longest"),
    [
        ("gsm8k_multi_teacher", 8, 2_000),
        ("mixed_multi_teacher", 8, 2_000),
        ("long_traces", 6, 12_000),
    ],
)
def test_scores_ranking_and_selection(name, num_prompts, longest):
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    ds = load_dataset("json", data_files=str(path), split="train")
    prompts = ds.unique("prompt_id")
    chosen = set(prompts[:: len(prompts) // num_prompts][:num_prompts])
    ds = ds.filter(lambda row: row["prompt_id"] in chosen and len(row["response"]) <= longest)

    scored = ds.map(LocalScorer(student_path()), batched=True)
    assert scored.remove_columns([c for c in scored.column_names if c not in ds.column_names]).to_list() == (
        ds.to_list()
    )
    statuses = set(scored["local_naturalness_status"])
    assert statuses <= {"ok", "context_trimmed", "step_in_pieces", "prompt_too_long"}
    for row in scored:
        has_score = row["local_naturalness"] is not None
        assert has_score == (row["local_naturalness_status"] != "prompt_too_long")
        assert not has_score or row["local_naturalness"] < 0

    best, rejected = select_responses(scored, return_rejected=True)
    assert len(best) + len(rejected) == len(scored)
    answered = {row["prompt"] for row in scored if row["local_naturalness"] is not None}
    assert best["prompt"] == list(dict.fromkeys(row["prompt"] for row in scored if row["prompt"] in answered))
    ranked = {
        teacher for group in rank_teachers(scored, num_bootstrap=50).groups for teacher in group.teachers
    }
    assert ranked == {row["teacher"] for row in scored if row["local_naturalness"] is not None}
