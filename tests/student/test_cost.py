"""Costs are counted from the layers; what is counted by torch itself agrees."""

import pytest
import tiny_models
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM

from local_naturalness.engine import Engine, memory
from local_naturalness.engine.memory import pass_bytes, token_budget
from local_naturalness.student.cost import StudentCost, student_cost


@pytest.mark.parametrize("family", ["llama", "qwen2", "gemma2", "gpt_neox", "phi3"])
def test_operations_are_those_that_torch_counts(family):
    """Eager attention computes all pairs, hidden ones too."""
    model = tiny_models.tiny_model(family)
    model.set_attn_implementation("eager")
    ids = torch.arange(1, 33)[None] % model.config.vocab_size
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=ids, use_cache=False)
    ours = student_cost(model).operations(32, 32 * 32, 32)
    assert ours == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_a_token_passes_only_the_experts_it_is_routed_to():
    model = tiny_models.tiny_model("qwen3_moe")
    cost = student_cost(model)
    experts = sum(p.numel() for name, p in model.named_parameters() if "experts" in name)
    share = model.config.num_experts_per_tok / model.config.num_experts
    assert 0 < share < 1
    others = cost.layer_weights - experts * share
    assert 0 < others < cost.parameters - experts


def test_no_weights_are_needed():
    model = tiny_models.tiny_model("llama")
    with torch.device("meta"):
        hollow = AutoModelForCausalLM.from_config(model.config)
    assert student_cost(hollow) == student_cost(model)


@pytest.mark.parametrize("family", ["mamba", "gpt2", "deepseek_v3", "lfm2"])
def test_models_of_other_kinds_have_a_cost(family):
    assert student_cost(tiny_models.tiny_model(family)).operations(10, 55, 10) > 0


def test_the_budget_follows_free_memory(monkeypatch, caplog):
    cost = StudentCost(0, 0, 0, 0, 4, bytes_per_token=100_000)
    device = torch.device("cpu")
    monkeypatch.setattr(memory, "_free_bytes", lambda _: 2**40)
    assert token_budget(cost, device) == 8_192
    assert not caplog.records
    monkeypatch.setattr(memory, "_free_bytes", lambda _: 2 * pass_bytes(cost, 3_000))
    assert token_budget(cost, device) == 2_048
    assert "2048 tokens instead of 8192" in caplog.text
    monkeypatch.setattr(memory, "_free_bytes", lambda _: 0)
    assert token_budget(cost, device) == 256


def test_the_engine_takes_what_is_free(monkeypatch):
    monkeypatch.setattr(memory, "_free_bytes", lambda _: 0)
    assert Engine(tiny_models.tiny_model("llama")).max_tokens == 256
    assert Engine(tiny_models.tiny_model("llama"), 77).max_tokens == 77
