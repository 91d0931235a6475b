"""Why a file could not be read, in one sentence."""

import codecs
import errno
import os
from collections.abc import Sequence
from pathlib import Path

from datasets import config

from local_naturalness.counted import counted
from local_naturalness.inputs.compression import opened
from local_naturalness.inputs.json_text import DoubledName, loads
from local_naturalness.inputs.json_types import type_of

_INVALID = "is not valid JSON"
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
# The first that fits; utf-32 begins as utf-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def cause(files: Sequence[Path], kind: str, error: Exception) -> str:
    """What is wrong with one of the files; the reader's own message if that is not found."""
    if full := _unwritable(error):
        return (
            f"The cache of `datasets`, {str(config.HF_DATASETS_CACHE)!r}, cannot be written ({full}): free "
            "some space there, or set the environment variable HF_DATASETS_CACHE to another folder."
        )
    for path in files:
        if found := cause_in_text(path, kind):
            return f"{str(path)!r} could not be read, {found}."
    words = " ".join(str(error.__cause__ or error).split())
    if "corresponds to no data" in words:
        return f"{str(files[0])!r} holds no rows."
    where = str(files[0]) if len(files) == 1 else f"{files[0].parent} ({counted(len(files), 'file')})"
    return f"{where!r} could not be read ({type(error).__name__}: {words[:200]})."


def _unwritable(error: BaseException | None) -> str | None:
    """Why nothing can be written, if that is the problem."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            return os.strerror(error.errno)
        error = error.__cause__ or error.__context__
    return None


def cause_in_text(path: Path, kind: str) -> str | None:
    """What is wrong with the encoding of a file or with its JSON; `None` if nothing is found."""
    if kind == "parquet":
        return None
    is_json = kind == "json"
    try:
        with opened(path) as lines:
            encoding = _wide_encoding(lines.read(200))
        if encoding:
            return (
                f"it is encoded in {encoding}, not utf-8: convert it, such as with "
                f"`iconv -f {encoding} -t utf-8`"
            )
        with opened(path) as lines:
            begin = lines.read(200).lstrip(codecs.BOM_UTF8 + b" \t\r\n")
            # A list, or an object over several lines.
            whole = is_json and (begin.startswith(b"[") or begin.splitlines()[:1] == [b"{"])
        with opened(path) as lines:
            if whole:
                return _in_json(lines.read(), "it")
            for number, line in enumerate(lines, start=1):
                found = _in_json(line, f"line {number}") if is_json else _in_bytes(line, f"line {number}")
                if found and number == 1 and found.endswith(_INVALID):  # the begin of a longer value?
                    longer = _in_json(line + lines.read(), "it")
                    return longer if longer and _INVALID not in longer else found
                if found:
                    return found
    except (OSError, EOFError) as error:
        return f"it cannot be decompressed ({error})"
    return None


def _wide_encoding(begin: bytes) -> str | None:
    """The encoding of a text that has several bytes for each letter, by its mark or its zeros."""
    if found := next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None):
        return found
    zeros = begin[:1] == b"\0", begin[1:2] == b"\0", begin[2:3] == b"\0"
    return {
        (False, True, False): "utf-16le",
        (True, False, True): "utf-16be",
        (False, True, True): "utf-32le",
        (True, True, True): "utf-32be",
    }.get(zeros)


def _in_bytes(data: bytes, name: str) -> str | None:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        # Latin-1 would turn the quotes and dashes of Windows into control characters, without an error.
        return (
            f"{name} is not encoded in utf-8 (byte 0x{byte:02x}): convert the file, such as with "
            "`iconv -f windows-1252 -t utf-8` if that is its encoding"
        )
    return None


def _in_json(data: bytes, name: str) -> str | None:
    if not data.strip():
        return None
    if found := _in_bytes(data, name):
        return found
    try:
        value = loads(data)
        type_of(value)
    except RecursionError:
        return f"{name} is nested too deeply"
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        return (
            f"{name} holds half of a surrogate pair ({ascii(half)[1:-1]}): a text was cut in the middle of "
            "a character"
        )
    except DoubledName as error:
        return f"{name} {error}"
    except ValueError as error:
        where = f" ({error})" if name == "it" else ""
        return f"{name} {_INVALID}{where}"
    if name != "it" and not isinstance(value, dict):
        return f"{name} is not a JSON object"
    return None
