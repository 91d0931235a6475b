"""Loading from a folder or hub id, with one clear sentence if it fails."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from local_naturalness.listed import listed
from local_naturalness.student.hub_files import require_copy_or_hub

_Loaded = TypeVar("_Loaded")
_LONGEST_REASON = 400  # characters
_NAMED = 5  # files or tensors in a message


def found(source: str, load: Callable[[], _Loaded]) -> _Loaded:
    """Call a loader of transformers, which raises errors of all kinds and lengths.

    Args:
        source: the folder or hub id that it loads from.
        load: the loader.

    Raises:
        FileNotFoundError: there is no such folder.
        OSError: there is no such model, or files that it needs.
        ImportError: it needs a package that is not installed.
        ValueError: its files are damaged or do not fit each other.
    """
    is_folder = os.path.isdir(source)
    looks_like_path = source.startswith((".", "/", "~")) or source.count("/") > 1
    if looks_like_path and not is_folder:
        raise FileNotFoundError(f"There is no student folder at {source!r}.")
    try:
        if not is_folder:
            require_copy_or_hub(source)
        return load()
    except (MemoryError, torch.OutOfMemoryError):
        raise
    except ImportError as error:
        raise ImportError(
            f"The student {source!r} needs a package that is not installed: {_reason(error)}"
        ) from error
    except OSError as error:
        if is_folder:
            raise type(error)(f"The student {source!r} could not be loaded: {_reason(error)}") from error
        raise OSError(
            f"The student {source!r} could not be loaded: it is neither a local folder with a model nor a "
            f"model on the Hub that can be reached. ({_reason(error)})"
        ) from error
    except Exception as error:  # of the configuration, of safetensors, of the model's own code
        raise ValueError(
            f"The student {source!r} could not be loaded: its configuration, its weights or its "
            f"tokenizer are damaged or do not fit each other ({type(error).__name__}: {_reason(error)})"
        ) from error


def some(names: Sequence[str]) -> str:
    """The first names, and the number of the others.

    >>> some(["a", "b"]), some(list("abcdefg"))
    ('a and b', 'a, b, c, d, e and 2 more')
    """
    return listed(names, at_most=_NAMED)


def _reason(error: Exception) -> str:
    reason = " ".join(str(error).split())
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}..."
