"""Specs tell the type of a student and its tokenizer, so that a folder called anything has a family."""

import json

import pytest
import tiny_tokenizers
from datasets import Dataset, concatenate_datasets
from multimodal_models import multimodal_model
from some_selections import make_candidates
from tiny_models import tiny_model

from local_naturalness import GlobalScorer, LocalScorer, Student, rank_teachers, select_responses
from local_naturalness.hub.provenance import gather
from local_naturalness.spec import may_be_compared, read_spec, spec_difference
from local_naturalness.training.student_of import Specs

ROWS = {
    "prompt": ["Add 17 and 25."] * 2 + ["Add 1 and 2."] * 2,
    "teacher": ["{}", "nobody"] * 2,
    "response": ["17 + 25 = 42.", "It is 42. I checked.", "1 + 2 = 3.", "It is 3. The sum is right."],
}


def of_class(name, tokenizer):
    """How a tokenizer says on disk which class it has."""

    def save(folder):
        tokenizer.save_pretrained(folder)
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"tokenizer_class": name}))

    return save


def llama_3(folder):
    tokenizer = tiny_tokenizers.byte_level(("<eos>", "<|begin_of_text|>"))
    tokenizer.bos_token = "<|begin_of_text|>"
    of_class("PreTrainedTokenizerFast", tokenizer)(folder)


BYTES, PIECES = tiny_tokenizers.byte_level(), tiny_tokenizers.metaspace()
# Architecture, how the tokenizer is saved, name of a teacher, whether it may be of the student's family.
CASES = {
    "qwen": ("qwen2", of_class("Qwen2Tokenizer", BYTES), "qwen3-235b", True),
    "experts": ("qwen3_moe", of_class("Qwen2Tokenizer", BYTES), "QwQ-32B", True),
    "experts of others": ("qwen3_moe", of_class("Qwen2Tokenizer", BYTES), "deepseek-moe-16b", False),
    "no class": ("qwen2", of_class("TokenizersBackend", BYTES), "qwen3-235b", True),
    "gemma": ("gemma3_text", of_class("GemmaTokenizer", PIECES), "gemma-3-27b", True),
    "no text model": ("gemma3_text", of_class("GemmaTokenizer", PIECES), "text-davinci-003", False),
    "llama 2": ("llama", of_class("LlamaTokenizer", PIECES), "llama-3-70b", True),
    "llama 3": ("llama", llama_3, "llama-3-70b", True),
    "of nobody": ("llama", of_class("TokenizersBackend", BYTES), "llama-3-70b", False),
    "of GPT-2": ("llama", of_class("GPT2Tokenizer", BYTES), "llama-3-70b", False),
    "of Qwen": ("llama", of_class("Qwen2Tokenizer", BYTES), "llama-3-70b", False),
}


@pytest.fixture
def saved(tmp_path):
    def save(architecture, tokenizer):
        folder = tmp_path / "my-sft"
        tiny_model(architecture).save_pretrained(folder)
        tokenizer(folder)
        return folder

    return save


def family_doubts(scored, by):
    return [doubt for doubt in rank_teachers(scored, by=by).warnings if "family" in doubt]


@pytest.mark.parametrize("case", CASES)
def test_a_folder_is_known_by_its_type(case, saved):
    architecture, tokenizer, teacher, is_related = CASES[case]
    student = Student(saved(architecture, tokenizer))
    rows = Dataset.from_dict(ROWS | {"teacher": [name.format(teacher) for name in ROWS["teacher"]]})
    for scorer, by in ((LocalScorer, "local_naturalness"), (GlobalScorer, "global_naturalness")):
        doubts = family_doubts(rows.map(scorer(student), batched=True), by)
        assert [teacher in doubt for doubt in doubts] == [True] * is_related


def test_so_is_a_loaded_model(saved):
    folder = saved("qwen2", of_class("Qwen2Tokenizer", BYTES))
    on_disk = Student(folder)
    loaded = Student(on_disk.model(), tokenizer=on_disk.tokenizer)
    kind = {"model_type": "qwen2", "tokenizer_class": "Qwen2Tokenizer"}
    assert loaded.kind == on_disk.kind == kind
    assert read_spec(LocalScorer(loaded).spec).items() >= kind.items()


def test_the_tokenizer_that_is_used_counts(saved, tmp_path):
    folder = saved("llama", of_class("LlamaTokenizer", PIECES))
    assert Student(folder).kind
    assert not Student(folder, tokenizer=BYTES).kind


@pytest.mark.parametrize("family, told", [("InternVL", "internvl,qwen2"), ("Gemma 3", "gemma3,gemma3_text")])
def test_of_a_multimodal_model_both_types_are_told(family, told, tmp_path, own_tokenizer):
    multimodal_model(family).save_pretrained(tmp_path)
    own_tokenizer.save_pretrained(tmp_path)
    assert Student(tmp_path).kind["model_type"] == told


def test_of_an_adapter_the_type_of_its_base(saved, tmp_path):
    peft = pytest.importorskip("peft", reason="needs the package peft")
    base = saved("qwen2", of_class("Qwen2Tokenizer", BYTES))
    config = peft.LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    peft.get_peft_model(Student(base).model(), config).save_pretrained(tmp_path / "lora")
    path = tmp_path / "lora" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": str(base)}))
    assert Student(tmp_path / "lora").kind == Student(base).kind != {}


def test_of_a_gguf_file_what_it_holds(own_model, tmp_path):
    gguf_students = pytest.importorskip("gguf_students", reason="needs the package gguf")
    pytest.importorskip("accelerate", reason="transformers reads GGUF files with accelerate")
    gguf_students.write_gguf(tmp_path / "tiny.gguf", own_model)
    assert Student(tmp_path, gguf_file="tiny.gguf").kind == {}  # its words are nobody's
    llama_3(tmp_path / "tokenizer")
    student = Student(tmp_path, gguf_file="tiny.gguf", tokenizer=str(tmp_path / "tokenizer"))
    assert student.kind == {"model_type": "llama", "tokenizer_class": "TokenizersBackend/llama-3"}


@pytest.fixture
def before_and_now(saved, monkeypatch):
    """A scorer of a student whose kind specs tell, and what it wrote when they did not."""

    def make(**settings):
        scorer = LocalScorer(saved("qwen2", of_class("Qwen2Tokenizer", BYTES)), **settings)
        rows = Dataset.from_dict(ROWS)
        with monkeypatch.context() as patched:
            patched.setattr(Student, "kind", {})
            before = rows.map(scorer, batched=True)
        return scorer, before, rows

    return make


def test_it_is_no_setting(before_and_now):
    scorer, before, rows = before_and_now()
    then = before["local_naturalness_spec"][0]
    assert "model_type" not in then
    assert then != scorer.spec
    assert may_be_compared(then, scorer.spec)
    assert "type" not in spec_difference(then, scorer.spec)
    assert scorer(before[:])["local_naturalness"] == before["local_naturalness"][:]  # not refused

    now = rows.map(scorer, batched=True).map(lambda row: {"prompt": row["prompt"] + " Again."})
    both = concatenate_datasets([before.remove_columns("prompt_key"), now.remove_columns("prompt_key")])
    assert rank_teachers(both).groups
    selected = select_responses(both)
    assert set(selected["local_naturalness_spec"]) == {then, scorer.spec}
    assert list(gather({"train": selected}, None, None).specs) == ["local_naturalness_spec"]
    one, other = (select_responses(part.remove_columns("prompt_key")) for part in (before, now))
    assert gather({"train": one, "test": other}, None, None).record["specs"]
    assert Specs([selected]).student == scorer.student.label


def test_a_store_of_before_goes_on(before_and_now, tmp_path):
    scorer, before, rows = before_and_now(store=tmp_path / "store")
    again = LocalScorer(scorer.student, store=tmp_path / "store")
    assert again.is_stored(rows[:]) == [True] * 4
    again._score = None  # whoever computes anything fails
    assert again(rows[:])["local_naturalness"] == before["local_naturalness"][:]


def test_other_scores_stay_apart():
    """What differs in an `id` is told apart still, whatever else the specs say."""
    specs = [f"student=s@0; {kind}id={id}" for kind, id in (("model_type=qwen2; ", 1), ("", 1), ("", 2))]
    mixed = make_candidates(local_naturalness_spec=lambda p, t: specs[max(0, p - 3)])
    selected = select_responses(make_candidates()).remove_columns("local_naturalness_spec")
    selected = selected.add_column("local_naturalness_spec", mixed["local_naturalness_spec"][::3])
    with pytest.raises(ValueError, match=r"mixes rankings.*id=1.*id=2"):
        gather({"train": selected}, None, None)
