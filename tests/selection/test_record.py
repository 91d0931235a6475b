"""The trace a selection leaves in the dataset's description."""

import math

import numpy as np
from datasets import Dataset, load_from_disk

from local_naturalness.selection import read_record, select_responses, write_record


def test_what_is_recorded(scored):
    dataset = scored.add_column("local_naturalness_spec", ["student=s@1; window=4"] * 6)
    record = read_record(select_responses(dataset, where="correct", min_score=-0.65))
    assert record == {
        "by": "local_naturalness",
        "directions": {"local_naturalness": "high"},
        "mode": "best",
        "k": 1,
        "where": "correct",
        "min_score": -0.65,
        "max_teacher_share": None,
        "match": False,
        "match_length": False,
        "normalize": "zscore",
        "weights": None,
        "prompt_column": "prompt",
        "teacher_column": "teacher",
        "seed": 0,
        "rows": 6,
        "prompts": 2,
        "selected": 2,
        "prompts_selected": 2,
        "rejected": {"where": 2, "min_score": 2},
        "teacher_shares_before": {"a": 0.333333, "b": 0.333333, "c": 0.333333},
        "teacher_shares_after": {"b": 0.5, "c": 0.5, "a": 0.0},
        "ties": 0,
        # Of the candidates that pass `where` and `min_score`: c's answer to p and b's to q.
        "traits": {
            "accuracy": {"column": "correct", "before": 1.0, "after": 1.0},
            "num_tokens": {"column": "num_tokens", "before": 35.0, "after": 35.0},
        },
        "unscored": {},
        "specs": {"local_naturalness_spec": "student=s@1; window=4"},
    }


def test_it_survives_select_map_and_disk(scored, tmp_path):
    best = select_responses(scored)
    record = read_record(best)
    changed = best.select([1]).map(lambda row: {"prompt": row["prompt"] + "?"})
    changed.save_to_disk(tmp_path / "saved")
    assert read_record(load_from_disk(tmp_path / "saved")) == record


def test_the_description_and_earlier_records_are_kept(scored):
    scored.info.description = "Two prompts.\n\nBy hand."
    wide = select_responses(scored, k=2)
    best = select_responses(wide)
    assert best.info.description.startswith("Two prompts.\n\nBy hand.\n\nlocal_naturalness selection:")
    assert read_record(best)["k"] == 1
    assert read_record(best)["previous"] == read_record(wide)
    assert scored.info.description == "Two prompts.\n\nBy hand."


def test_a_function_is_recorded_by_its_name(scored):
    def long_enough(row):
        return row["num_tokens"] > 10

    record = read_record(select_responses(scored, where=long_enough))
    assert record["where"].endswith("long_enough")


def test_no_record():
    dataset = Dataset.from_dict({"prompt": ["p"]})
    assert read_record(dataset) is None
    write_record(dataset, {"by": "line\nbreak", "shares": {"ä": 1.0}})
    assert read_record(dataset) == {"by": "line\nbreak", "shares": {"ä": 1.0}}


def test_reasons_of_missing_scores_are_counted(scored):
    dataset = scored.remove_columns("local_naturalness")
    dataset = dataset.add_column("local_naturalness", [-0.9, None, None, -0.2, math.nan, -math.inf])
    dataset = dataset.add_column(
        "local_naturalness_status", ["ok", "missing_response", None, "ok", "non_finite", "non_finite"]
    )
    shuffled = dataset.select([5, 4, 3, 2, 1, 0])
    counts = {"local_naturalness_status": {"non_finite": 2, "no status": 1, "missing_response": 1}}
    assert read_record(select_responses(shuffled))["unscored"] == counts
    some = dataset.select([1, 3])
    counts = {"local_naturalness_status": {"missing_response": 1}}
    assert read_record(select_responses(some))["unscored"] == counts


def test_a_computed_criterion_needs_all_of_its_columns(scored):
    dataset = scored.add_column("global_naturalness", [-1.0, None, -2.0, -1.0, -3.0, -1.0])
    dataset = dataset.add_column("brier", [0.5, 0.5, None, 0.25, 0.5, 0.25])
    dataset = dataset.add_column("global_naturalness_status", ["ok", "missing_response", "ok"] + 3 * ["ok"])
    record = read_record(select_responses(dataset, by="learnability"))
    assert record["unscored"] == {"global_naturalness_status": {"missing_response": 1, "ok": 1}}


def test_numbers_of_numpy_are_recorded(scored):
    one = np.ones(1, dtype=np.int64)[0]
    record = read_record(select_responses(scored, k=one, by={"local_naturalness": np.float32(0.5)}, seed=one))
    assert (record["k"], record["by"]) == (1, {"local_naturalness": 0.5})
