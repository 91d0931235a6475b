"""Tiny models with a language model and a tower for images, as folders of today's families hold them."""

import torch
from transformers import AutoConfig, AutoModelForImageTextToText

_TEXT = {
    "vocab_size": 1062,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
_THREE_AXES = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}}
_IMAGES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
_PATCHES = {"image_size": 28, "patch_size": 14}
_QWEN_IMAGES = {
    "depth": 1,
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_heads": 2,
    "out_hidden_size": 32,
}
# Model type, settings of the language model, settings of the tower.
FAMILIES = {
    "Qwen2.5-VL": ("qwen2_5_vl", _THREE_AXES, _QWEN_IMAGES),
    "Qwen3-VL": ("qwen3_vl", _THREE_AXES, _QWEN_IMAGES | {"deepstack_visual_indexes": [0]}),
    "Mistral 3": ("mistral3", {"model_type": "mistral"}, _IMAGES | _PATCHES | {"model_type": "pixtral"}),
    "Ministral 3": ("mistral3", {"model_type": "ministral3"}, _IMAGES | _PATCHES | {"model_type": "pixtral"}),
    "Llava": ("llava", {"model_type": "llama"}, _IMAGES | _PATCHES | {"model_type": "clip_vision_model"}),
    "InternVL": (
        "internvl",
        {"model_type": "qwen2"},
        _IMAGES | {"image_size": [28, 28], "patch_size": [14, 14]},
    ),
    "SmolVLM": ("smolvlm", {"model_type": "llama"}, _IMAGES | _PATCHES),
    "GLM-4V": ("glm4v", _THREE_AXES, _QWEN_IMAGES | _PATCHES),
    "Gemma 4": (
        "gemma4",
        {
            "global_head_dim": 8,
            "hidden_size_per_layer_input": 4,
            "vocab_size_per_layer_input": 1062,
            "num_kv_shared_layers": 0,
            "sliding_window": 64,
            "layer_types": ["sliding_attention", "full_attention"],
            "pad_token_id": 0,
        },
        _IMAGES | {"num_key_value_heads": 2, "head_dim": 8},
    ),
    "Gemma 3": (
        "gemma3",
        {"sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]},
        _IMAGES | _PATCHES,
    ),
}


def multimodal_model(family):
    """A model of a family with random weights."""
    model_type, text, images = FAMILIES[family]
    torch.manual_seed(0)
    config = AutoConfig.for_model(model_type, text_config=_TEXT | text, vision_config=images)
    return AutoModelForImageTextToText.from_config(config).eval()
