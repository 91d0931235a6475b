"""Memory that runs out, lost items, models left as they were, and models with unusual output layers."""

import re
from types import MethodType

import numpy as np
import pytest
import torch
from plain_loop import log_probs
from some_windows import assert_equal_to_plain_passes, some_windows
from tiny_models import tiny_model

from local_naturalness import LocalScorer
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window

LINES = re.compile("\n")
ROWS = {
    "prompt": ["a", "b", "c"],
    "response": ["One.\nTwo.\nThree.", "Four five six seven.\nEight.", "Nine."],
}
MESSAGES = ["CUDA out of memory", "not enough memory: you tried to allocate 40 bytes"]


def every_line_alone(model, tokenizer):
    """A scorer with six windows for these rows."""
    return LocalScorer(model, tokenizer=tokenizer, window=0, splitter=LINES)


def scores(model, tokenizer):
    return every_line_alone(model, tokenizer)(ROWS)["local_naturalness"]


def fail_above(model, tokens, error):
    """Let a model's forward pass fail for batches of more than so many tokens; returns a list of sizes."""
    sizes = []

    def fail(module, arguments, named):
        sizes.append(named["input_ids"].numel())
        if sizes[-1] > tokens:
            raise error

    return sizes, model.register_forward_pre_hook(fail, with_kwargs=True)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError(MESSAGES[0]), RuntimeError(MESSAGES[1])])
def test_batches_shrink_until_they_fit(tokenizer, error, caplog):
    model = tiny_model("llama")
    scorer = every_line_alone(model, tokenizer)
    expected = scorer(ROWS)["local_naturalness"]

    sizes, handle = fail_above(model, 40, error)
    assert scorer(ROWS)["local_naturalness"] == pytest.approx(expected, abs=1e-5)
    handle.remove()
    assert max(sizes) > 40 >= sizes[-1]
    assert "Out of memory: continuing with" in caplog.text


def test_memory_that_runs_out_once(tokenizer, monkeypatch):
    model = tiny_model("llama")
    scorer = every_line_alone(model, tokenizer)
    forward, failures = type(model).forward, []

    def fail_once(self, *args, **kwargs):
        if failures:
            raise failures.pop()
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(model, "forward", MethodType(fail_once, model))
    expected = scorer(ROWS)["local_naturalness"]
    failures.append(torch.OutOfMemoryError(MESSAGES[0]))
    assert scorer(ROWS)["local_naturalness"] == pytest.approx(expected, abs=1e-5)
    assert not failures


def test_one_window_that_does_not_fit_is_an_error(tokenizer):
    model = tiny_model("llama")
    scorer = every_line_alone(model, tokenizer)
    scorer(ROWS)
    _, handle = fail_above(model, 3, RuntimeError(MESSAGES[1]))
    with pytest.raises(MemoryError, match=r"A single window .*does not fit into memory. Use a smaller"):
        scorer(ROWS)
    handle.remove()


def test_other_errors_are_not_taken_for_a_lack_of_memory(tokenizer):
    model = tiny_model("llama")
    scorer = every_line_alone(model, tokenizer)
    scorer(ROWS)
    _, handle = fail_above(model, 0, RuntimeError("a kernel is missing"))
    with pytest.raises(RuntimeError, match="a kernel is missing"):
        scorer(ROWS)
    handle.remove()


def test_a_lost_window_is_an_error(model, tokenizer, monkeypatch):
    score = Engine.score
    monkeypatch.setattr(Engine, "score", lambda self, *args: score(self, *args)[:-1])
    with pytest.raises(RuntimeError, match=r"6 windows to be scored, 5 came back"):
        scores(model, tokenizer)


def test_nothing_to_score_runs_nothing(tokenizer):
    model = tiny_model("llama")
    scorer = every_line_alone(model, tokenizer)
    scorer(ROWS)
    sizes, handle = fail_above(model, 1000, None)
    scorer({"prompt": ["a", None], "response": ["", "b"]})
    handle.remove()
    assert sizes == []


def test_a_model_in_training_is_left_as_it_was(tokenizer):
    model = tiny_model("llama", attention_dropout=0.5)
    scorer = every_line_alone(model, tokenizer)
    expected = scorer(ROWS)["local_naturalness"]
    model.train()
    model.model.layers[0].eval()  # a frozen part
    modes = [module.training for module in model.modules()]
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    config = model.config.to_dict()

    assert scorer(ROWS)["local_naturalness"] == pytest.approx(expected, abs=1e-5)  # no dropout
    assert scores(model, tokenizer) == pytest.approx(expected, abs=1e-5)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert model.config.to_dict() == config
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


class DoublesItsLogits(type(tiny_model("llama"))):
    """Does something behind its output layer that no configuration tells."""

    def forward(self, *args, **kwargs):
        output = super().forward(*args, **kwargs)
        output.logits = output.logits * 2
        return output


def test_a_model_that_changes_its_logits_in_an_unknown_way():
    model = DoublesItsLogits(tiny_model("llama").config).eval()
    window = Window(np.array([1, 2, 3]), np.array([4, 5, 6, 7]), first_scored=1)
    scored = Engine(model).score([window])[0]["log_prob"]
    assert scored == pytest.approx(log_probs(model, [1, 2, 3, 4], [5, 6, 7]), abs=1e-5)


def test_a_layer_that_mixes_tokens_from_some_call_on():
    model = tiny_model("llama", initializer_range=0.1)
    engine, windows = Engine(model), some_windows(prompts=(5, 9), windows=8, vocabulary=400)
    assert_equal_to_plain_passes(engine, model, windows)
    hook = model.model.layers[0].mlp.register_forward_hook(lambda _, __, output: output.cumsum(1))
    assert_equal_to_plain_passes(engine, model, windows)
    assert engine.paths.name != "packed"
    hook.remove()
    engine.score(windows)
    assert engine.paths.name == "packed"
