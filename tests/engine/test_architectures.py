"""The engine equals one plain pass per window on every architecture, however windows meet in its passes."""

from functools import cache

import pytest
import tiny_models
import torch
from some_windows import assert_equal_to_plain_passes, make_windows

from local_naturalness.engine import Engine
from local_naturalness.engine.projection import Projection

SEVERAL = [(0, 5, 0), (1, 30, 3), (0, 12, 11), (1, 50, 20), (0, 1, 0), (2, 33, 32), (1, 7, 2), (0, 20, 0)]


@cache
def model_and_engine(architecture):
    model = tiny_models.tiny_model(architecture)
    return model, Engine(model)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_the_way_of_windows(architecture):
    _, engine = model_and_engine(architecture)
    assert engine.paths.name == tiny_models.OTHER_WAYS.get(architecture, "packed")


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_windows_of_several_prompts(architecture):
    model, engine = model_and_engine(architecture)
    assert_equal_to_plain_passes(engine, model, make_windows(SEVERAL))


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_one_window_alone(architecture):
    model, engine = model_and_engine(architecture)
    assert_equal_to_plain_passes(engine, model, make_windows([(1, 9, 4)]))


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_windows_that_fill_the_context(architecture):
    """In several attention tiles."""
    model, engine = model_and_engine(architecture)
    context = (
        model.config.max_position_embeddings if hasattr(model.config, "max_position_embeddings") else 768
    )
    windows = make_windows([(0, context - 40, 500), (0, 6, 2), (1, context - 700, 0)], (40, 700))
    assert_equal_to_plain_passes(engine, model, windows)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_a_pass_for_every_window(architecture):
    model, _ = model_and_engine(architecture)
    assert_equal_to_plain_passes(Engine(model, max_tokens_per_batch=1), model, make_windows(SEVERAL))


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
def test_memory_that_runs_out_once(architecture, monkeypatch):
    model, engine = model_and_engine(architecture)
    engine = Engine(model)
    states, calls = Projection.states, []

    def fail_once(self, **inputs):
        calls.append(inputs["input_ids"].numel())
        if len(calls) == 1:
            raise torch.OutOfMemoryError
        return states(self, **inputs)

    monkeypatch.setattr(Projection, "states", fail_once)
    budget = engine.max_tokens
    assert_equal_to_plain_passes(engine, model, make_windows(SEVERAL))
    assert engine.max_tokens == budget // 2
    assert len(calls) > 1


def test_layers_of_another_kind_among_attention():
    model = tiny_models.tiny_model("lfm2", layer_types=["conv", "full_attention"])
    engine = Engine(model)
    assert engine.paths.name == "cached"
    assert_equal_to_plain_passes(engine, model, make_windows(SEVERAL))
