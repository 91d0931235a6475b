"""The least that a pass costs: the same linear layers, norms and activations, without attention."""

import time
from typing import Any

import torch


@torch.no_grad()
def run_bare_layers(model: Any, num_tokens: int, num_scored: int, max_tokens: int) -> None:
    """Push tokens through a model's linear layers and the scored ones through its head.

    Of a Qwen2 model also norms and activations; of others only the linear layers, each with arbitrary input.
    """
    for start in range(0, num_tokens, max_tokens):
        tokens = min(max_tokens, num_tokens - start)
        hidden = _random(tokens, model.config.hidden_size, model)
        if model.config.model_type == "qwen2":
            for layer in model.model.layers:
                hidden = _without_attention(layer, hidden)
            hidden = model.model.norm(hidden)
        else:
            inputs = {}
            for layer in _linear_layers(model):
                if layer.in_features not in inputs:
                    inputs[layer.in_features] = _random(tokens, layer.in_features, model)
                layer(inputs[layer.in_features])
        share = -(-num_scored * tokens // num_tokens)
        model.lm_head(hidden[:share]).float().logsumexp(-1)


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
