"""Whether a model may be packed: its tokens meet in attention only, and attention does not count them."""

from typing import Any

import numpy as np
import torch

from local_naturalness.engine.packed_attention import SUPPORTED, attention_name, blind_attention, run_with
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.torch_calls import Calls

_LENGTH, _CHANGED = 48, 20  # of the text of the check, and the token in it that is changed


def not_packable_because(student: Projection) -> str | None:
    """The reason why windows of a model cannot be packed. `None` if nothing speaks against it."""
    attention = attention_name(student.model)
    if attention not in SUPPORTED:
        return f"it attends by {attention!r}"
    try:
        if _mixes_beside_attention(student):
            return "tokens meet elsewhere than in attention"
        if _counts_places(student):
            return "attention computes the positions of tokens by itself"
    except Exception as error:  # models of all kinds: whatever they raise, another path remains
        return str(error) or type(error).__name__
    return None


def arbitrary_tokens(shape: tuple[int, int], vocabulary: int) -> np.ndarray:
    """Token ids for a check. They are the same in every run."""
    return np.random.default_rng(0).integers(0, vocabulary, shape)


def _mixes_beside_attention(student: Projection) -> bool:
    """Whether a token changes later tokens although attention is blind, as in a convolution or recurrence.

    A changed token may change the rounding of all other tokens, because experts then compute them in other
    groups. Tokens before the changed one show how large this effect is.
    """
    ids = arbitrary_tokens((1, _LENGTH), student.vocabulary)
    positions = np.arange(_LENGTH)[None]
    plain = run_with(blind_attention, student, ids, positions)[0].float()
    for change in (1, 2, 3):
        other = ids.copy()
        other[0, _CHANGED] = (other[0, _CHANGED] + change) % student.vocabulary
        moved = (run_with(blind_attention, student, other, positions)[0].float() - plain).abs().amax(1)
        rounding = 1e-6 * plain.abs().max() + 8 * moved[:_CHANGED].max()
        if not (moved[_CHANGED + 1 :].max() > rounding):
            return False
    return True


def _counts_places(student: Projection) -> bool:
    """Whether attention numbers the tokens of a sequence by itself. A pack is many texts in one sequence.

    The numbers may begin to matter at lengths far beyond those of the check, so comparing scores would not
    show it.
    """
    inside: list[torch.nn.Module] = []

    def enter(module: torch.nn.Module, _: Any) -> None:
        inside.append(module)

    def leave(*_: Any) -> None:
        inside.pop()

    hooks = [
        hook
        for module in student.model.modules()
        if "Attention" in type(module).__name__
        for hook in (
            module.register_forward_pre_hook(enter),
            module.register_forward_hook(leave, always_call=True),
        )
    ]
    ids = arbitrary_tokens((1, _LENGTH), student.vocabulary)
    try:
        with Calls({"arange"}, when=lambda places: bool(inside) and len(places) >= _LENGTH) as counts:
            run_with(blind_attention, student, ids, np.arange(_LENGTH)[None])
    finally:
        for hook in hooks:
            hook.remove()
    return counts.seen
