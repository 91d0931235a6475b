"""A scorer with a store gives what it gives without one, and computes nothing twice."""

import json
import multiprocessing
import pickle

import pytest
import torch
from datasets import Dataset
from datasets.fingerprint import Hasher
from multiprocess.reduction import ForkingPickler
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.embedded import student_path

BATCHES = {"batched": True, "batch_size": 6, "load_from_cache_file": False}
DISTINCT = 21


@pytest.fixture
def dataset(rows):
    return Dataset.from_list(rows)


def scorer(**settings):
    return LocalScorer(student_path(), **settings)


def test_scores_are_those_without_a_store(dataset, tmp_path, scored_batches):
    plain = dataset.map(scorer(return_steps=True), **BATCHES)
    scored_batches.clear()
    first = dataset.map(scorer(return_steps=True, store=tmp_path), **BATCHES)
    assert sum(map(len, scored_batches)) == DISTINCT
    second = dataset.map(scorer(return_steps=True, store=tmp_path), **BATCHES)
    assert sum(map(len, scored_batches)) == DISTINCT
    assert first.to_list() == second.to_list()
    assert first.features == plain.features and first.column_names == plain.column_names
    # The same batches but for the row that is there twice, in the last one.
    assert first.to_list()[:18] == plain.to_list()[:18]
    assert first["local_naturalness"][:21] == pytest.approx(plain["local_naturalness"][:21], abs=1e-5)
    assert first["local_naturalness_status"][21] == "missing_response"


def test_rows_one_at_a_time_and_direct_calls(dataset, rows, tmp_path, scored_batches):
    batched = dataset.map(scorer(store=tmp_path), **BATCHES)
    single = dataset.map(scorer(store=tmp_path), load_from_cache_file=False)
    assert sum(map(len, scored_batches)) == DISTINCT
    assert single.to_list() == batched.to_list()
    assert scorer(store=tmp_path)(rows[0]).items() <= batched[0].items()
    assert sum(map(len, scored_batches)) == DISTINCT


def test_streaming(rows, tmp_path, scored_batches):
    stream = Dataset.from_list(rows).to_iterable_dataset()
    found = list(stream.map(scorer(store=tmp_path), batched=True, batch_size=6))
    assert found == list(stream.map(scorer(store=tmp_path), batched=True, batch_size=6))
    assert sum(map(len, scored_batches)) == DISTINCT


@pytest.mark.skipif(multiprocessing.get_start_method() != "fork", reason="other platforms spawn")
# `datasets` forks its workers; Python 3.12 and later warn where torch has threads.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_workers_share_a_store(dataset, tmp_path, scored_batches):
    here = scorer(store=tmp_path)
    here(dataset[:3])
    first = dataset.map(here, num_proc=2, **BATCHES)
    assert sum(map(len, scored_batches)) == 3  # the rest was computed elsewhere
    assert dataset.map(here, **BATCHES).to_list() == first.to_list()
    assert dataset.map(scorer(store=tmp_path), num_proc=2, **BATCHES).to_list() == first.to_list()
    assert sum(map(len, scored_batches)) == 3


def test_column_names_are_not_part_of_the_content(rows, tmp_path, scored_batches):
    renamed = Dataset.from_list(rows).rename_columns({"prompt": "p", "response": "r"})
    first = Dataset.from_list(rows).map(scorer(store=tmp_path), **BATCHES)
    settings = {"prompt_column": "p", "response_column": "r", "suffix": "_x"}
    second = renamed.map(scorer(store=tmp_path, **settings), **BATCHES)
    assert sum(map(len, scored_batches)) == DISTINCT
    assert first["local_naturalness"] == second["local_naturalness_x"]


def test_the_hash_does_not_know_the_store_but_workers_do(tmp_path, rows):
    plain, stored = scorer(), scorer(store=tmp_path)
    before = Hasher.hash(stored)
    stored(rows[0])
    assert Hasher.hash(plain) == before == Hasher.hash(stored)
    sent = pickle.loads(ForkingPickler.dumps(stored))
    sent(rows[1])
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_the_folder_is_that_of_the_beginning(tmp_path, rows, monkeypatch):
    monkeypatch.chdir(tmp_path)
    relative = scorer(store="scores")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    relative(rows[0])
    assert (tmp_path / "scores" / "manifest.json").exists()


def test_scores_of_other_settings_are_refused(tmp_path, rows):
    scorer(store=tmp_path)(rows[0])
    for other in (scorer(window=2, store=tmp_path), GlobalScorer(student_path(), store=tmp_path)):
        with pytest.raises(ValueError, match=r"holds scores with other settings: .*window=4"):
            other(rows[0])


def test_a_model_that_was_trained_since_is_another_one(tmp_path, rows):
    model = AutoModelForCausalLM.from_pretrained(student_path())
    tokenizer = AutoTokenizer.from_pretrained(student_path())
    here = LocalScorer(model, tokenizer=tokenizer, store=tmp_path)
    here(rows[0])
    with torch.no_grad():
        next(model.parameters()).add_(1)
    with pytest.raises(ValueError, match="holds scores with other settings"):
        here(rows[1])


def test_statistics_of_the_global_scorer(dataset, tmp_path, scored_batches):
    settings = {"statistics": ["rank", "brier", "entropy", "steps"], "store": tmp_path}
    first = dataset.map(GlobalScorer(student_path(), **settings), **BATCHES)
    assert dataset.map(GlobalScorer(student_path(), **settings), **BATCHES).to_list() == first.to_list()
    assert sum(map(len, scored_batches)) == DISTINCT
    assert None not in first["brier"][:21]


def test_the_batch_budget_of_the_store_is_used_again(tmp_path, rows):
    scorer(store=tmp_path, max_tokens_per_batch=300)(rows[0])
    assert json.loads((tmp_path / "manifest.json").read_text())["max_tokens_per_batch"] == 300
    later = scorer(store=tmp_path)
    later(rows[1])
    assert later._engine.max_tokens == 300
