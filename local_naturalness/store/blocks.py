"""The rows of a table that each shard scores, in whole blocks."""

import numpy as np


def block_range(total_rows: int, block: int, shard_index: int, num_shards: int) -> range:
    """The rows of one shard when shards follow each other: whole blocks.

    >>> [block_range(10, 4, index, 2) for index in range(2)]
    [range(0, 4), range(4, 10)]
    """
    num_blocks = -(-total_rows // block)
    bounds = [num_blocks * index // num_shards * block for index in (shard_index, shard_index + 1)]
    return range(bounds[0], min(bounds[1], total_rows))


def interleaved_rows(total_rows: int, block: int, shard_index: int, num_shards: int) -> np.ndarray:
    """The rows of one shard that takes every `num_shards`-th block, shape [rows of the shard], int64.

    Whole blocks, so that rows are scored together as in a single run; spread over the table, since long
    rows often stand together, and then one shard of a contiguous split takes several times as long as others.

    >>> [interleaved_rows(10, 2, index, 2).tolist() for index in range(2)]
    [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7]]
    """
    first = min(shard_index * block, total_rows)
    starts = np.arange(first, total_rows, min(num_shards * block, total_rows), dtype=np.int64)
    rows = (starts[:, None] + np.arange(min(block, total_rows))).ravel()
    return rows[rows < total_rows]
