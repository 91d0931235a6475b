"""Finished scores, found by the content of their rows. Several processes can share one store.

The store is a log of numbered shards. Before a process appends a shard, it reads the keys of all shards that
others have appended, and leaves out the rows that they contain. Then it claims the next number. If another
process claims that number first, it starts again. So each row has one score, whichever process computed it.
No process reads the keys of a shard twice.
"""

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from local_naturalness.counted import counted
from local_naturalness.encoding.examples import Example
from local_naturalness.spec import read_spec
from local_naturalness.store.atomic_files import remove_abandoned_parts
from local_naturalness.store.keys import KEY_BYTES, KeyIndex, content_key
from local_naturalness.store.manifest import Manifest, manifest_of
from local_naturalness.store.other_settings import refuse_other_settings
from local_naturalness.store.shard_log import ShardLog

logger = logging.getLogger(__name__)

Row = dict[str, Any]

_ATTEMPTS = 3


class ScoreStore:
    """A folder of finished rows of one scorer.

    Args:
        folder: folder of the store. Created if it does not exist.
        spec: spec line of the scorer. Its `id` is the identity of the store.
        types: Arrow types of the columns that the scorer computes, besides `status`.
        max_tokens_per_batch: the scorer's argument. `None` takes the value that the store was created with.

    Raises:
        ValueError: the manifest of the store is damaged, or its scores have other settings.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        spec: str,
        types: Mapping[str, pa.DataType],
        max_tokens_per_batch: int | None = None,
    ):
        self._folder = Path(folder)
        if self._folder.exists() and not self._folder.is_dir():
            raise ValueError(f"`store` must be a folder, found the file {str(folder)!r}.")
        self._folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned_parts(self._folder)
        self.id = read_spec(spec)["id"]
        asked = Manifest(self.id, spec, ("status", *types), max_tokens_per_batch)
        held = manifest_of(self._folder, asked)
        refuse_other_settings(self._folder, held, asked)
        self.max_tokens_per_batch = self._budget(asked, held)
        self._schema = pa.schema([("key", pa.binary(KEY_BYTES)), ("status", pa.string()), *types.items()])
        self._index = KeyIndex()
        self._log = ShardLog(self._folder, self._schema, self.id)
        self._next = 0
        for number in self._log.numbers():
            self._next = max(self._next, self._learn(number))

    def scores(
        self, examples: Sequence[Example], compute: Callable[[Sequence[Example]], Sequence[Row]]
    ) -> list[Row]:
        """The finished row of every example. Missing rows are computed, once each, and stored.

        Args:
            examples: examples to score.
            compute: function that scores examples. The rows of one call become one shard.

        Returns:
            For each example a dict of `status` and the columns of `types`.

        Raises:
            OSError: the new rows could not be written. All rows that were finished before are kept.
        """
        keys = [content_key(example) for example in examples]
        distinct = dict(zip(keys, examples, strict=True))
        self._catch_up()
        found = self._read(distinct)
        if missing := [key for key in distinct if key not in found]:
            left = dict(zip(missing, compute([distinct[key] for key in missing]), strict=True))
            # Try again if another process had some of these rows only for a moment (`ShardLog.append`).
            for _ in range(_ATTEMPTS):
                self._append(left)
                found |= self._read(left)
                left = {key: row for key, row in left.items() if key not in found}
                if not left:
                    break
        if lost := len(distinct) - len(found):
            raise OSError(
                f"{counted(lost, 'row')} could not be read back from the score store {str(self._folder)!r}."
            )
        return [found[key] for key in keys]

    def is_finished(self, examples: Sequence[Example]) -> list[bool]:
        """Whether each example has a finished row."""
        self._catch_up()
        return [place is not None for place in self._index.find(list(map(content_key, examples)))]

    def _append(self, rows: Mapping[bytes, Row]) -> None:
        entries = [{"key": key, **row} for key, row in rows.items()]
        try:
            while entries := self._unknown(entries):
                if self._log.append(self._next, pa.Table.from_pylist(entries, self._schema)):
                    self._log.rows(self._next)  # reads the whole shard once and keeps it in memory
                    break
                self._catch_up()
        except OSError as error:
            raise OSError(
                f"{len(entries)} scored rows could not be written to the score store {str(self._folder)!r} "
                f"({error}). What was finished before is kept: free some space and run the same again."
            ) from error
        self._catch_up()

    def _unknown(self, entries: Sequence[Row]) -> list[Row]:
        places = self._index.find([entry["key"] for entry in entries])
        return [entry for entry, place in zip(entries, places, strict=True) if place is None]

    def _read(self, keys: Iterable[bytes]) -> dict[bytes, Row]:
        """The finished rows of those keys that have one."""
        found: dict[bytes, Row] = {}
        left = list(keys)
        while left:
            wanted: dict[int, dict[bytes, int]] = defaultdict(dict)
            for key, place in zip(left, self._index.find(left), strict=True):
                if place is not None:
                    wanted[place.shard][key] = place.row
            moved = False
            for number, places in wanted.items():
                rows = self._rows(number, places)
                if rows is None:
                    moved = self._forget(number) or moved
                else:
                    found |= rows
            left = [key for key in left if key not in found] if moved else []
        return found

    def _rows(self, number: int, places: Mapping[bytes, int]) -> dict[bytes, Row] | None:
        """Rows of a shard by their keys. `None` if the rows are not in it, or not any more.

        If a shard was merged, another process may just have used its name for other rows. So keys are
        compared.
        """
        table = self._log.rows(number)
        if table is None or max(places.values()) >= len(table):
            return None
        rows = {row.pop("key"): row for row in table.take(list(places.values())).to_pylist()}
        return rows if rows.keys() == places.keys() else None

    def _forget(self, number: int) -> bool:
        """Forget a shard that cannot be read. If it was merged, learn where its rows are now."""
        first = self._log.merged_into(number)
        if first is None:
            self._index.forget({number})
            return False
        self._log.forget(number)
        self._index.forget({number, *self._log.gone_from(first)})
        self._learn_merged(first)
        return True

    def _catch_up(self) -> None:
        """Read the keys of shards that were appended since the last call, by this process or another."""
        while True:
            first = self._log.merged_into(self._next) if self._log.may_be_merged(self._next) else None
            if first is None and not self._log.has(self._next):
                # Either no process has used the number, or its shard was merged between the two checks above.
                first = self._log.merged_into(self._next)
                if first is None:
                    return
            self._next = self._learn(self._next) if first is None else self._learn_merged(first)

    def _learn(self, number: int) -> int:
        """Add the keys of a shard to the index.

        Returns:
            The number after the last number that the shard stands for.
        """
        found = self._log.keys(number)
        if found is None:
            first = self._log.merged_into(number)
            return number + 1 if first is None else self._learn_merged(first)
        keys, following = found
        self._index.add(number, keys)
        return following

    def _learn_merged(self, first: int) -> int:
        """Add the keys of the shard that a range was merged into, and return the number after the range."""
        self._log.forget(first)
        return self._learn(first)

    def _budget(self, asked: Manifest, held: Manifest) -> int | None:
        if asked.max_tokens_per_batch is None:
            return held.max_tokens_per_batch
        if asked.max_tokens_per_batch != held.max_tokens_per_batch:
            logger.warning(
                "The score store %s was begun with max_tokens_per_batch=%s: with %s the last digits of "
                "scores may differ from those of an uninterrupted run.",
                self._folder,
                held.max_tokens_per_batch,
                asked.max_tokens_per_batch,
            )
        return asked.max_tokens_per_batch
