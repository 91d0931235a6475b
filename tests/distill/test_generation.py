"""Answers to many prompts are those to each alone, in the order of the prompts."""

import pytest
import torch
from harness.generation import answers_to
from harness.rendering import opening_of, stop_tokens
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
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
    together, cut_off = answers_to(PROMPTS, model, tokenizer, batch_size=batch_size, max_new_tokens=12)
    assert len(set(together)) == len(PROMPTS)
    num_ended = 0
    for prompt, answer in zip(PROMPTS, together, strict=True):
        ids = tokenizer(
            opening_of(prompt, tokenizer), add_special_tokens=False, return_tensors="pt"
        ).input_ids
        for _ in range(12):  # without cache, one token after another
            best = model(input_ids=ids).logits[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, best], dim=1)
            if best.item() == tokenizer.eos_token_id:
                num_ended += 1
                break
        opening = len(tokenizer(opening_of(prompt, tokenizer), add_special_tokens=False).input_ids)
        assert answer == tokenizer.decode(ids[0, opening:], skip_special_tokens=True)
    assert cut_off == pytest.approx(1 - num_ended / len(PROMPTS))


def test_the_opening_is_what_the_scorers_render(tokenizer):
    assert opening_of("c = 3 ; ? c", tokenizer) == "<|prompt|>c = 3 ; ? c<|response|>"
    assert tokenizer("a\nb", add_special_tokens=False).tokens() == ["a", "\n", "b"]


def test_without_a_chat_template_a_line_break_follows(tokenizer):
    template, tokenizer.chat_template = tokenizer.chat_template, None
    try:
        assert opening_of("c = 3", tokenizer) == "c = 3\n"
    finally:
        tokenizer.chat_template = template


def test_a_bos_that_the_tokenizer_does_not_write_is_part_of_the_opening(tokenizer):
    template, tokenizer.chat_template = tokenizer.chat_template, None
    tokenizer.bos_token = "<|prompt|>"
    try:
        assert opening_of("c = 3", tokenizer) == "<|prompt|>c = 3\n"
    finally:
        tokenizer.chat_template, tokenizer.bos_token = template, None


def test_answers_end_with_the_turn_too(model, tokenizer):
    config = GenerationConfig(eos_token_id=[tokenizer.eos_token_id, 9])
    assert stop_tokens(tokenizer, config) == {tokenizer.eos_token_id, 9}
    ends = tokenizer.convert_tokens_to_ids("<|response|>")
    template = tokenizer.chat_template
    tokenizer.chat_template = template.replace("<|end|>", "<|response|>")
    try:
        assert stop_tokens(tokenizer, GenerationConfig()) == {tokenizer.eos_token_id, ends}
        with_bias = {"sequence_bias": [([ends], 1e4)], "max_new_tokens": 5}
        assert answers_to(PROMPTS, model, tokenizer, **with_bias) == ([""] * len(PROMPTS), 0)
        tokenizer.chat_template = template
        assert answers_to(PROMPTS, model, tokenizer, **with_bias)[1] == 1
    finally:
        tokenizer.chat_template = template
