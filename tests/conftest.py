"""One tiny model and three tokenizers for all tests. They are shared: nothing may change them."""

import pytest
import tiny_models
import tiny_tokenizers
import torch
from datasets import disable_progress_bars

from local_naturalness.scorers.scorer import Scorer


@pytest.fixture(scope="session", autouse=True)
def small_and_quiet():
    disable_progress_bars()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads cost more than they bring at 32 dimensions
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def model():
    return tiny_models.tiny_model("llama")


@pytest.fixture(scope="session")
def tokenizer():
    """Byte-level, without a beginning-of-sequence token and without a chat template."""
    return tiny_tokenizers.byte_level()


@pytest.fixture(scope="session")
def metaspace_tokenizer():
    """With a beginning-of-sequence token `<s>` and without a chat template."""
    return tiny_tokenizers.metaspace()


@pytest.fixture(scope="session")
def chat_tokenizer():
    """With a chat template that ends in `<think>`."""
    return tiny_tokenizers.chat()


@pytest.fixture(scope="session")
def student_folder(tmp_path_factory):
    """A student as it lies on disk: llama with the byte-level tokenizer."""
    folder = tmp_path_factory.mktemp("students") / "tiny-student"
    tiny_models.tiny_model("llama").save_pretrained(folder)
    tiny_tokenizers.byte_level().save_pretrained(folder)
    return str(folder)


@pytest.fixture
def scored_batches(monkeypatch):
    """The examples of each batch that is scored in this process."""
    batches = []
    score = Scorer._score

    def noted(scorer, examples, rank):
        batches.append(list(examples))
        return score(scorer, examples, rank)

    monkeypatch.setattr(Scorer, "_score", noted)
    return batches
