"""Scored candidates and selections of them, small enough to reason about."""

from collections.abc import Callable

from datasets import Dataset

from local_naturalness.selection import select_responses

SPEC = (
    "student=Qwen/Qwen2.5-7B@0123456789ab; scorer=local; window=4; splitter=sentence/2; "
    "dtype=float32; local_naturalness=0.1.0; id=1a2b3c4d"
)


def make_candidates(num_prompts: int = 6, **changes: Callable[[int, int], object]) -> Dataset:
    """Three scored answers to every prompt; `column=f(prompt, teacher)` changes or adds."""
    values: dict[str, Callable[[int, int], object]] = {
        "prompt": lambda p, t: f"Question {p}?",
        "teacher": lambda p, t: ["brief", "careful", "chatty"][t],
        "response": lambda p, t: f"Step one of {p}.\nStep two, as teacher {t} says.",
        "local_naturalness": lambda p, t: -1.0 - 0.25 * ((p + 2 * t) % 3) - 0.125 * p,
        "local_naturalness_status": lambda p, t: "ok",
        "local_naturalness_spec": lambda p, t: SPEC,
        "num_steps": lambda p, t: 2,
        "num_tokens": lambda p, t: 10 + p + t,
        **changes,
    }
    pairs = [(p, t) for p in range(num_prompts) for t in range(3)]
    return Dataset.from_dict({name: [f(p, t) for p, t in pairs] for name, f in values.items()})


def make_selection(num_prompts: int = 6, **changes: Callable[[int, int], object]) -> Dataset:
    return select_responses(make_candidates(num_prompts, **changes))
