"""A small real student in a folder that a test may change, and as an object."""

import shutil

import pytest
import torch
import transformers
from datasets import disable_progress_bars
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness.embedded import student_path


@pytest.fixture(scope="session", autouse=True)
def small_and_quiet():
    disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(student_path(), tmp_path / "student")


@pytest.fixture
def model():
    return AutoModelForCausalLM.from_pretrained(student_path())


@pytest.fixture(scope="session")
def tokenizer():
    return AutoTokenizer.from_pretrained(student_path())


@pytest.fixture(scope="session")
def row():
    return {"prompt": "What is 2 + 3?", "response": "We add 2 and 3. 2 + 3 = 5. The answer is 5, I think."}
