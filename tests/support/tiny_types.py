"""A tiny model with random weights of any causal model type of transformers.

Sizes that a configuration has by one of the usual names are made small; what a type needs besides stands in
`SPECIAL`.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

VOCABULARY = 400
LAYERS = 2
MODEL_TYPES = tuple(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)

# Sizes by the names that configurations give them.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("vocab_size", "vocab_size_per_layer_input"), VOCABULARY),
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embedding_size", "emb_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "decoder_layers", "encoder_layers"), LAYERS),
    **dict.fromkeys(("num_attention_heads", "decoder_attention_heads", "encoder_attention_heads"), 4),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim", "d_ff"), 64),
    **dict.fromkeys(("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"), 4),
    **dict.fromkeys(("num_experts_per_tok", "moe_k", "num_experts_per_token"), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "num_shared_experts"), 1),
    **dict.fromkeys(
        ("moe_intermediate_size", "shared_expert_intermediate_size", "expert_ffn_hidden_size"), 16
    ),
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 768,
    "n_positions": 768,
    "n_ctx": 768,
    "initializer_range": 0.3,
    "sliding_window": 8,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 16,
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "mamba_d_ssm": 32,
    "mamba_n_heads": 4,
    "mamba_d_head": 16,
    "mamba_d_state": 8,
    "mamba_chunk_size": 16,
    "hidden_size_per_layer_input": 8,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
# A size that a type has by a name of its own only.
_OWN_NAME = object()
_TOKENS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
_LINEAR_AND_FULL = {"layer_types": ["linear_attention", "full_attention"]}
_PART_ROTATED = {"rotary_dim": 8}
_WITHOUT_CACHE_SHARING = {"num_kv_shared_layers": 0}
_KEYS_FOR_EACH_HEAD = {"num_key_value_heads": 4}
SPECIAL: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        (
            "camembert",
            "cwm",
            "data2vec-text",
            "emu3",
            "mllama",
            "mllama_text_model",
            "modernbert-decoder",
            "roberta",
            "roberta-prelayernorm",
            "xlm-roberta",
            "xlm-roberta-xl",
        ),
        _TOKENS,
    ),
    **dict.fromkeys(("gptj", "codegen"), _PART_ROTATED),
    **dict.fromkeys(("axk2", "deepseek_v32", "glm_moe_dsa"), _KEYS_FOR_EACH_HEAD | {"index_topk": 64}),
    **dict.fromkeys(
        (
            "axk1",
            "deepseek_v2",
            "deepseek_v3",
            "glm4_moe_lite",
            "longcat_flash",
            "minicpm3",
            "sarvam_mla",
            "youtu",
        ),
        _KEYS_FOR_EACH_HEAD,
    ),
    **dict.fromkeys(("gemma3n_text", "gemma4_text", "gemma4_unified_text"), _TOKENS | _WITHOUT_CACHE_SHARING),
    **dict.fromkeys(
        (
            "qwen3_5_text",
            "qwen3_5_moe_text",
            "qwen3_next",
            "granitemoehybrid",
            "bailing_hybrid",
        ),
        _LINEAR_AND_FULL,
    ),
    "kimi_linear": _LINEAR_AND_FULL | _KEYS_FOR_EACH_HEAD | {"linear_head_dim": 8, "linear_num_heads": 2},
    "lfm3": {"layer_types": ["conv", "full_attention"]},
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "attention_window_size": 8},
    "qwen4_exp_text": _LINEAR_AND_FULL
    | {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 64,
        "indexer_compress_ratio": 4,
        "ngram_vocab_size_base": 500,
        "split_ngram_parts": 1,
        "ple_embed_dim": 8,
        "hc_lowrank": 8,
    },
    "xlm": _TOKENS,
    "xmod": _TOKENS | {"default_language": "en_XX"},
    "bamba": {"attn_layer_indices": [1]},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "minimax_m3_vl_text": {
        "layer_types": ["full_attention", "minimax_m3_sparse"],
        "index_block_size": 16,
        "index_topk_blocks": 2,
        "index_local_blocks": 1,
    },
    "cohere_compass_text": {
        "layer_types": ["sliding_attention", "full_attention"],
        "rope_parameters": {
            kind: {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [1, 1, 2]}
            for kind in ("sliding_attention", "full_attention")
        },
    },
    "dbrx": {
        "n_heads": 4,
        "n_layers": 2,
        "max_seq_len": 768,
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10_000.0},
        "ffn_config": {"ffn_hidden_size": 64, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "dory": {
        "num_hidden_layers": 4,
        "n_input_layers": 1,
        "n_output_layers": 1,
        "layer_types": ["sliding_attention", "full_attention"] * 2,
    },
    "falcon_h1": {"mamba_d_head": 8},
    "gpt_neo": {
        "num_layers": 2,
        "num_heads": 4,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 8,
    },
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "inkling2_loop_text": {
        "num_hidden_layers": 3,
        "n_layers_per_attn_res_block": 1,
        "loop_layer_index_start": 1,
        "loop_layer_index_end": 2,
        "loop_num_passes": 2,
    },
    "llama4_text": {"attention_chunk_size": 48},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 2, "state_size": 8, "chunk_size": 16},
    "phi3": {
        "original_max_position_embeddings": 64,
        "rope_parameters": {
            "rope_type": "longrope",
            "rope_theta": 10_000.0,
            "long_factor": [4.0] * 4,
            "short_factor": [1.0] * 4,
            "original_max_position_embeddings": 64,
        },
    },
    "prophetnet": _TOKENS
    | {"num_decoder_layers": 2, "num_encoder_layers": 2, "num_hidden_layers": _OWN_NAME}
    | {"num_decoder_attention_heads": 4, "num_encoder_attention_heads": 4},
    "reformer": _TOKENS | {"is_decoder": True, "axial_pos_embds": False},
    "xlnet": {"max_position_embeddings": _OWN_NAME, "n_head": 4, "d_head": 8},
    "xlstm": {"num_heads": 4, "hidden_size": 128, "v_head_dim": _OWN_NAME},
    "falcon": {"head_dim": _OWN_NAME, "alibi": True},
    "zamba": {
        "num_hidden_layers": 4,
        "layer_types": ["mamba", "hybrid"] * 2,
        "layers_block_type": ["mamba", "hybrid"] * 2,
        "mamba_dt_rank": 4,
    },
    "zamba2": {
        "layer_types": ["mamba", "hybrid"],
        "layers_block_type": ["mamba", "hybrid"],
        "n_mamba_heads": 8,
    },
    "zaya": {"num_experts_per_tok": 1},
}

_PART_OF_BLT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 1,
    "intermediate_size": 64,
    "max_position_embeddings": 768,
    "initializer_range": 0.3,
    "hidden_size_global": 64,
}
# Drafts of another model, whose keys and values they read.
_DRAFT = {
    "text_config": {"hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0},
    "backbone_hidden_size": 32,
}
_TOWER = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
# Of types that have more parts than the one that reads text: settings of the others.
BESIDE_TEXT: dict[str, dict[str, Any]] = {
    "blt": {
        "patcher_config": _PART_OF_BLT,
        "encoder_config": _PART_OF_BLT,
        "decoder_config": _PART_OF_BLT,
        "global_config": _PART_OF_BLT | {"hidden_size": 64},
        "encoder_hash_byte_group_vocab": 500,
        "local_attention_window_len": 64,
    },
    "dots3_note": {
        "vision_config": _TOWER | {"adapter_in_dim": 16, "adapter_out_dim": 32, "mlp_layer_types": ["dense"]},
        "audio_config": _TOWER | {"adapter_input_size": 16, "adapter_out_dim": 32},
    },
    **dict.fromkeys(("gemma4_assistant", "gemma4_unified_assistant"), _DRAFT),
    "phi4_multimodal": {
        "vision_config": _TOWER | {"image_size": 28, "crop_size": 28},
        "audio_config": {
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_blocks": 1,
            "num_attention_heads": 2,
            "ext_pw_out_channel": 16,
            "depthwise_separable_out_channel": 16,
            "nemo_conv_channels": 16,
        },
    },
}


def tiny_config(model_type: str, **changes: Any) -> Any:
    """Configuration of a tiny model; `changes` are settings of its text part."""
    beside = BESIDE_TEXT.get(model_type, {})
    default = CONFIG_MAPPING[model_type](**{name: value for name, value in beside.items() if "text" in name})
    text = _text_part(default)
    settings = _sizes_of(text) | SPECIAL.get(text.model_type, {}) | SPECIAL.get(model_type, {}) | changes
    settings = {name: value for name, value in settings.items() if value is not _OWN_NAME}
    if text is default:
        return AutoConfig.for_model(model_type, **settings, **beside)
    name = next(name for name, value in vars(default).items() if value is text)
    own = settings | beside.get(name, {})
    return AutoConfig.for_model(model_type, **(beside | {name: own}))


def _text_part(config: Any) -> Any:
    try:
        return config.get_text_config()
    except ValueError:  # several
        return config.get_text_config(decoder=True)


def _sizes_of(config: Any) -> dict[str, Any]:
    """The usual sizes that a configuration has; one that varies by layer raises when it is asked for."""
    found = {}
    for name, value in SIZES.items():
        try:
            if hasattr(config, name):
                found[name] = value
        except Exception:
            continue
    return found


def tiny_type(model_type: str, seed: int = 0, **changes: Any) -> Any:
    """A model of a type, with weights wide enough that contexts matter."""
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(tiny_config(model_type, **changes)).eval()
