"""A loaded model that is changed is another student, however it is changed; what changes no score is none."""

import copy
import math
import types

import pytest
import torch
from tiny_types import tiny_type
from tokenizers import normalizers
from transformers import AttentionInterface, AutoModelForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.student.identity_in_memory import model_digest


def scaled_in_place(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.1)


def averaged_through_data(model):
    """As moving averages of weights are swapped in; no version is raised."""
    for parameter in model.parameters():
        parameter.data.mul_(1.1)


def exchanged_twice(model):
    """So that the second tensor may lie where the first one was."""
    for _ in range(2):
        for parameter in model.parameters():
            parameter.data = parameter.data * 1.05


def embedding_of_one_token(model):
    model.get_input_embeddings().weight.data[21] += 1.0  # the digit 5


def scaling_of_attention(model):
    for layer in model.model.layers:
        layer.self_attn.scaling *= 2


def scaling_of_rotation(model):
    model.model.rotary_emb.attention_scaling = 1.5


def another_activation(model):
    for layer in model.model.layers:
        layer.mlp.act_fn = torch.nn.ReLU()


def a_replaced_forward(model):
    mlp = model.model.layers[1].mlp
    mlp.forward = types.MethodType(lambda self, hidden: 0 * hidden, mlp)


def a_class_of_ones_own(model):
    class Sharper(type(model)):
        def forward(self, *inputs, **named):
            output = super().forward(*inputs, **named)
            output.logits = 2 * output.logits
            return output

    model.__class__ = Sharper


def a_hook_on_the_whole(model):
    def louder(module, inputs, output):
        output.logits = 2 * output.logits
        return output

    model.register_forward_hook(louder)


def something_behind_the_head(model):
    model.lm_head = torch.nn.Sequential(model.lm_head, torch.nn.Tanh())


def a_hook(model):
    model.model.layers[2].register_forward_hook(lambda module, inputs, output: output + 0.5)


def a_hook_before(model):
    model.model.layers[2].register_forward_pre_hook(lambda module, inputs: (1.5 * inputs[0], *inputs[1:]))


def attention_of_ones_own(model):
    def sharper(module, query, *inputs, scaling=None, **kwargs):
        return sdpa_attention_forward(module, query, *inputs, scaling=2 * scaling, **kwargs)

    AttentionInterface.register("sharper", sharper)
    model.set_attn_implementation("sharper")


EDITS = [
    scaled_in_place,
    averaged_through_data,
    exchanged_twice,
    embedding_of_one_token,
    scaling_of_attention,
    scaling_of_rotation,
    another_activation,
    a_replaced_forward,
    a_hook,
    a_hook_before,
    something_behind_the_head,
    a_class_of_ones_own,
    a_hook_on_the_whole,
    attention_of_ones_own,
]


@pytest.mark.parametrize("edit", EDITS)
def test_between_two_calls(own_model, own_tokenizer, row, edit):
    scorer = LocalScorer(Student(own_model, tokenizer=own_tokenizer))
    before = scorer(row)
    edit(own_model)
    after = scorer(row)
    assert abs(after["local_naturalness"] - before["local_naturalness"]) > 1e-3
    assert after["local_naturalness_spec"] != before["local_naturalness_spec"]
    anew = LocalScorer(Student(own_model, tokenizer=own_tokenizer))(row)
    assert anew == after


def test_hooks_of_libraries_change_no_identity(own_model, own_tokenizer, row):
    scorer = LocalScorer(Student(own_model, tokenizer=own_tokenizer))
    before = scorer(row)
    own_model.enable_input_require_grads()
    assert scorer(row) == before


def test_what_a_hook_holds_is_part_of_it(own_model, own_tokenizer):
    def weights(value):
        handle = own_model.model.layers[2].register_forward_hook(lambda module, _, output: output + value)
        found = Student(own_model, tokenizer=own_tokenizer).weights
        handle.remove()
        return found

    assert weights(0.5) == weights(0.5)
    values = [0.5, 0.6, torch.tensor(0.5), torch.tensor([0.5, 0.6])]
    assert (
        len({weights(value) for value in values} | {Student(own_model, tokenizer=own_tokenizer).weights}) == 5
    )


def lower_case(tokenizer):
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()


def marks_as_text(tokenizer):
    tokenizer.split_special_tokens = True


def another_token_in_the_template(tokenizer):
    tokenizer.pad_token = "?"


@pytest.mark.parametrize("edit", [lower_case, marks_as_text, another_token_in_the_template])
def test_tokenizers_between_two_calls(own_model, own_tokenizer, row, edit):
    tokenizer = copy.deepcopy(own_tokenizer)
    tokenizer.chat_template = "{{ pad_token }}" + tokenizer.chat_template
    scorer = LocalScorer(Student(own_model, tokenizer=tokenizer))
    row = row | {"response": "We add.<|end|> It is 5. THE END."}
    before = scorer(row)
    edit(tokenizer)
    after = scorer(row)
    assert abs(after["local_naturalness"] - before["local_naturalness"]) > 1e-3
    assert after["local_naturalness_spec"] != before["local_naturalness_spec"]


def test_half_precision_around_a_call_is_not_that_of_the_student(own_model, own_tokenizer, row):
    scorer = LocalScorer(Student(own_model, tokenizer=own_tokenizer))
    before = scorer(row)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert scorer(row) == before


@pytest.mark.parametrize("is_folder", [True, False])
def test_nor_is_the_default_device_around_a_call(own_model, own_tokenizer, row, is_folder):
    def score():
        student = Student(student_path()) if is_folder else Student(own_model, tokenizer=own_tokenizer)
        return LocalScorer(student)(row)

    before = score()
    with torch.device("meta"):
        assert score() == before


def test_the_length_of_the_last_text_is_not_part_of_a_model():
    """Phi-3 rotates long texts otherwise and writes so into a buffer."""
    model = tiny_type("phi3")
    rotary, digest = model.model.rotary_emb, model_digest(model)
    frequencies = rotary.inv_freq.clone()
    tokens = torch.arange(300) % 400
    Engine(model).score([Window(tokens[:3].numpy(), tokens[3:].numpy(), 0)])
    assert torch.equal(rotary.inv_freq, frequencies)  # which somebody may generate with meanwhile
    model(input_ids=tokens[None])
    assert not torch.equal(rotary.inv_freq, frequencies)
    assert model_digest(model) == digest


class Louder(torch.nn.Module):
    """A layer as quantisers make them: what it computes with stands in many places."""

    def __init__(self, layer, gain, place):
        super().__init__()
        self.layer, self.gain, self.meta, self.parts = layer, 1.0, {}, []
        if place == "number":
            self.gain = gain
        elif place == "attribute":
            self.gain = torch.tensor(gain)
        elif place == "dictionary":
            self.meta["gain"] = torch.tensor(gain)
        elif place == "list":
            self.parts.append({"gain": torch.tensor(gain)})
        else:
            inner = types.SimpleNamespace(gain=torch.tensor(gain))
            layer.weight.quant_state = types.SimpleNamespace(inner=inner)

    def forward(self, hidden):
        gains = [self.gain, *self.meta.values(), *(part["gain"] for part in self.parts)]
        if hasattr(self.layer.weight, "quant_state"):
            gains.append(self.layer.weight.quant_state.inner.gain)
        return math.prod(gains) * self.layer(hidden)


@pytest.mark.parametrize("place", ["number", "attribute", "dictionary", "list", "state of the weight"])
def test_what_layers_of_ones_own_compute_with(own_tokenizer, row, place):
    def scored(gain):
        model = AutoModelForCausalLM.from_pretrained(student_path())
        model.model.layers[1].mlp.down_proj = Louder(model.model.layers[1].mlp.down_proj, gain, place)
        return LocalScorer(Student(model, tokenizer=own_tokenizer))(row)

    soft, loud = scored(1.5), scored(2.5)
    assert soft == scored(1.5)
    assert abs(soft["local_naturalness"] - loud["local_naturalness"]) > 1e-3
    assert soft["local_naturalness_spec"] != loud["local_naturalness_spec"]


@pytest.mark.parametrize("gain", [2.0, torch.tensor(2.0)])
def test_what_a_replaced_forward_reads_from_its_module(own_model, own_tokenizer, row, gain):
    mlp = own_model.model.layers[1].mlp
    mlp.forward = types.MethodType(lambda self, hidden: self.gain * hidden, mlp)
    mlp.gain = gain
    scorer = LocalScorer(Student(own_model, tokenizer=own_tokenizer))
    before = scorer(row)
    mlp.gain = 1.5 * gain
    after = scorer(row)
    assert abs(after["local_naturalness"] - before["local_naturalness"]) > 1e-3
    assert after["local_naturalness_spec"] != before["local_naturalness_spec"]


class Packed(torch.nn.Module):
    """A layer that unpacks its weights when it is first used, as some kernels do."""

    def __init__(self, layer):
        super().__init__()
        self.register_buffer("packed", layer.weight.detach().flip(0))

    def unpack(self):
        self.weight = torch.nn.Parameter(self.packed.flip(0))
        del self.packed

    def forward(self, hidden):
        if "packed" in self._buffers:
            self.unpack()
        return torch.nn.functional.linear(hidden, self.weight)


@pytest.mark.parametrize("by_the_model", [True, False])
def test_weights_that_are_unpacked_when_they_are_first_used(own_model, own_tokenizer, row, by_the_model):
    right = LocalScorer(Student(copy.deepcopy(own_model), tokenizer=own_tokenizer))(row)
    packed = own_model.model.layers[1].mlp.down_proj = Packed(own_model.model.layers[1].mlp.down_proj)
    if by_the_model:  # as compressed-tensors does, before all layers
        plain = types.MethodType(lambda self, hidden: torch.nn.functional.linear(hidden, self.weight), packed)
        packed.forward = plain
        handle = own_model.register_forward_pre_hook(lambda *_: (packed.unpack(), handle.remove())[1])
    student = Student(own_model, tokenizer=own_tokenizer)
    first = student.weights
    assert LocalScorer(student)(row)["local_naturalness"] == right["local_naturalness"]
    assert student.weights == Student(own_model, tokenizer=own_tokenizer).weights == first


def test_a_forward_that_was_replaced_for_all_of_a_class(own_model, own_tokenizer, row, monkeypatch):
    """Patches of this kind are made when a package is imported."""
    scorer = LocalScorer(Student(own_model, tokenizer=own_tokenizer))
    before = scorer(row)
    monkeypatch.setattr(type(own_model.model.layers[0].mlp), "forward", lambda self, hidden: 0 * hidden)
    after = scorer(row)
    assert abs(after["local_naturalness"] - before["local_naturalness"]) > 1e-3
    assert after["local_naturalness_spec"] != before["local_naturalness_spec"]
