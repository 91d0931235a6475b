"""Students of the Hub, from a cache as its client leaves it: adapter and base are pinned to commits."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from transformers import AutoModelForCausalLM

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path

BASE, ADAPTER = "0123456789abcdef" * 2 + "01234567", "fedcba9876543210" * 2 + "fedcba98"

# What runs where the cache is that of the Hub's client: it is found when its packages are imported.
SHOW = """
import json, sys
from local_naturalness import LocalScorer, Student
student = Student("org/lora")
scorer = LocalScorer(student)
score = scorer(json.loads(sys.argv[1]))["local_naturalness"]
print(json.dumps([score, student.label, student.identity]))
"""


def in_cache(cache, repo_id, commit, folder):
    repository = cache / f"models--{repo_id.replace('/', '--')}"
    shutil.copytree(folder, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)


def test_an_adapter_and_its_base(tmp_path, row):
    peft = pytest.importorskip("peft", reason="needs the package peft")
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    adapter = tmp_path / "lora"
    peft.get_peft_model(AutoModelForCausalLM.from_pretrained(student_path()), config).save_pretrained(adapter)
    here = LocalScorer(adapter)(row)["local_naturalness"]

    settings = adapter / "adapter_config.json"
    at_hub = json.loads(settings.read_text()) | {"base_model_name_or_path": "org/tiny"}
    settings.write_text(json.dumps(at_hub))
    in_cache(tmp_path, "org/lora", ADAPTER, adapter)
    in_cache(tmp_path, "org/tiny", BASE, student_path())
    done = subprocess.run(
        [sys.executable, "-c", SHOW, json.dumps(row)],
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    score, label, identity = json.loads(done.stdout.splitlines()[-1])
    assert score == pytest.approx(here, abs=1e-6)
    assert label == f"org/lora@{ADAPTER[:12]}"
    assert (identity["weights"], identity["base_weights"]) == (ADAPTER, BASE)
    assert identity["tokenizer"] == Student(student_path()).identity["tokenizer"]
