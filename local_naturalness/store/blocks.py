"""Splits the rows of a table into shards for several runs, in whole blocks."""

import numpy as np


def block_range(total_rows: int, block: int, shard_index: int, num_shards: int) -> range:
    """The rows of one shard, if each shard is a contiguous range of whole blocks.

    >>> [block_range(10, 4, index, 2) for index in range(2)]
    [range(0, 4), range(4, 10)]
    """
    num_blocks = -(-total_rows // block)
    bounds = [num_blocks * index // num_shards * block for index in (shard_index, shard_index + 1)]
    return range(bounds[0], min(bounds[1], total_rows))


def interleaved_rows(total_rows: int, block: int, shard_index: int, num_shards: int) -> np.ndarray:
    """The rows of one shard, if it takes every `num_shards`-th block. Shape [rows of the shard], int64.

    Blocks stay whole, so that the same rows are scored together as in a single run. They are spread over the
    table, because long rows are often next to each other. With contiguous shards, one shard could take
    several times as long as the others.

    >>> [interleaved_rows(10, 2, index, 2).tolist() for index in range(2)]
    [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7]]
    """
    first = min(shard_index * block, total_rows)
    starts = np.arange(first, total_rows, min(num_shards * block, total_rows), dtype=np.int64)
    rows = (starts[:, None] + np.arange(min(block, total_rows))).ravel()
    return rows[rows < total_rows]
