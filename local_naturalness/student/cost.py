"""The cost of a pass through a student: floating-point operations and memory, read from its layers."""

from dataclasses import dataclass
from typing import Any

from local_naturalness.student.mamba_scans import scan_bytes_per_token

# Number of tensors as wide as the hidden state that are in memory at the same time, besides those of the
# feed-forward layer: the residual stream, its normed copy in float32 with its square, and queries, keys and
# values before and after gathering.
_HIDDEN_COPIES = 8
# Gate, activation and product of a gated feed-forward layer.
_INNER_COPIES = 3


@dataclass(frozen=True)
class StudentCost:
    """Sizes that the cost of a pass depends on.

    Attributes:
        parameters: number of weights in the model.
        layer_weights: number of weights that every token is multiplied with. Only the experts of a token
            count.
        output_weights: number of weights of the output layer, for scored tokens only.
        attention_width: number of heads times the size of a head, summed over layers.
        bytes_per_weight: bytes of a weight in the dtype of the model.
        bytes_per_token: memory that a token needs while it passes a layer.
    """

    parameters: int
    layer_weights: int
    output_weights: int
    attention_width: int
    bytes_per_weight: int
    bytes_per_token: int

    @property
    def weight_bytes(self) -> int:
        """Memory of the loaded model."""
        return self.parameters * self.bytes_per_weight

    def operations(self, passed_tokens: float, visible_pairs: float, scored_tokens: float) -> float:
        """Floating-point operations. A multiplication with an addition counts as two.

        Args:
            passed_tokens: tokens that pass through the layers.
            visible_pairs: number of tokens that each of them sees, with itself, summed.
            scored_tokens: tokens that pass through the output layer.
        """
        return 2.0 * (
            self.layer_weights * passed_tokens
            + 2 * self.attention_width * visible_pairs
            + self.output_weights * scored_tokens
        )


def student_cost(model: Any) -> StudentCost:
    """Read the cost of a model. A model on the device `meta` is enough.

    >>> import torch
    >>> from transformers import AutoModelForCausalLM, LlamaConfig
    >>> config = LlamaConfig(hidden_size=64, intermediate_size=128, num_hidden_layers=2, vocab_size=1000)
    >>> with torch.device("meta"):
    ...     cost = student_cost(AutoModelForCausalLM.from_config(config))
    >>> cost.output_weights, cost.layer_weights == 2 * (4 * 64 * 64 + 3 * 64 * 128)
    (64000, True)
    """
    config = model.config.get_text_config()
    embedding, output = model.get_input_embeddings(), model.get_output_embeddings()
    outside = {id(getattr(layer, "weight", None)) for layer in (embedding, output) if layer is not None}
    routed = _routed_share(config)
    layer_weights = sum(
        parameter.numel() * (routed if "experts" in name else 1)
        for name, parameter in model.named_parameters()
        if parameter.dim() > 1 and id(parameter) not in outside
    )
    hidden = _number(config, "hidden_size", "d_model", "n_embd")
    return StudentCost(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        layer_weights=round(layer_weights),
        output_weights=output.weight.numel() if hasattr(output, "weight") else 0,
        attention_width=_attention_width(model, config),
        bytes_per_weight=model.dtype.itemsize,
        bytes_per_token=model.dtype.itemsize
        * (_HIDDEN_COPIES * hidden + _INNER_COPIES * _inner_size(config, hidden))
        + scan_bytes_per_token(model),
    )


def _number(settings: Any, *names: str) -> int:
    """The first of some sizes that is a positive whole number. 0 if none is.

    A configuration may lack a size, have one per layer, or raise an error for a size that varies by layer.
    The model must still be scored.
    """
    for name in names:
        try:
            value = getattr(settings, name, None)
        except Exception:
            continue
        found = [one for one in (value if isinstance(value, list | tuple) else [value]) if type(one) is int]
        if found and max(found) > 0:
            return max(found)
    return 0


def _attention_width(model: Any, config: Any) -> int:
    """Heads times the size of a head, summed over attention layers. For other layers, only weights count."""
    config_heads = _number(config, "num_attention_heads", "n_head")
    width = 0
    for module in model.modules():
        if "Attention" not in type(module).__name__:
            continue
        keys = _number(module, "qk_head_dim", "head_dim", "head_size", "attention_head_size")
        values = _number(module, "v_head_dim") or keys
        heads = _number(module, "num_heads", "num_attention_heads", "n_heads") or config_heads
        width += heads * (keys + values) // 2
    return width


def _inner_size(config: Any, hidden: int) -> int:
    """Width of the feed-forward layer. With experts, the width of all experts of a token together."""
    of_experts = _number(config, "moe_intermediate_size") * (_number(config, "num_experts_per_tok") or 1)
    return max(of_experts, _number(config, "intermediate_size", "n_inner", "ffn_dim") or 4 * hidden)


def _routed_share(config: Any) -> float:
    """Share of a layer's experts that a token passes."""
    experts = _number(config, "num_local_experts", "num_experts", "n_routed_experts")
    return min(1.0, (_number(config, "num_experts_per_tok") or experts) / experts) if experts else 1.0
