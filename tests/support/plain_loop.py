"""The definitions of the scores as plain loops, one forward pass per step: what the library must equal."""

import math
from itertools import groupby

import torch

from local_naturalness import split_steps


def log_probs(model, context, tokens):
    """Natural log-probability of each of `tokens` given `context` and the tokens before it."""
    with torch.no_grad():
        logits = model(torch.tensor([context + tokens])).logits[0].double()
    predictions = logits.log_softmax(-1)[len(context) - 1 : -1]
    return [predictions[i, token].item() for i, token in enumerate(tokens)]


def prompt_ids(tokenizer, prompt, include_prompt=True):
    """The ids that stand before every window; the prompt is a string."""
    first = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    if not include_prompt:
        return [first]
    if tokenizer.chat_template:
        message = {"role": "user", "content": prompt}
        rendered = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
        return tokenizer(rendered, add_special_tokens=False)["input_ids"]
    bos = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return bos + tokenizer(prompt + "\n", add_special_tokens=False)["input_ids"]


def step_ids(tokenizer, response, steps=None):
    """The response's ids, tokenised once, grouped by the step that holds a token's first character."""
    steps = split_steps(response) if steps is None else steps
    step_of_character = [i for i, step in enumerate(steps) for _ in step]
    encoded = tokenizer(response, add_special_tokens=False, return_offsets_mapping=True)
    tokens = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    grouped = groupby(tokens, key=lambda token: step_of_character[token[1][0]])
    return [[token_id for token_id, _ in group] for _, group in grouped]


def first_step_seen(step, window, stride=1):
    """Index of the first step that a step may look at."""
    if window is None:
        return 0
    if 0 < window < 1:
        return step - math.ceil(window * step)
    return max(0, (step - step % stride) - window)


def local_log_probs(model, prompt, steps, window, stride=1):
    """Log-probabilities of the tokens of every step given the prompt and the steps in its window."""
    return [
        log_probs(model, prompt + joined(steps[first_step_seen(i, window, stride) : i]), step)
        for i, step in enumerate(steps)
    ]


def joined(lists):
    return [value for values in lists for value in values]


def mean(values):
    return sum(values) / len(values)


def mean_over_steps(steps):
    return mean([mean(step) for step in steps])


def mean_over_tokens(steps):
    return mean(joined(steps))
