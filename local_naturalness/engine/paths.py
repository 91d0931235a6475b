"""The paths that windows can take through a model, and the choice for each window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from local_naturalness.engine.cached import Continuation, continuations
from local_naturalness.engine.packing import Pack, Window, pack_windows
from local_naturalness.engine.padded import Rows, rows_of_similar_length

# Tokens of a window besides its prompt. Longer ones fill batches alone, and plain causal attention needs no
# mask.
LONGEST_BESIDE_OTHERS = 4_096
UNLIMITED = 2**31

Pass = Pack | Continuation | Rows


@dataclass(frozen=True)
class Paths:
    """The longest window, in tokens with its prompt, that may take each way; 0 where a model cannot go it.

    Attributes:
        packed: many windows in one sequence without padding, each prompt in it once.
        cached: windows go on from the state of their prompt, in padded batches.
        padded: each window carries its prompt, in padded batches.

    Windows that are longer than all of these are scored alone, which is right for every model. So are windows
    that would fill a batch by themselves.
    """

    packed: int = 0
    cached: int = 0
    padded: int = 0

    @property
    def name(self) -> str:
        """The first path that is possible: `"packed"`, `"cached"`, `"padded"` or `"alone"`."""
        return next((name for name, longest in vars(self).items() if longest), "alone")

    def plan(self, windows: Sequence[Window], max_tokens: int) -> list[Pass]:
        """Lay windows into passes of at most `max_tokens` tokens, or of a single window.

        Returns:
            Passes with the indices of their windows; every window is in one of them.
        """
        ways: dict[str, list[int]] = {"packed": [], "cached": [], "padded": [], "alone": []}
        for index, window in enumerate(windows):
            ways[self._way_of(window, max_tokens)].append(index)
        shared, others = continuations(_those(windows, ways["cached"]), max_tokens)
        for index in _named(others, ways["cached"]):
            ways["padded" if len(windows[index]) <= self.padded else "alone"].append(index)
        packs = pack_windows(_those(windows, ways["packed"]), max_tokens)
        padded = rows_of_similar_length([len(windows[index]) for index in ways["padded"]], max_tokens)
        # Long ones first, so that a budget which is too large fails at once.
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
            # A pack would hold little besides a long prompt, which the next one would pass again.
            is_crowded = 2 * len(window.prompt) > max_tokens and len(window) <= self.cached
            if len(window) <= self.packed and not is_crowded:
                return "packed"
            if len(window) <= self.cached:
                return "cached"
        return "padded" if len(window) <= self.padded else "alone"


# Of most models: tokens meet in attention only, and nothing changes at some length.
USUAL = Paths(packed=UNLIMITED, cached=UNLIMITED)


def _renamed(continuation: Continuation, names: Sequence[int]) -> Continuation:
    batches = [replace(rows, windows=_named(rows.windows, names)) for rows in continuation.batches]
    return replace(continuation, batches=batches)


def _those(windows: Sequence[Window], indices: Iterable[int]) -> list[Window]:
    return [windows[index] for index in indices]


def _named(positions: Iterable[int], names: Sequence[int]) -> list[int]:
    return [names[position] for position in positions]
