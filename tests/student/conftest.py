"""A small real student in a folder that a test may change, and as an object."""

import shutil

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness.embedded import student_path


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(student_path(), tmp_path / "student")


@pytest.fixture
def own_model():
    return AutoModelForCausalLM.from_pretrained(student_path())


@pytest.fixture(scope="session")
def own_tokenizer():
    return AutoTokenizer.from_pretrained(student_path())


@pytest.fixture(scope="session")
def row():
    return {"prompt": "What is 2 + 3?", "response": "We add 2 and 3. 2 + 3 = 5. The answer is 5, I think."}
