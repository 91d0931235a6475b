"""Students that are sent to processes elsewhere by cloudpickle, as Ray does, arrive whole."""

import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest
import torch

from local_naturalness import LocalScorer, Student

cloudpickle = pytest.importorskip("ray.cloudpickle", reason="needs a cloudpickle, such as Ray's")

# What the other process does: read the pickle and score the row, both from a file.
SCORE = "import pickle, sys; scorer, row = pickle.load(open(sys.argv[1], 'rb')); print(repr(scorer(row)))"


def elsewhere(scorer, row, tmp_path):
    """Scores from a process that shares no memory with this one."""
    path = tmp_path / "sent.pickle"
    path.write_bytes(cloudpickle.dumps((scorer, row)))
    done = subprocess.run([sys.executable, "-c", SCORE, path], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return eval(done.stdout.splitlines()[-1], {"nan": float("nan")})


def test_settings_of_the_machine_are_sent(folder, tmp_path):
    student = Student(folder, device="cpu")
    scorer = LocalScorer(student, store=tmp_path / "store", max_tokens_per_batch=512)
    sent = pickle.loads(cloudpickle.dumps(scorer))
    assert (sent.store, sent.max_tokens_per_batch) == (scorer.store, 512)
    assert (sent.student._device, sent.spec) == ("cpu", scorer.spec)


def test_inside_a_function_that_is_sent(folder):
    scorer = LocalScorer(Student(folder, device="cpu"), max_tokens_per_batch=512)
    sent = pickle.loads(cloudpickle.dumps(lambda rows: scorer))
    assert sent(None).max_tokens_per_batch == 512


def test_workers_of_python_itself(own_model, own_tokenizer, row, tmp_path):
    """They get model and store too, or the store would lack their rows."""
    scorer = LocalScorer(own_model, tokenizer=own_tokenizer, store=tmp_path / "store")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        scored = pool.submit(scorer, row).result(timeout=600)
    assert scorer.is_stored({key: [value] for key, value in row.items()}) == [True]
    assert scorer(row) == scored


def test_a_plain_pickle_stays_small(own_model, own_tokenizer):
    """It is what `datasets` hashes."""
    assert len(pickle.dumps(LocalScorer(own_model, tokenizer=own_tokenizer))) < 20_000


def test_a_model_object_arrives_as_it_is(own_model, own_tokenizer, row, tmp_path):
    """With a buffer that is not saved with a model, and a layer that no folder would give back."""
    own_model.model.rotary_emb.inv_freq.mul_(0.5)
    own_model.model.layers[1].mlp.down_proj = torch.nn.Sequential(
        own_model.model.layers[1].mlp.down_proj, torch.nn.Linear(128, 128)
    )
    scorer = LocalScorer(own_model.train(), tokenizer=own_tokenizer)
    assert elsewhere(scorer, row, tmp_path) == scorer(row)
    assert own_model.training


def test_adapters_travel_with_the_object(own_model, own_tokenizer, row, tmp_path):
    peft = pytest.importorskip("peft", reason="needs the package peft")
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    scorer = LocalScorer(peft.get_peft_model(own_model, config), tokenizer=own_tokenizer)
    assert elsewhere(scorer, row, tmp_path) == scorer(row)


def test_a_copy_that_is_on_another_machine(own_model, own_tokenizer, row, monkeypatch):
    sent = pickle.loads(cloudpickle.dumps(Student(own_model, tokenizer=own_tokenizer)))
    monkeypatch.setattr("local_naturalness.student.given_model._loaded_models", {})
    monkeypatch.setattr("os.path.exists", lambda path: False)
    with pytest.raises(RuntimeError, match=r"its copy is on another machine .* pass the folder"):
        sent.model()


def test_a_folder_that_changed_on_the_way(folder, row):
    from changed_weights import rewrite, scaled

    sent = cloudpickle.dumps(LocalScorer(folder))
    rewrite(folder, scaled)
    with pytest.raises(OSError, match="has changed since its identity was recorded"):
        pickle.loads(sent)(row)
