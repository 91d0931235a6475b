"""Selection and ranking over real multi-teacher rows, with length standing in for a score."""

from pathlib import Path

import pytest
from datasets import load_dataset

from local_naturalness.selection import select_responses
from local_naturalness.teachers import rank_teachers

DATA = Path(__file__).parents[2].parent / "shared" / "data"
GROUPS = {"gsm8k_multi_teacher": 1, "mixed_multi_teacher": 3, "long_traces": 3}


@pytest.mark.parametrize("name", GROUPS)
def test_nothing_is_lost(name, tmp_path):
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        pytest.skip(f"{path.name} is not in ../shared/data")
    rows = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path))
    rows = rows.add_column("characters", [len(text) for text in rows["response"]])
    selected, rejected = select_responses(rows, by="characters", direction="low", return_rejected=True)
    assert len(selected) + len(rejected) == len(rows)
    assert selected["prompt"][:] == list(dict.fromkeys(rows["prompt"]))
    shortest = rows.to_pandas().groupby("prompt", sort=False)["characters"].min()
    assert selected["characters"][:] == shortest.tolist()
    ranking = rank_teachers(rows, by="characters", direction="low", num_bootstrap=200)
    assert len(ranking.groups) == GROUPS[name]
    assert sorted(ranking.to_pandas()["teacher"]) == sorted(set(rows["teacher"]))
