"""The paths that windows can take through a model, and the choice for each window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from local_naturalness.engine.cached import Continuation, continuations
from local_naturalness.engine.packing import Pack, Window, pack_windows
from local_naturalness.engine.padded import Rows, rows_of_similar_length

# Tokens of a window without its prompt. Longer windows fill a batch alone, where plain causal attention needs
# no mask.
LONGEST_BESIDE_OTHERS = 4_096
UNLIMITED = 2**31

Pass = Pack | Continuation | Rows


@dataclass(frozen=True)
class Paths:
    """The longest window, in tokens with its prompt, that may take each path. 0 if a path is not possible.

    Attributes:
        packed: many windows in one sequence without padding, with each prompt once.
        cached: windows continue from the state of their prompt, in padded batches.
        padded: each window contains its prompt, in padded batches.

    Windows that are longer than all of these are scored alone, which is correct for every model. So are
    windows that would fill a batch alone.
    """

    packed: int = 0
    cached: int = 0
    padded: int = 0

    @property
    def name(self) -> str:
        """The first path that is possible: `"packed"`, `"cached"`, `"padded"` or `"alone"`."""
        return next((name for name, longest in vars(self).items() if longest), "alone")

    def plan(self, windows: Sequence[Window], max_tokens: int) -> list[Pass]:
        """Put windows into passes of at most `max_tokens` tokens. A longer window is a pass of its own.

        Returns:
            Passes with the indices of their windows. Every window is in exactly one pass.
        """
        ways: dict[str, list[int]] = {"packed": [], "cached": [], "padded": [], "alone": []}
        for index, window in enumerate(windows):
            ways[self._way_of(window, max_tokens)].append(index)
        shared, others = continuations(_those(windows, ways["cached"]), max_tokens)
        for index in _named(others, ways["cached"]):
            ways["padded" if len(windows[index]) <= self.padded else "alone"].append(index)
        packs = pack_windows(_those(windows, ways["packed"]), max_tokens)
        padded = rows_of_similar_length([len(windows[index]) for index in ways["padded"]], max_tokens)
        # Long windows first, so that a budget that is too large fails at once.
        return [
            *(
                Rows([index], len(windows[index]))
                for index in sorted(ways["alone"], key=lambda i: -len(windows[i]))
            ),
            *(replace(rows, windows=_named(rows.windows, ways["padded"])) for rows in padded),
            *(_renamed(continuation, ways["cached"]) for continuation in shared),
            *(replace(pack, windows=_named(pack.windows, ways["packed"])) for pack in packs),
        ]

    def _way_of(self, window: Window, max_tokens: int) -> str:
        if len(window.tokens) <= LONGEST_BESIDE_OTHERS:
            # Beside a long prompt, a pack has room for few windows, and the next pack would pass the prompt
            # again.
            is_crowded = 2 * len(window.prompt) > max_tokens and len(window) <= self.cached
            if len(window) <= self.packed and not is_crowded:
                return "packed"
            if len(window) <= self.cached:
                return "cached"
        return "padded" if len(window) <= self.padded else "alone"


# The paths of most models: tokens meet in attention only, and nothing changes with the length.
USUAL = Paths(packed=UNLIMITED, cached=UNLIMITED)


def _renamed(continuation: Continuation, names: Sequence[int]) -> Continuation:
    batches = [replace(rows, windows=_named(rows.windows, names)) for rows in continuation.batches]
    return replace(continuation, batches=batches)


def _those(windows: Sequence[Window], indices: Iterable[int]) -> list[Window]:
    return [windows[index] for index in indices]


def _named(positions: Iterable[int], names: Sequence[int]) -> list[int]:
    return [names[position] for position in positions]
