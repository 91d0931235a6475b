"""Why a file could not be read, in one sentence."""

import codecs
import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

from datasets import config

from local_naturalness.counted import counted
from local_naturalness.inputs.compression import opened

_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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
            begin = lines.read(2)
        if begin in _UTF16:
            return "it is encoded in utf-16, not utf-8: convert it, such as with `iconv -f utf-16 -t utf-8`"
        with opened(path) as lines:
            begin = lines.read(200).lstrip(codecs.BOM_UTF8 + b" \t\r\n")
            # A list, or an object over several lines.
            whole = is_json and (begin.startswith(b"[") or begin.splitlines()[:1] == [b"{"])
        with opened(path) as lines:
            if whole:
                return _in_json(lines.read(), "it")
            for number, line in enumerate(lines, start=1):
                found = _in_json(line, f"line {number}") if is_json else _in_bytes(line, f"line {number}")
                if found:
                    return found
    except (OSError, EOFError) as error:
        return f"it cannot be decompressed ({error})"
    return None


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
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        where = f" ({error})" if name == "it" else ""
        return f"{name} is not valid JSON{where}"
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        return (
            f"{name} holds half of a surrogate pair ({ascii(half)[1:-1]}): a text was cut in the middle of "
            "a character"
        )
    if name != "it" and not isinstance(value, dict):
        return f"{name} is not a JSON object"
    return None
