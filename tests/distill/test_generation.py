"""Answers to many prompts are those to each alone, in the order of the prompts."""

import pytest
import torch
from harness.generation import answers_to, opening_of
from transformers import LlamaConfig, LlamaForCausalLM
from world.tokenizer import build_tokenizer

PROMPTS = ["a = 1 ; b = a + 2 ; ? b", "c = 3 ; ? c", "d = 4 ; e = d * 2 ; f = e - 1 ; ? f"]


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer([*PROMPTS, "answer 0\n"])


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_batches_change_nothing(model, tokenizer, batch_size):
    together = answers_to(PROMPTS, model, tokenizer, batch_size=batch_size, max_new_tokens=12)
    assert len(set(together)) == len(PROMPTS)
    for prompt, answer in zip(PROMPTS, together, strict=True):
        ids = tokenizer(
            opening_of(prompt, tokenizer), add_special_tokens=False, return_tensors="pt"
        ).input_ids
        for _ in range(12):  # without cache, one token after another
            best = model(input_ids=ids).logits[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, best], dim=1)
            if best.item() == tokenizer.eos_token_id:
                break
        opening = len(tokenizer(opening_of(prompt, tokenizer), add_special_tokens=False).input_ids)
        assert answer == tokenizer.decode(ids[0, opening:], skip_special_tokens=True)


def test_the_opening_is_what_the_scorers_render(tokenizer):
    assert opening_of("c = 3 ; ? c", tokenizer) == "<|prompt|>c = 3 ; ? c<|response|>"
    assert tokenizer("a\nb", add_special_tokens=False).tokens() == ["a", "\n", "b"]


def test_without_a_chat_template_a_line_break_follows(tokenizer):
    template, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        assert opening_of("c = 3", tokenizer) == "c = 3\n"
    finally:
        tokenizer.chat_template = template
