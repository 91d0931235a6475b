"""Windows of arbitrary tokens, and what they score when each is passed alone."""

import numpy as np
import tiny_models
import torch

from local_naturalness.engine.packing import Window


def make_windows(shapes, prompt_lengths=(3, 40, 17)):
    """Windows of `(prompt, tokens, first scored)`; one prompt is longer than the sliding windows of 8."""
    generator = np.random.default_rng(0)
    prompts = [generator.integers(0, tiny_models.VOCABULARY, length) for length in prompt_lengths]
    return [
        Window(prompts[prompt], generator.integers(0, tiny_models.VOCABULARY, length), first)
        for prompt, length, first in shapes
    ]


def plain_pass(model, window):
    """Log-probabilities of the scored tokens, from the model's own logits of all positions."""
    ids = torch.from_numpy(np.concatenate([window.prompt, window.tokens]))
    with torch.no_grad():
        log_probs = model(input_ids=ids[None]).logits[0].float().log_softmax(-1)
    first = len(window.prompt) + window.first_scored
    return [log_probs[position - 1, ids[position]].item() for position in range(first, len(ids))]


def assert_equal_to_plain_passes(engine, model, windows):
    for window, scored in zip(windows, engine.score(windows), strict=True):
        np.testing.assert_allclose(scored["log_prob"], plain_pass(model, window), atol=2e-5)


def some_windows(seed=0, prompts=(5, 40, 3), windows=24, vocabulary=300):
    generator = np.random.default_rng(seed)
    texts = [generator.integers(0, vocabulary, length) for length in prompts]
    return [
        Window(texts[i % len(texts)], tokens := generator.integers(0, vocabulary, 1 + i), len(tokens) // 2)
        for i in range(windows)
    ]
