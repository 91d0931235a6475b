"""Lists of a table that run parallel with its lists of responses."""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import datasets
from datasets import Dataset, IterableDataset

from local_naturalness.counted import counted

logger = logging.getLogger(__name__)

# Of a stream.
_ROWS = 100
# A row whose list is too short does not make a column of verdicts another one; columns of other names are
# taken for parallel lists only if hardly a row says otherwise.
_NAMES = re.compile(r"correct|verif|verdict|reward|score|finish_reason|^is_|model|teacher|generator")
_FEW = 0.1


@dataclass(frozen=True)
class Uneven:
    """A column whose lists have another number of items than those of responses, in some rows.

    Attributes:
        name: of the column.
        rows: how many rows.
        row: the first of them.
        size: items of its list.
        expected: responses there.
        is_split: whether it is split nevertheless, with nulls in such rows.
    """

    name: str
    rows: int
    row: int
    size: int
    expected: int
    is_split: bool

    def told(self, responses: str) -> str:
        """The first row with its lengths, and how the column is handled."""
        first = (
            f"In row {self.row} the list `{self.name}` has {counted(self.size, 'item')} and `{responses}` "
            f"has {counted(self.expected, 'item')}"
        )
        if not self.is_split:
            return (
                f"{first}: `{self.name}` is not split, because its lists have other lengths in "
                f"{self._counted}."
            )
        return (
            f"{first}. Which item belongs to which response is not known, so the items are null there "
            f"({self._counted})."
        )

    @property
    def _counted(self) -> str:
        return counted(self.rows, "row")


@dataclass(frozen=True)
class Parallel:
    """Columns of lists that belong together.

    Attributes:
        lists: their names, that of responses first.
        uneven: columns that are not as long everywhere.
    """

    lists: tuple[str, ...]
    uneven: tuple[Uneven, ...] = ()

    @property
    def loose(self) -> tuple[str, ...]:
        """Those of `lists` that are not as long everywhere."""
        return tuple(one.name for one in self.uneven if one.is_split)

    def tell(self) -> None:
        """Log columns with uneven lists."""
        for one in self.uneven:
            logger.warning("%s", one.told(self.lists[0]))


def parallel_lists(dataset: Dataset | IterableDataset, responses: str) -> Parallel:
    """The column of lists of responses, and the columns whose lists have as many items.

    A row's list may be null. Of a stream the first rows are looked at.

    Args:
        dataset: may be a stream, which is read from its beginning.
        responses: name of the column.
    """
    if isinstance(dataset, Dataset):
        flags = {name: _item_is_bool(kind) for name, kind in dataset.features.items() if _is_list(kind)}
        names = [*dict.fromkeys([responses, *flags])]
        rows = dataset.select_columns(names).with_format(None).iter(1000)
        batches: Iterator[dict[str, list[Any]]] = ({n: batch[n] for n in names} for batch in rows)
    else:
        taken = list(dataset.take(_ROWS))
        flags = {
            name: any(isinstance(item, bool) for row in taken for item in row[name] or ())
            for name in (taken[0] if taken else ())
            if any(isinstance(row[name], list) for row in taken)
        }
        batches = iter([{name: [row[name] for row in taken] for name in {responses, *flags}}])
    others = {name: _Sizes() for name in flags if name != responses}
    for batch in batches:
        sizes = [len(value or ()) for value in batch[responses]]
        for name, seen in others.items():
            seen.add(batch[name], sizes)
    uneven = tuple(
        seen.uneven(name, is_meant=flags[name] or names_answers(name))
        for name, seen in others.items()
        if seen.rows
    )
    told = [one for one in uneven if one.is_split or flags[one.name] or names_answers(one.name)]
    left = {one.name for one in uneven if not one.is_split}
    return Parallel((responses, *(name for name in others if name not in left)), tuple(told))


def names_answers(column: str) -> bool:
    """Whether a name says that the column holds verdicts, scores or models of answers."""
    return _NAMES.search(column.lower()) is not None


class _Sizes:
    """How the lists of a column compare with those of responses."""

    def __init__(self) -> None:
        self.all = 0
        self.rows = 0
        self._first = (0, 0, 0)

    def add(self, lists: Sequence[Any], sizes: Sequence[int]) -> None:
        for value, size in zip(lists, sizes, strict=True):
            if value is not None and len(value) != size:
                if not self.rows:
                    self._first = (self.all, len(value), size)
                self.rows += 1
            self.all += 1

    def uneven(self, name: str, is_meant: bool) -> Uneven:
        share = self.rows / self.all
        return Uneven(name, self.rows, *self._first, is_split=share <= (0.5 if is_meant else _FEW))


def _is_list(feature: Any) -> bool:
    """Lists of anything but messages: a conversation is one value, however many turns it has."""
    if not isinstance(feature, datasets.List | datasets.LargeList):
        return False
    inner = feature.feature
    is_message = isinstance(inner, dict) and (
        {"role", "content"} <= set(inner) or {"from", "value"} <= set(inner)
    )
    return not is_message and not isinstance(inner, datasets.Json)


def _item_is_bool(feature: Any) -> bool:
    return getattr(feature.feature, "dtype", None) == "bool"
