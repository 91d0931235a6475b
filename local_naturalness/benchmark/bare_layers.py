"""The least that a pass costs: the same linear layers, norms and activations, without attention."""

import time
from typing import Any

import torch


@torch.no_grad()
def run_bare_layers(model: Any, num_tokens: int, num_scored: int, max_tokens: int) -> None:
    """Push tokens through a Qwen2 model's layers without attention, and the scored ones through its head."""
    for start in range(0, num_tokens, max_tokens):
        hidden = torch.randn(
            min(max_tokens, num_tokens - start),
            model.config.hidden_size,
            device=model.device,
            dtype=model.dtype,
        )
        for layer in model.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            normed = layer.input_layernorm(hidden)
            query, _, _ = attention.q_proj(normed), attention.k_proj(normed), attention.v_proj(normed)
            hidden = hidden + attention.o_proj(query)
            hidden = hidden + mlp(layer.post_attention_layernorm(hidden))
        share = -(-num_scored * len(hidden) // num_tokens)
        model.lm_head(model.model.norm(hidden[:share])).float().logsumexp(-1)


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
    weights = sum(
        module.weight.numel()
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    )
    return 2 * (weights * num_tokens + model.lm_head.weight.numel() * num_scored)
