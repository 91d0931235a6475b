"""The context length of a model."""

from typing import Any

# Names of the context length in configurations. Decoders of encoder-decoder and speech models use other
# names.
_NAMES = ("max_position_embeddings", "max_target_positions", "max_sequence_length")


def context_length(config: Any) -> int | None:
    """Longest sequence in tokens that a model takes. `None` if it has no limit.

    Args:
        config: configuration of the text part of a model.

    >>> from transformers import AutoConfig
    >>> context_length(AutoConfig.for_model("gpt2")), context_length(AutoConfig.for_model("whisper"))
    (1024, 448)
    >>> context_length(AutoConfig.for_model("xlnet")), context_length(AutoConfig.for_model("mamba"))
    (None, None)
    """
    for name in _NAMES:
        length = getattr(config, name, None)
        if length is not None and length > 0:  # XLNet says -1
            return int(length)
    return None
