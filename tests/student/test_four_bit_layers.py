"""4-bit layers of bitsandbytes keep the weights that they were loaded with."""

import pytest
import torch
from plain_pass import mean_log_prob
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from local_naturalness import GlobalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.student.packed_layers import kept_unpacked


class PackedInItsFirstPass(torch.nn.Linear):
    """As layers of bitsandbytes are on processors with bfloat16 instructions."""

    support_avx512bf16_for_cpu = False

    def forward(self, hidden):
        if self.support_avx512bf16_for_cpu and not self.training:
            self.weight.data = self.weight.data.bfloat16().to(self.weight.dtype)
        return super().forward(hidden)


def test_scoring_packs_no_layers(own_model, own_tokenizer, row):
    right = mean_log_prob(own_model.eval(), own_tokenizer, row)
    for layer in own_model.model.layers:
        layer.mlp.down_proj.__class__ = PackedInItsFirstPass
        layer.mlp.down_proj.support_avx512bf16_for_cpu = True
    before = [parameter.clone() for parameter in own_model.parameters()]
    scored = GlobalScorer(Student(own_model.train(), tokenizer=own_tokenizer))(row)
    assert scored["global_naturalness"] == pytest.approx(right, abs=1e-6)
    assert all(map(torch.equal, before, own_model.parameters()))
    assert all(layer.mlp.down_proj.support_avx512bf16_for_cpu for layer in own_model.model.layers)
    mean_log_prob(own_model.eval(), own_tokenizer, row)
    assert not all(map(torch.equal, before, own_model.parameters()))


@pytest.fixture
def quantised():
    pytest.importorskip("bitsandbytes", reason="needs the package bitsandbytes")

    def load(**settings):
        config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", **settings)
        return AutoModelForCausalLM.from_pretrained(
            student_path(), dtype=torch.float32, quantization_config=config
        )

    return load


@pytest.mark.parametrize("is_double", [False, True])
def test_a_saved_folder_is_the_model_that_was_scored(quantised, own_tokenizer, tmp_path, row, is_double):
    model = quantised(bnb_4bit_use_double_quant=is_double)
    student = Student(model, tokenizer=own_tokenizer)
    scored = GlobalScorer(student)(row)["global_naturalness"]
    with kept_unpacked(model):
        right = mean_log_prob(model.eval(), own_tokenizer, row)
    assert scored == pytest.approx(right, abs=1e-5)
    model.save_pretrained(tmp_path)
    own_tokenizer.save_pretrained(tmp_path)
    assert GlobalScorer(tmp_path)(row)["global_naturalness"] == scored
    assert (
        Student(AutoModelForCausalLM.from_pretrained(tmp_path), tokenizer=own_tokenizer).weights
        == student.weights
    )


def test_an_adapter_on_4_bit_layers(quantised, own_tokenizer, row):
    peft = pytest.importorskip("peft", reason="needs the package peft")
    model = peft.get_peft_model(
        quantised(), peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False)
    )
    scorer = GlobalScorer(Student(model, tokenizer=own_tokenizer))
    seen = []
    for is_on in (True, False):
        (model.enable_adapter_layers if is_on else model.disable_adapter_layers)()
        scored = scorer(row)
        with kept_unpacked(model):
            right = mean_log_prob(model.eval(), own_tokenizer, row)
        assert scored["global_naturalness"] == pytest.approx(right, abs=1e-5)
        seen.append(scored)
    assert seen[0]["global_naturalness"] != seen[1]["global_naturalness"]
    assert seen[0]["global_naturalness_spec"] != seen[1]["global_naturalness_spec"]
