"""Opening files that may be compressed."""

import bz2
import gzip
import io
import lzma
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa


def opened(path: Path) -> BinaryIO:
    """The content of a file, decompressed if it begins as gzip, bzip2, xz or zstd do, whatever its name.

    Some downloads are compressed or decompressed on their way, and keep their name.
    """
    with path.open("rb") as file:
        begin = file.read(6)
    if begin.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if begin.startswith(b"BZh"):
        return cast(BinaryIO, bz2.open(path, "rb"))
    if begin.startswith(b"\xfd7zXZ\0"):
        return cast(BinaryIO, lzma.open(path, "rb"))
    if begin.startswith(b"\x28\xb5\x2f\xfd"):
        # What Arrow opens gives no lines by itself.
        stream = pa.input_stream(str(path), compression="zstd")
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream)))
    return path.open("rb")
