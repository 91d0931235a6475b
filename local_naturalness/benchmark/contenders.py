"""Ways to score steps: each takes a model and a workload and returns the mean log-probability per step."""

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from local_naturalness.benchmark.workload import Workload
from local_naturalness.engine import Engine

Contender = Callable[[Workload], np.ndarray]


def contenders(model: Any, engine: Engine, max_tokens: int) -> dict[str, Contender]:
    """The contenders that can run here; other packages only where they are installed."""
    found: dict[str, Contender] = {
        "ours": lambda workload: _ours(engine, workload),
        "plain loop": lambda workload: _plain_loop(model, workload),
        "padded batches": lambda workload: _padded_batches(model, workload, max_tokens),
    }
    if importlib.util.find_spec("lm_eval"):
        found["lm-evaluation-harness"] = _harness(model)
    if importlib.util.find_spec("minicons"):
        found["minicons"] = _minicons(model)
    return found


def _ours(engine: Engine, workload: Workload) -> np.ndarray:
    scored = iter(engine.score(workload.windows()))
    means = []
    for response, steps in zip(workload.responses, workload.steps, strict=True):
        tokens: list[float] = []
        while len(tokens) < len(response):
            tokens.extend(next(scored)["log_prob"])
        means += [float(np.mean(tokens[start:end])) for start, end in steps]
    return np.array(means)


@torch.no_grad()
def _plain_loop(model: Any, workload: Workload) -> np.ndarray:
    """One step at a time, logits of all positions: what the definition says."""
    means = []
    for step in workload.separate():
        ids = torch.from_numpy(np.concatenate([step.context, step.tokens])).to(model.device)
        log_probs = model(input_ids=ids[None], use_cache=False).logits[0].float().log_softmax(-1)
        scored = log_probs[len(step.context) - 1 : -1].gather(1, ids[len(step.context) :, None])
        means.append(scored.mean().item())
    return np.array(means)


@torch.no_grad()
def _padded_batches(model: Any, workload: Workload, max_tokens: int) -> np.ndarray:
    """Batches of prompt + window, padded; the output layer on scored tokens only."""
    separate = workload.separate()
    lengths = [len(step.context) + len(step.tokens) for step in separate]
    means = np.empty(len(separate))
    for group in batches_under_budget(lengths, max_tokens):
        ids = torch.zeros(len(group), max(lengths[i] for i in group), dtype=torch.long)
        for row, index in enumerate(group):
            joined = np.concatenate([separate[index].context, separate[index].tokens])
            ids[row, : lengths[index]] = torch.from_numpy(joined)
        ids = ids.to(model.device)
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        for row, index in enumerate(group):
            start, end = len(separate[index].context), lengths[index]
            log_probs = model.lm_head(hidden[row, start - 1 : end - 1]).float().log_softmax(-1)
            means[index] = log_probs.gather(1, ids[row, start:end, None]).mean().item()
    return means


def batches_under_budget(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Group sequences of similar length so that each padded group holds at most `max_tokens` tokens.

    Args:
        lengths: tokens of each sequence.
        max_tokens: tokens per group, with padding. A longer sequence is a group of its own.

    Returns:
        Groups of indices, longest first, so that a budget that is too large fails at once.

    >>> batches_under_budget([3, 8, 4, 4], max_tokens=8)
    [[1], [2, 3], [0]]
    """
    groups: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if groups and (len(groups[-1]) + 1) * longest <= max_tokens:
            groups[-1].append(index)
        else:
            groups.append([index])
            longest = lengths[index]
    return groups


def _harness(model: Any) -> Contender:
    """lm-evaluation-harness: log-likelihood of (context, step) pairs, given as ids."""
    from lm_eval.models.huggingface import HFLM

    harness = HFLM(pretrained=model, tokenizer=_word_tokenizer(model), batch_size=8, backend="causal")

    def run(workload: Workload) -> np.ndarray:
        separate = workload.separate()
        requests = [(("", ""), step.context.tolist(), step.tokens.tolist()) for step in separate]
        sums = harness._loglikelihood_tokens(requests, disable_tqdm=True)
        return np.array([total / len(step.tokens) for (total, _), step in zip(sums, separate, strict=True)])

    return run


def _minicons(model: Any) -> Contender:
    """minicons: conditional scores of (prefix, stimulus) texts."""
    from minicons import scorer

    minicons = scorer.IncrementalLMScorer(model, device=str(model.device), tokenizer=_word_tokenizer(model))

    def words(ids: np.ndarray) -> str:
        return " ".join(f"t{token}" for token in ids)

    def run(workload: Workload) -> np.ndarray:
        separate = workload.separate()
        means: list[float] = []
        for start in range(0, len(separate), 8):
            batch = separate[start : start + 8]
            means += minicons.conditional_score(
                [words(step.context) for step in batch], [words(step.tokens) for step in batch]
            )
        return np.array(means)

    return run


def _word_tokenizer(model: Any) -> Any:
    """A tokenizer whose words are the ids, `t17 t4`, for tools that take texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {f"t{token}": token for token in range(model.config.vocab_size)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="t0"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="t0", eos_token="t0", unk_token="t0")
