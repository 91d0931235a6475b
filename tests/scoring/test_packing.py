"""Packs hold every window once, each prompt once, and no window sees another."""

import itertools

import numpy as np
import pytest
import tiny_models

from local_naturalness import engine as engine_module
from local_naturalness.engine import Engine
from local_naturalness.packing import Segment, Window, attention_groups, pack_windows


def some_windows(seed=0, prompts=(5, 40, 3), windows=24, vocabulary=300):
    generator = np.random.default_rng(seed)
    texts = [generator.integers(0, vocabulary, length) for length in prompts]
    return [
        Window(texts[i % len(texts)], tokens := generator.integers(0, vocabulary, 1 + i), len(tokens) // 2)
        for i in range(windows)
    ]


@pytest.mark.parametrize("max_tokens", [1, 60, 200, 10_000])
def test_every_window_lies_in_one_pack_behind_its_prompt(max_tokens):
    windows = some_windows()
    packs = pack_windows(windows, max_tokens)
    assert sorted(itertools.chain(*(pack.windows for pack in packs))) == list(range(len(windows)))
    for pack in packs:
        assert pack.size == sum(map(len, pack.parts))
        assert pack.size <= max_tokens or len(pack.windows) == 1
        flat = np.concatenate(pack.parts)
        behind_prompts = [s for s in pack.segments if s.prompt_end > s.prompt]
        for index, segment in zip(pack.windows, behind_prompts, strict=True):
            assert flat[segment.start : segment.end].tolist() == windows[index].tokens.tolist()
            assert flat[segment.prompt : segment.prompt_end].tolist() == windows[index].prompt.tolist()


def test_a_prompt_is_in_a_pack_once_wherever_its_windows_stand():
    windows = some_windows(prompts=(50, 60), windows=10)
    (pack,) = pack_windows(windows, 10_000)
    assert pack.size == 50 + 60 + sum(len(window.tokens) for window in windows)


def test_groups_hold_every_segment_once_and_obey_both_limits():
    segments = [Segment(0, length, 0, before) for length in (1, 3, 20, 22, 90) for before in (0, 10, 200)]
    groups = attention_groups(segments, max_cells=9_000, max_waste=1.3)
    assert sorted(itertools.chain(*groups)) == sorted(segments)
    for group in groups:
        padded = len(group) * max(s.length for s in group) * max(s.visible for s in group)
        assert padded <= 1.3 * sum(s.length * s.visible for s in group)
        assert padded <= 9_000 or len(group) == 1
    assert len(groups) < len(segments)


@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2", "gpt_neox"])
def test_packed_windows_equal_padded_ones(family, monkeypatch):
    """Prompts longer than gemma3's sliding window of 8, windows of one token, several prompts in a pack."""
    model = tiny_models.tiny_model(family)
    windows = some_windows(windows=12, vocabulary=model.config.vocab_size)
    packed = Engine(model)
    assert packed._longest_packed > 0, "the check at the start must let this model be packed"
    monkeypatch.setattr(engine_module, "SUPPORTED", ())
    padded = Engine(model)
    assert padded._longest_packed == 0
    for ours, plain in zip(packed.score(windows), padded.score(windows), strict=True):
        np.testing.assert_allclose(ours["log_prob"], plain["log_prob"], atol=1e-5)


def test_long_windows_go_their_own_way(monkeypatch):
    model = tiny_models.tiny_model("llama")
    windows = some_windows(windows=12, vocabulary=model.config.vocab_size)
    expected = Engine(model).score(windows)
    monkeypatch.setattr(engine_module, "_LONGEST_PACKED", 20)
    for ours, plain in zip(Engine(model).score(windows), expected, strict=True):
        np.testing.assert_allclose(ours["log_prob"], plain["log_prob"], atol=1e-5)


def test_sliding_windows_too_long_to_check_limit_packing(monkeypatch):
    monkeypatch.setattr(engine_module, "_LONGEST_CHECKED", 4)
    assert Engine(tiny_models.tiny_model("gemma3_text"))._longest_packed == 8


def test_a_model_with_recurrent_layers_is_not_packed():
    assert Engine(tiny_models.tiny_model("mamba"))._longest_packed == 0


def test_the_attention_of_a_model_is_its_own_again():
    model = tiny_models.tiny_model("llama")
    Engine(model).score(some_windows(windows=3, vocabulary=model.config.vocab_size))
    configs = [module.config for module in model.modules() if hasattr(module, "config")]
    assert {config._attn_implementation for config in configs} == {"sdpa"}
