"""What tells two scorers apart, and what does not; hashing a loaded model costs neither time nor space."""

import importlib
import random
import re
import string
import sys

import pytest
import torch
from datasets.fingerprint import Hasher
from datasets.utils._dill import dumps
from tiny_models import tiny_model
from tiny_tokenizers import CHAT_TEMPLATE, byte_level
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from local_naturalness import GlobalScorer, LocalScorer, Student
from local_naturalness.spec import read_spec
from local_naturalness.student import identity_in_memory

ROW = {"prompt": "Hi", "response": "So it is. " * 3}


def at_lines(text):
    return text.splitlines(keepends=True)


def in_brackets(prompt):
    return f"[{prompt}]"


OTHER_SETTINGS = [
    {"window": 2},
    {"window": 0.5},
    {"window": None},
    {"stride": 2},
    {"max_steps": 3},
    {"max_steps": 3, "seed": 1},
    {"weighting": "token"},
    {"include_prompt": False},
    {"return_steps": True},
    {"splitter": "line"},
    {"splitter": re.compile("x")},
    {"splitter": at_lines},
    {"prompt_template": "{prompt}:"},
    {"prompt_template": in_brackets},
    {"dtype": "bfloat16"},
    {"suffix": "_2"},
    {"response_column": "answer"},
]


@pytest.fixture
def own_model():
    """One that a test may change."""
    return tiny_model("llama")


def test_every_setting_is_told_apart(student_folder):
    scorers = [LocalScorer(student_folder, **settings) for settings in [{}, *OTHER_SETTINGS]]
    hashes = [Hasher.hash(scorer) for scorer in [*scorers, GlobalScorer(student_folder)]]
    assert len(set(hashes)) == len(hashes)


def test_specs_tell_apart_what_changes_scores(student_folder):
    """Not what is written where: suffixes, columns, the step columns."""
    neutral = ({"suffix": "_2"}, {"response_column": "answer"}, {"return_steps": True})
    specs = [LocalScorer(student_folder, **settings).spec for settings in [{}, *OTHER_SETTINGS]]
    assert len(set(specs)) == len(specs) - len(neutral)
    for settings in neutral:
        assert LocalScorer(student_folder, **settings).spec == specs[0]


@pytest.mark.parametrize(
    "settings",
    [{"max_tokens_per_batch": 32}, {"device": "cpu"}, {"dtype": "float32"}, {"splitter": "sentence"}],
)
def test_machine_and_defaults_are_not_told_apart(student_folder, settings):
    assert Hasher.hash(LocalScorer(student_folder, **settings)) == Hasher.hash(LocalScorer(student_folder))


@pytest.mark.parametrize("kind", ["folder", "loaded"])
def test_use_changes_nothing(kind, student_folder, own_model):
    tokenizer = byte_level()
    student = Student(student_folder) if kind == "folder" else Student(own_model, tokenizer=tokenizer)
    scorer = LocalScorer(student)
    before = Hasher.hash(scorer), scorer.spec
    scorer(ROW)
    student.tokenizer.pad_token = student.tokenizer.eos_token
    student.tokenizer(["a", "longer text"], padding=True, truncation=True, max_length=3)
    assert (Hasher.hash(scorer), scorer.spec) == before


def test_a_padded_call_does_not_make_another_tokenizer(own_model):
    """It leaves its settings in the tokenizer; a scorer made afterwards must not see them."""
    fresh, padded = byte_level(), byte_level()
    padded.pad_token = padded.eos_token
    padded(["a", "longer text"], padding=True, truncation=True, max_length=3)
    assert fresh.backend_tokenizer.to_str() != padded.backend_tokenizer.to_str()
    scorers = [LocalScorer(own_model, tokenizer=tokenizer) for tokenizer in (fresh, padded)]
    assert Hasher.hash(scorers[0]) == Hasher.hash(scorers[1])


def test_the_same_model_loaded_twice_is_the_same_student(own_model):
    scorers = [LocalScorer(model, tokenizer=byte_level()) for model in (own_model, tiny_model("llama"))]
    assert Hasher.hash(scorers[0]) == Hasher.hash(scorers[1])
    assert scorers[0].spec == scorers[1].spec


def test_training_makes_another_student(own_model, tokenizer):
    scorer = LocalScorer(own_model, tokenizer=tokenizer)
    before, spec, score = Hasher.hash(scorer), scorer.spec, scorer(ROW)["local_naturalness"]

    optimizer = torch.optim.SGD(own_model.parameters(), lr=0.5)
    ids = torch.arange(8)[None]
    own_model(ids, labels=ids).loss.backward()
    optimizer.step()

    assert Hasher.hash(scorer) != before
    assert scorer.spec != spec
    assert scorer(ROW)["local_naturalness"] != pytest.approx(score, abs=1e-4)


def test_other_weights_in_the_same_folder_are_another_student(student_folder, tmp_path, own_model):
    AutoTokenizer.from_pretrained(student_folder).save_pretrained(tmp_path)
    own_model.save_pretrained(tmp_path)
    before = Hasher.hash(LocalScorer(str(tmp_path)))
    tiny_model("llama", seed=1).save_pretrained(tmp_path)
    assert Hasher.hash(LocalScorer(str(tmp_path))) != before


def test_a_setting_of_the_model_is_part_of_it(own_model, tokenizer):
    scorer = LocalScorer(own_model, tokenizer=tokenizer)
    before = Hasher.hash(scorer)
    own_model.config.rms_norm_eps = 0.1
    assert Hasher.hash(scorer) != before


@pytest.mark.parametrize("change", ["chat_template", "bos_token", "added", "prefix_space"])
def test_another_tokenizer_is_another_student(own_model, change):
    tokenizer = byte_level()
    scorer = LocalScorer(own_model, tokenizer=tokenizer)
    before = Hasher.hash(scorer), scorer.spec
    if change == "chat_template":
        tokenizer.chat_template = CHAT_TEMPLATE
    elif change == "bos_token":
        tokenizer.bos_token = "a"
    elif change == "added":
        tokenizer.add_tokens(["So it"])
    else:
        other = byte_level()
        other.backend_tokenizer.pre_tokenizer.add_prefix_space = True
        scorer = LocalScorer(own_model, tokenizer=other)
    assert Hasher.hash(scorer) != before[0]
    assert scorer.spec != before[1]


def test_functions_are_told_apart_by_what_they_do(student_folder):
    name = "".join(random.choices(string.ascii_letters, k=8))
    hashes = set()
    for end in ("!", "?"):
        namespace = {"__name__": name}
        exec(f"def template(prompt):\n    return prompt + {end!r}", namespace)
        hashes.add(LocalScorer(student_folder, prompt_template=namespace["template"]).spec)
    assert len(hashes) == 2


def test_an_edited_function_is_another_one(student_folder, tmp_path, monkeypatch):
    """Also if a constant that it imports was edited. Pickled by name, it would be the same."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def scorer(mark, comment="", **settings):
        (tmp_path / "marks_of_mine.py").write_text(f"MARK = {mark!r}\n")
        code = f"import re\nfrom marks_of_mine import MARK\n{comment}\ndef cut(text):\n"
        (tmp_path / "cuts_of_mine.py").write_text(code + "    return re.split(MARK, text)\n")
        for name in ("marks_of_mine", "cuts_of_mine"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return LocalScorer(student_folder, splitter=importlib.import_module("cuts_of_mine").cut, **settings)

    folder = tmp_path / "store"
    first = scorer("(?<=s)", store=folder)
    scored = ROW | first(ROW)
    again, other = scorer("(?<=s)", "# The same."), scorer("(?<=t)")
    assert (again.spec, Hasher.hash(again)) == (first.spec, Hasher.hash(first))
    assert again(scored)["num_steps"] == scored["num_steps"]
    assert Hasher.hash(other) != Hasher.hash(first)
    assert read_spec(other.spec)["id"] == read_spec(first.spec)["id"]
    for run in (lambda: other(scored), lambda: scorer("(?<=t)", store=folder)(ROW)):
        with pytest.raises(ValueError, match="differ in the code of a function that was passed"):
            run()


def test_a_large_loaded_model_is_neither_pickled_nor_digested_again(tokenizer, monkeypatch):
    """50M parameters; what they are does not matter, so they are not even initialised."""
    config = AutoConfig.for_model(
        "llama", vocab_size=48_000, hidden_size=512, intermediate_size=1024, num_hidden_layers=1
    )
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.to_empty(device="cpu")
    assert sum(parameter.numel() for parameter in model.parameters()) > 50e6

    digests, digest = [], identity_in_memory.model_digest
    monkeypatch.setattr(identity_in_memory, "model_digest", lambda model: digests.append(1) or digest(model))
    scorer = LocalScorer(model, tokenizer=tokenizer)
    established = Hasher.hash(scorer)
    assert len(digests) == 1
    assert Hasher.hash(scorer) == established
    assert len(dumps(scorer)) < 20_000
    assert len(digests) == 1
