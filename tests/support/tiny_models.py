"""Random models of many architectures: two layers, and weights wide enough that contexts matter."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM

VOCABULARY = 400

_COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 768,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
_MIXED_LAYERS = {"head_dim": 8, "sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]}
_LINEAR_ATTENTION = {
    "head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "num_experts": 2,
    "num_experts_per_tok": 1,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
}
_EXPERTS = {"head_dim": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
# What each needs besides the common settings.
ARCHITECTURES = {
    "llama": {},
    "qwen2": {},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 768},
    "gemma3_text": _MIXED_LAYERS,  # a sliding window shorter than the prompts
    "gpt_neox": {},
    "gemma2": _MIXED_LAYERS | {"final_logit_softcapping": 2.0},
    "granite": {"logits_scaling": 0.5},
    "cohere": {"logit_scale": 2.0},
    "mamba": {"state_size": 4},
    "qwen3_next": _LINEAR_ATTENTION,
    "qwen3": {"head_dim": 8},
    "qwen3_moe": _EXPERTS | {"num_experts": 4},
    "mistral": {"sliding_window": 8},
    "phi3": {},
    "olmo2": {},
    "gpt_oss": _MIXED_LAYERS | _EXPERTS | {"num_local_experts": 4},
    "lfm2": {"layer_types": ["full_attention", "full_attention"]},
    "deepseek_v3": _EXPERTS
    | {
        "n_routed_experts": 4,
        "n_group": 1,
        "topk_group": 1,
        "first_k_dense_replace": 1,
        "num_key_value_heads": 4,
        "kv_lora_rank": 16,
        "q_lora_rank": 16,
        "qk_rope_head_dim": 8,
        "qk_nope_head_dim": 8,
        "v_head_dim": 16,
    },
    "falcon_h1": {
        "mamba_d_ssm": 32,
        "mamba_n_heads": 4,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_chunk_size": 16,
    },
}
# Those that are not packed, because tokens meet elsewhere than in attention.
OTHER_WAYS = {"mamba": "padded", "qwen3_next": "cached", "falcon_h1": "cached"}


def tiny_model(architecture="llama", seed=0, **changes):
    settings = _COMMON | ARCHITECTURES[architecture] | changes
    if architecture == "gpt2":  # has names of its own for these
        settings = {key: value for key, value in settings.items() if "hidden" not in key and "num" not in key}
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **settings)).eval()
