"""Keys of rows, made from their content, and an index of where the scores of each key are."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import xxhash

from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import without_nulls

KEY_BYTES = 16
# Recent keys are in a dict. They are sorted into the array when there are more than this many, and more than
# a quarter of all keys.
_MANY = 65_536


class Place(NamedTuple):
    """Number of a shard, and of a row in that shard."""

    shard: int
    row: int


def content_key(example: Example) -> bytes:
    """128-bit digest of what is scored.

    Arrow stores the fields of all messages in one order and fills absent fields with null. JSON Lines do not.
    The key is the same for both.

    >>> message = {"role": "user", "content": "Hi"}
    >>> reordered = {"content": "Hi", "name": None, "role": "user"}
    >>> content_key(Example([message], "Hello.")) == content_key(Example([reordered], "Hello."))
    True
    >>> content_key(Example("Hi", "A. B.")) == content_key(Example("Hi", "A. B.", steps=["A. ", "B."]))
    False
    """
    fields = dict(vars(example))  # `asdict` of the whole example would copy every text
    del fields["switches"]  # scores do not depend on them
    if example.turns is not None:
        fields["turns"] = list(map(asdict, example.turns))
    content = json.dumps(without_nulls(fields), sort_keys=True, default=str)
    return xxhash.xxh3_128_digest(content.encode())


class KeyIndex:
    """The place of each key: sorted arrays with 24 bytes per key, and a dict of recent keys."""

    def __init__(self) -> None:
        self._keys = np.empty(0, f"S{KEY_BYTES}")
        self._places = np.empty((0, 2), np.int32)
        self._recent: dict[bytes, Place] = {}

    def add(self, shard: int, keys: Iterable[bytes]) -> None:
        """Add the keys of a shard, in the order of its rows. A known key keeps its place."""
        keys = list(keys)
        for row, (key, known) in enumerate(zip(keys, self.find(keys), strict=True)):
            if known is None:
                self._recent.setdefault(key, Place(shard, row))
        if len(self._recent) > max(_MANY, len(self._keys) // 4):
            self._sort_in()

    def find(self, keys: Sequence[bytes]) -> list[Place | None]:
        """The place of each key. `None` if a key is not known."""
        positions = np.searchsorted(self._keys, np.array(keys, self._keys.dtype))
        return [
            self._recent.get(key) or self._sorted_place(key, position)
            for key, position in zip(keys, positions.tolist(), strict=True)
        ]

    def forget(self, shards: Collection[int]) -> None:
        """Drop all keys of some shards."""
        kept = ~np.isin(self._places[:, 0], list(shards))
        self._keys, self._places = self._keys[kept], self._places[kept]
        self._recent = {key: place for key, place in self._recent.items() if place.shard not in shards}

    def _sorted_place(self, key: bytes, position: int) -> Place | None:
        # numpy returns byte strings without zero bytes at their end
        if position == len(self._keys) or self._keys[position].ljust(KEY_BYTES, b"\0") != key:
            return None
        return Place(*self._places[position].tolist())

    def _sort_in(self) -> None:
        keys = np.concatenate([self._keys, np.array(list(self._recent), self._keys.dtype)])
        places = np.concatenate([self._places, np.array(list(self._recent.values()), np.int32)])
        order = np.argsort(keys, kind="stable")
        self._keys, self._places, self._recent = keys[order], places[order], {}
