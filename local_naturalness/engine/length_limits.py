"""Lengths beyond which a model computes in another way, read from its configuration."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

# Names of such lengths: `sliding_window`, `attention_chunk_size`, `index_topk`, `sparse_block_size`,
# `original_max_position_embeddings`, ...
_LENGTH = re.compile(
    r"window|chunk|block_?(size|len)|blocks$|top_?k|max_position|max_seq|context|n_positions"
)
_FACTORS = (re.compile(r"top_?k|blocks$"), re.compile(r"block_?(size|len)"))
# Longer lengths are no limit in practice.
_LONGEST = 2**24


def boundaries(config: Any) -> list[int]:
    """Numbers of tokens beyond which a model may attend, select or rotate in another way.

    Every number with the name of a length counts, because models that do not exist yet may use other names.
    If such a number means something else, longer windows are scored more slowly, but still exactly. If keys
    are selected in blocks, the number of blocks times their size counts too. A pattern
    (`sliding_window_pattern`) counts layers, not tokens, so it is left out.

    Args:
        config: configuration of the text part of a model.

    Returns:
        Ascending.

    >>> from transformers import AutoConfig
    >>> boundaries(AutoConfig.for_model("gemma3_text", sliding_window=512, max_position_embeddings=32_768))
    [512, 32768]
    """
    named = dict.fromkeys(_numbers(vars(config)))
    lengths = {value for name, value in named if _LENGTH.search(name) and not name.endswith("_pattern")}
    chosen, sizes = ([value for name, value in named if factor.search(name)] for factor in _FACTORS)
    lengths |= {number * size for number, size in product(chosen, sizes)}
    return sorted(length for length in lengths if 1 < length <= _LONGEST)


def _numbers(settings: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Whole numbers with their names, also from nested settings and lists."""
    for name, value in settings.items():
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Mapping):
                yield from _numbers({f"{name}.{key}": inner for key, inner in one.items()})
            elif type(one) is int or (type(one) is float and one.is_integer()):
                yield str(name), int(one)
