"""Packs hold every window once, each prompt once, and no window sees another."""

import itertools

import numpy as np
import pytest
import tiny_models
import torch
from some_windows import some_windows

from local_naturalness.engine import Engine, path_check, paths
from local_naturalness.engine.attention_tiles import tile_groups, tiles_of
from local_naturalness.engine.packed_attention import PackedAttention
from local_naturalness.engine.packing import Segment, Window, pack_windows
from local_naturalness.engine.padded import Rows
from local_naturalness.engine.paths import UNLIMITED, Paths


def padded_engine(model):
    engine = Engine(model)
    engine.paths = Paths(padded=UNLIMITED)
    return engine


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


def test_tiles_cover_the_queries_of_a_segment_and_the_keys_before_them():
    segment = Segment(10, 33, 2, 9)
    tiles = list(tiles_of(segment, length=10))
    assert [(tile.start, tile.end) for tile in tiles] == [(10, 20), (20, 30), (30, 33)]
    assert [tile.visible for tile in tiles] == [7 + 10, 7 + 20, 7 + 23]


def test_groups_hold_every_tile_once_and_obey_both_limits():
    segments = [
        Segment(0, length, 0, before) for length in (1, 3, 20, 22, 90, 700) for before in (0, 10, 200)
    ]
    groups = tile_groups(segments, max_cells=9_000, max_waste=1.3)
    tiles = [tile for segment in segments for tile in tiles_of(segment)]
    assert sorted(itertools.chain(*groups)) == sorted(tiles)
    assert len(tiles) > len(segments)
    for group in groups:
        padded = len(group) * max(t.length for t in group) * max(t.visible for t in group)
        assert padded <= 1.3 * sum(t.length * t.visible for t in group)
        assert padded <= 9_000 or len(group) == 1
    assert len(groups) < len(tiles)


@pytest.mark.parametrize("family", ["llama", "gemma3_text"])
def test_windows_of_several_tiles_equal_padded_ones(family, monkeypatch):
    model = tiny_models.tiny_model(family)
    windows = some_windows(windows=12, vocabulary=model.config.vocab_size)
    monkeypatch.setattr(tiles_of, "__defaults__", (4,))
    packed = Engine(model).score(windows)
    for ours, plain in zip(packed, padded_engine(model).score(windows), strict=True):
        np.testing.assert_allclose(ours["log_prob"], plain["log_prob"], atol=1e-5)


@pytest.mark.parametrize("family", ["llama", "gemma3_text", "gpt2", "gpt_neox"])
def test_packed_windows_equal_padded_ones(family):
    """Prompts longer than gemma3's sliding window of 8, windows of one token, several prompts in a pack."""
    model = tiny_models.tiny_model(family)
    windows = some_windows(windows=12, vocabulary=model.config.vocab_size)
    packed, padded = Engine(model), padded_engine(model)
    assert packed.paths.packed, "the check at the start must let this model be packed"
    for ours, plain in zip(packed.score(windows), padded.score(windows), strict=True):
        np.testing.assert_allclose(ours["log_prob"], plain["log_prob"], atol=1e-5)


def test_long_windows_go_their_own_way(monkeypatch):
    model = tiny_models.tiny_model("llama")
    windows = some_windows(windows=24, vocabulary=model.config.vocab_size)
    expected = Engine(model).score(windows)
    monkeypatch.setattr(paths, "LONGEST_BESIDE_OTHERS", 20)
    engine = Engine(model)
    plan = engine.paths.plan(windows, engine.max_tokens)
    alone = [len(windows[one.windows[0]].tokens) for one in plan if isinstance(one, Rows)]
    assert sorted(alone) == [21, 22, 23, 24]
    for ours, plain in zip(engine.score(windows), expected, strict=True):
        np.testing.assert_allclose(ours["log_prob"], plain["log_prob"], atol=1e-5)


def test_sliding_windows_too_long_to_check_limit_packing(monkeypatch):
    monkeypatch.setattr(path_check, "_LONGEST_CHECKED_ELSEWHERE", 7)
    assert Engine(tiny_models.tiny_model("gemma3_text")).paths.packed == 8


def test_a_model_with_recurrent_layers_is_not_packed():
    assert Engine(tiny_models.tiny_model("mamba")).paths.packed == 0


def test_the_attention_of_a_model_is_its_own_again():
    model = tiny_models.tiny_model("llama")
    Engine(model).score(some_windows(windows=3, vocabulary=model.config.vocab_size))
    configs = [module.config for module in model.modules() if hasattr(module, "config")]
    assert {config._attn_implementation for config in configs} == {"sdpa"}


def test_what_plain_products_lack_is_left_to_the_attention_of_the_model():
    """transformers' own function refuses soft-capping, rather than to leave it out silently."""
    model = tiny_models.tiny_model("llama")
    module = model.model.layers[0].self_attn
    states = torch.zeros(1, 4, 3, 8)
    pack = pack_windows([Window(np.array([1]), np.array([2, 3]), 0)], 10)[0]
    attention = PackedAttention(tile_groups(pack.segments, 100), "sdpa", torch.device("cpu"))
    with pytest.raises(ValueError, match="softcap"):
        attention(module, states, states, states, softcap=30.0)
