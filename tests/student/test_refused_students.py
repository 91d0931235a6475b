"""What is no student: other heads, layers that mix the rows of a batch, devices that are not there."""

import copy
import functools
from types import SimpleNamespace

import pytest
import torch
import transformers
from tiny_types import tiny_type
from torch.testing._internal.two_tensor import TwoTensor
from transformers import LlamaConfig, T5Config

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.student import student as student_module

SIZES = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
LLAMA = LlamaConfig(vocab_size=1100, **SIZES)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("LlamaForSequenceClassification", "is a LlamaForSequenceClassification, which has no head"),
        ("LlamaModel", "is a LlamaModel, which has no head that predicts the next token"),
        ("T5ForConditionalGeneration", r"is an encoder-decoder \(T5ForConditionalGeneration\)"),
        ("BertForMaskedLM", "is a BertForMaskedLM, which has no head"),
    ],
)
def test_models_without_a_language_head(other, sentence, own_tokenizer):
    sizes = {"d_model": 32, "d_ff": 32, "num_layers": 1, "num_heads": 2, "d_kv": 16}
    configs = {"T": T5Config(vocab_size=1100, **sizes), "B": transformers.BertConfig(**SIZES)}
    model = getattr(transformers, other)(configs.get(other[0], LLAMA))
    with pytest.raises(TypeError, match=sentence):
        Student(model, tokenizer=own_tokenizer)


def test_a_compiled_model_is_the_one_that_was_compiled(own_model, own_tokenizer, row):
    compiled, plain = (Student(one, tokenizer=own_tokenizer) for one in (torch.compile(own_model), own_model))
    assert compiled.model() is own_model
    assert LocalScorer(compiled)(row) == LocalScorer(plain)(row)


def test_layers_that_are_compiled_in_place(own_model, own_tokenizer):
    own_model.model.layers[1].compile()
    with pytest.raises(ValueError, match=r"`model.layers.1` of the student 'student' is compiled in place"):
        Student(own_model, tokenizer=own_tokenizer)


# All of it is deprecated, but people have such models.
@pytest.mark.filterwarnings("ignore")
def test_scales_that_are_taken_from_the_whole_batch(own_model, own_tokenizer):
    dynamic = torch.ao.quantization.quantize_dynamic(own_model, {torch.nn.Linear})
    with pytest.raises(ValueError, match="q_proj` of the student 'student' is quantised by torch"):
        Student(dynamic, tokenizer=own_tokenizer)


def test_weights_that_are_made_of_several_tensors_are_identified(own_model, own_tokenizer):
    """As quantised ones of torchao are: the numbers and their scales."""

    def weights(scale):
        linear = own_model.model.layers[0].mlp.down_proj
        numbers = torch.ones(linear.weight.shape)
        linear.weight = torch.nn.Parameter(TwoTensor(numbers, scale * numbers))
        return Student(own_model, tokenizer=own_tokenizer).weights

    assert weights(1.0) == weights(1.0)
    assert weights(1.0) != weights(2.0)


@pytest.mark.parametrize("device", ["vulkan", "meta", "mps", "xpu"])
def test_devices_that_torch_knows_and_has_not(device):
    if device != "meta" and hasattr(torch, device) and getattr(torch, device).is_available():
        pytest.skip(f"there is a device of the kind {device}")
    with pytest.raises(ValueError, match=f"`device` is '{device}', and torch finds no such device here"):
        Student(student_path(), device=device)


def test_a_model_without_a_limit_of_context(own_model, own_tokenizer):
    own_model.config.max_position_embeddings = -1  # as XLNet says it
    assert Student(own_model, tokenizer=own_tokenizer).context_length is None


def test_tokens_that_came_after_the_training(own_model, own_tokenizer, row):
    """Only when a text holds one: some tokenizers know tokens that are never used."""
    tokenizer = copy.deepcopy(own_tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>", "</think>"]})
    scorer = LocalScorer(Student(own_model, tokenizer=tokenizer))
    assert scorer(row)["local_naturalness_status"] == "ok"
    with pytest.raises(ValueError, match="token ids up to 1063, and the student has embeddings for 1062"):
        scorer(row | {"response": "<think>We add.</think> It is 5."})


def test_a_student_whose_scores_depend_on_the_batch_by_construction_says_so(own_model, own_tokenizer, caplog):
    own_model.is_loaded_in_8bit = True  # as models of bitsandbytes say it
    Student(own_model, tokenizer=own_tokenizer)
    assert "8-bit layers of bitsandbytes choose from a whole batch" in caplog.text


def test_a_tokenizer_without_its_files(own_model, own_tokenizer, tmp_path, row):
    """Of many types transformers makes one that knows special tokens only, and a text is one of them."""
    tiny_type("gemma3_text").save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"'.*' \(GemmaTokenizer\) knows no words.*Pass `tokenizer=`"):
        LocalScorer(tmp_path)(row)
    with pytest.raises(ValueError, match=r"of the student 'student'.* knows no words"):
        Student(own_model, tokenizer=transformers.GemmaTokenizer())


def test_scales_of_8_bit_layers_are_identified(own_model, own_tokenizer):
    """bitsandbytes hangs them on the weight, and the first pass moves them to the layer."""
    layer = own_model.model.layers[0].mlp.down_proj
    scale = torch.ones(128)

    def weights(at_weight, at_layer):
        layer.weight.SCB, layer.state = at_weight, SimpleNamespace(SCB=at_layer)
        return Student(own_model, tokenizer=own_tokenizer).weights

    assert weights(scale, None) == weights(None, scale)
    assert len({weights(scale, None), weights(2 * scale, None), weights(None, None)}) == 3


def test_quantised_layers_that_look_at_the_whole_batch(own_model, own_tokenizer, row):
    """As those of bitsandbytes do. A little of it is told, much of it is refused."""

    def looked_at(size):
        model = copy.deepcopy(own_model)
        model.is_loaded_in_8bit = True
        model.model.layers[1].mlp.register_forward_hook(lambda _, __, output: output + size * output.mean())
        return LocalScorer(Student(model, tokenizer=own_tokenizer))(row)

    assert looked_at(1e-3)["local_naturalness_status"] == "ok"
    with pytest.raises(ValueError, match="depend on the batch: 8-bit layers of bitsandbytes"):
        looked_at(100.0)


class QuantisingItsInput(torch.nn.Linear):
    """In 8 bits, by a scale for each token or for all of them."""

    by_token = True

    def forward(self, hidden):
        scale = (hidden.abs().amax(-1, keepdim=True) if self.by_token else hidden.abs().max()) / 127
        return super().forward((hidden / scale).round() * scale)


@pytest.mark.parametrize("by_token", [True, False])
@pytest.mark.parametrize("is_saved", [True, False])
def test_layers_that_take_one_scale_for_all_rows(own_model, own_tokenizer, monkeypatch, by_token, is_saved):
    monkeypatch.setattr(QuantisingItsInput, "by_token", by_token)

    def quantised(model):
        for layer in model.model.layers:
            layer.mlp.down_proj.__class__ = QuantisingItsInput
        return model

    if is_saved:
        monkeypatch.setattr(student_module, "load_model", lambda *_: quantised(own_model))
        load = Student(student_path()).model
    else:
        load = functools.partial(Student, quantised(own_model), tokenizer=own_tokenizer)
    if by_token:
        load()
    else:
        with pytest.raises(ValueError, match=r"layers.0.mlp.down_proj` .* one scale for all rows"):
            load()
