"""Packing: many windows as one sequence without padding, with each prompt once.

Linear layers treat every token alone. Attention decides which tokens see each other (`packed_attention.py`).
The tokens of a window see its prompt and the earlier tokens of the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class Window:
    """A prompt and response tokens. The response tokens from `first_scored` on are scored."""

    prompt: np.ndarray
    tokens: np.ndarray
    first_scored: int

    def __len__(self) -> int:
        return len(self.prompt) + len(self.tokens)

    @property
    def scored(self) -> np.ndarray:
        """Ids of the scored tokens."""
        return self.tokens[self.first_scored :]


class Segment(NamedTuple):
    """Tokens `[start, end)` of a pack. Each sees the earlier ones and the tokens `[prompt, prompt_end)`."""

    start: int
    end: int
    prompt: int
    prompt_end: int


@dataclass
class Pack:
    """One forward pass: token ids, positions within each window, segments, and the tokens that are scored.

    `sources` are the places in the pack whose hidden states predict the scored tokens, window by window.
    """

    windows: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    parts: list[np.ndarray] = field(default_factory=list)
    positions: list[np.ndarray] = field(default_factory=list)
    sources: list[np.ndarray] = field(default_factory=list)
    size: int = 0

    @property
    def num_tokens(self) -> int:
        """Tokens that pass through the layers."""
        return self.size

    @property
    def num_pairs(self) -> int:
        """Query-key pairs: the number of tokens that each token sees, summed."""
        return sum(
            length * (segment.prompt_end - segment.prompt) + length * (length + 1) // 2
            for segment in self.segments
            for length in [segment.end - segment.start]
        )

    def add_prompt(self, prompt: np.ndarray) -> Segment:
        """Add a prompt. Its windows are added after it."""
        return self._add(prompt, Segment(self.size, self.size + len(prompt), self.size, self.size))

    def add_window(self, index: int, window: Window, prompt: Segment) -> None:
        """Add a window of a prompt that was added before."""
        segment = self._add(
            window.tokens, Segment(self.size, self.size + len(window.tokens), prompt.start, prompt.end)
        )
        # Each token is predicted from the token before it. The first token of a window is predicted from the
        # last token of the prompt.
        before = np.concatenate([[prompt.end - 1], np.arange(segment.start, segment.end - 1)])
        self.windows.append(index)
        self.sources.append(before[window.first_scored :])

    def _add(self, tokens: np.ndarray, segment: Segment) -> Segment:
        offset = segment.prompt_end - segment.prompt
        self.parts.append(tokens)
        self.positions.append(np.arange(offset, offset + len(tokens)))
        self.segments.append(segment)
        self.size = segment.end
        return segment


def by_prompt(windows: Sequence[Window]) -> list[list[int]]:
    """Indices of the windows of each prompt."""
    found: dict[bytes, list[int]] = {}
    for index, window in enumerate(windows):
        found.setdefault(window.prompt.tobytes(), []).append(index)
    return list(found.values())


def pack_windows(windows: Sequence[Window], max_tokens: int) -> list[Pack]:
    """Put windows into packs of at most `max_tokens` tokens. A longer window is a pack of its own.

    Windows of the same prompt come together, in whatever order they are given. Within a prompt, windows of
    similar length come together, so that attention pads little.

    >>> prompt, other = np.array([1, 2]), np.array([3])
    >>> windows = [Window(prompt, np.array([4, 5]), 1), Window(other, np.array([6]), 0), \
Window(prompt, np.array([7]), 0)]
    >>> [pack.windows for pack in pack_windows(windows, max_tokens=100)]
    [[1, 2, 0]]
    >>> np.concatenate(pack_windows(windows, max_tokens=100)[0].parts).tolist()
    [3, 6, 1, 2, 7, 4, 5]
    """
    packs: list[Pack] = []
    for indices in sorted(by_prompt(windows), key=lambda indices: len(windows[indices[0]].prompt)):
        prompt: Segment | None = None
        for index in sorted(indices, key=lambda i: len(windows[i])):
            window = windows[index]
            needed = len(window.tokens) + (0 if prompt else len(window.prompt))
            if not packs or (packs[-1].size and packs[-1].size + needed > max_tokens):
                packs.append(Pack())
                prompt = None
            prompt = prompt or packs[-1].add_prompt(window.prompt)
            packs[-1].add_window(index, window, prompt)
    return packs
