"""A lower bound for the cost of a pass: the same layers on as many tokens, without attention."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from local_naturalness.engine.packed_attention import blind_attention, run_with
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.twin import twin_of


def run_bare_layers(model: Any, num_tokens: int, num_scored: int, max_tokens: int) -> None:
    """Push tokens through a model's layers without attention, and the scored ones through its head.

    For a Qwen2 model, these are linear layers, norms and activations. For others, it is the model's own pass
    over sequences of `max_tokens` tokens, in which attention returns zeros: recurrences and convolutions are
    part of it.
    """
    if model.config.model_type == "qwen2":
        _run(model, _qwen2_without_attention, num_tokens, num_scored, max_tokens)
        return
    student = Projection(twin_of(model), is_separable=True)

    def without_attention(model: Any, tokens: int) -> torch.Tensor:
        ids = np.random.default_rng(0).integers(0, student.vocabulary, (1, tokens))
        return run_with(blind_attention, student, ids, np.arange(tokens)[None])[0]

    _run(model, without_attention, num_tokens, num_scored, max_tokens)


def run_linear_layers(model: Any, num_tokens: int, num_scored: int, max_tokens: int) -> None:
    """Push arbitrary numbers through each linear layer of a model, and the scored tokens through its head."""

    def linear_layers(model: Any, tokens: int) -> torch.Tensor:
        inputs = {}
        for layer in _linear_layers(model):
            if layer.in_features not in inputs:
                inputs[layer.in_features] = _random(tokens, layer.in_features, model)
            layer(inputs[layer.in_features])
        return _random(tokens, model.config.hidden_size, model)

    _run(model, linear_layers, num_tokens, num_scored, max_tokens)


@torch.no_grad()
def _run(
    model: Any,
    states: Callable[[Any, int], torch.Tensor],
    num_tokens: int,
    num_scored: int,
    max_tokens: int,
) -> None:
    for start in range(0, num_tokens, max_tokens):
        tokens = min(max_tokens, num_tokens - start)
        share = -(-num_scored * tokens // num_tokens)
        model.lm_head(states(model, tokens)[:share]).float().logsumexp(-1)


def _qwen2_without_attention(model: Any, tokens: int) -> torch.Tensor:
    hidden = _random(tokens, model.config.hidden_size, model)
    for layer in model.model.layers:
        hidden = _without_attention(layer, hidden)
    return model.model.norm(hidden)


def _without_attention(layer: Any, hidden: torch.Tensor) -> torch.Tensor:
    attention, mlp = layer.self_attn, layer.mlp
    normed = layer.input_layernorm(hidden)
    query, _, _ = attention.q_proj(normed), attention.k_proj(normed), attention.v_proj(normed)
    hidden = hidden + attention.o_proj(query)
    return hidden + mlp(layer.post_attention_layernorm(hidden))


def _random(tokens: int, size: int, model: Any) -> torch.Tensor:
    return torch.randn(tokens, size, device=model.device, dtype=model.dtype)


def _linear_layers(model: Any) -> list[torch.nn.Linear]:
    """Those that every token passes."""
    return [
        module
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    ]


def matrix_rate(model: Any, size: int = 2048) -> float:
    """Floating-point operations per second of a square matrix product on the model's device."""
    left = torch.randn(size, size, device=model.device, dtype=model.dtype)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        (left @ left)[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def layer_operations(model: Any, num_tokens: int, num_scored: int) -> float:
    """Floating-point operations of the linear layers for some tokens, and of the head for the scored ones."""
    weights = sum(layer.weight.numel() for layer in _linear_layers(model))
    return 2 * (weights * num_tokens + model.lm_head.weight.numel() * num_scored)
