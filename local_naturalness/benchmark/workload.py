"""What every contender scores: arbitrary tokens, laid out like reasoning traces."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from local_naturalness.engine.packing import Window
from local_naturalness.engine.windows import first_context_step, plan_windows

# The shape of the default student: small enough for two cores, large enough that matrix products matter.
SHAPE = {
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "intermediate_size": 2048,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 32_000,
    "max_position_embeddings": 65_536,
    "tie_word_embeddings": False,
}
# Other types of the same width and depth: hybrids of the usual make, attention and other layers in turn.
_LINEAR = {"layer_types": ["linear_attention", "linear_attention", "linear_attention", "full_attention"] * 2}
_DELTA_RULE = _LINEAR | {
    "head_dim": 64,
    "linear_num_value_heads": 8,
    "linear_num_key_heads": 4,
    "linear_key_head_dim": 64,
    "linear_value_head_dim": 64,
}
_NO_EXPERTS = {"num_local_experts": 0, "num_experts": 0, "mlp_only_layers": list(range(8))}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "qwen2": {},
    "qwen3_5_text": _DELTA_RULE,
    "qwen3_next": _DELTA_RULE | _NO_EXPERTS,
    "lfm2": {"layer_types": ["conv", "conv", "conv", "full_attention"] * 2},
    "granitemoehybrid": _LINEAR
    | _NO_EXPERTS
    | {"mamba_n_heads": 16, "mamba_d_head": 64, "mamba_d_state": 64, "shared_intermediate_size": 2048},
    "falcon_h1": {"mamba_d_ssm": 512, "mamba_n_heads": 8, "mamba_d_head": 64, "mamba_d_state": 64},
    "nemotron_h": {
        "layers_block_type": ["mamba", "mlp", "mamba", "attention"] * 2,
        "mamba_num_heads": 16,
        "mamba_head_dim": 64,
        "ssm_state_size": 64,
        "n_groups": 4,
        "head_dim": 64,
    },
}
_STEP_LENGTHS = (5, 40)


@dataclass(frozen=True)
class Step:
    """One step as most tools take it: everything it is conditioned on, then its tokens."""

    context: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True)
class Workload:
    """Responses to one prompt, split into steps."""

    prompt: np.ndarray
    responses: list[np.ndarray]
    steps: list[list[tuple[int, int]]]
    window: int

    @property
    def num_scored(self) -> int:
        """Tokens that get a score."""
        return sum(map(len, self.responses))

    @property
    def num_window_tokens(self) -> int:
        """Tokens of all steps with their windows, without prompts: the work that the criterion asks for."""
        return sum(len(step.context) + len(step.tokens) - len(self.prompt) for step in self.separate())

    def windows(self, stride: int = 1, max_steps: int | None = None) -> list[Window]:
        """Windows as the engine takes them, steps that begin alike in one; of `max_steps` random steps."""
        generator = np.random.default_rng(0)
        windows = []
        for response, steps in zip(self.responses, self.steps, strict=True):
            chosen = np.arange(len(steps))
            if max_steps is not None and max_steps < len(steps):
                chosen = np.sort(generator.choice(chosen, max_steps, replace=False))
            plan = plan_windows(steps, len(response), self.window, stride, chosen.tolist())
            windows += [
                Window(self.prompt, response[span.begin : span.end], span.first_scored - span.begin)
                for span in plan.spans
            ]
        return windows

    def whole_responses(self) -> list[Window]:
        """One window per response, as global naturalness takes it."""
        return [Window(self.prompt, response, 0) for response in self.responses]

    def separate(self) -> list[Step]:
        """Every step on its own, with its context."""
        separate = []
        for response, steps in zip(self.responses, self.steps, strict=True):
            for index, (start, end) in enumerate(steps):
                first = steps[first_context_step(index, self.window)][0]
                context = np.concatenate([self.prompt, response[first:start]])
                separate.append(Step(context, response[start:end]))
        return separate


def make_model(architecture: str = "qwen2", seed: int = 0, **shape: Any) -> Any:
    """A model with random weights, large enough that scores differ from one another.

    Args:
        architecture: one of `ARCHITECTURES`.
        seed: of the weights.
        shape: other sizes than those of `SHAPE`.
    """
    torch.manual_seed(seed)
    config = AutoConfig.for_model(architecture, **(SHAPE | ARCHITECTURES[architecture] | shape))
    return AutoModelForCausalLM.from_config(config).eval()


def make_workload(
    vocab_size: int,
    prompt_tokens: int = 250,
    trace_tokens: int = 1_500,
    num_responses: int = 1,
    window: int = 4,
    seed: int = 0,
) -> Workload:
    """Responses of `trace_tokens` arbitrary tokens in steps of 5 to 40."""
    generator = np.random.default_rng(seed)
    steps = []
    for _ in range(num_responses):
        cuts = np.cumsum(generator.integers(*_STEP_LENGTHS, endpoint=True, size=trace_tokens // 5 + 1))
        ends = [*cuts[cuts < trace_tokens].tolist(), trace_tokens]
        steps.append(list(zip([0, *ends[:-1]], ends, strict=True)))
    return Workload(
        generator.integers(0, vocab_size, prompt_tokens),
        [generator.integers(0, vocab_size, trace_tokens) for _ in range(num_responses)],
        steps,
        window,
    )
