"""Opening files that may be compressed."""

import bz2
import gzip
import io
import lzma
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa


def opened(path: Path) -> BinaryIO:
    """The content of a file, decompressed if its name ends in .gz, .bz2, .xz or .zst."""
    match path.suffix.lower():
        case ".gz":
            return cast(BinaryIO, gzip.open(path, "rb"))
        case ".bz2":
            return cast(BinaryIO, bz2.open(path, "rb"))
        case ".xz":
            return cast(BinaryIO, lzma.open(path, "rb"))
        case ".zst":
            # What Arrow opens gives no lines by itself.
            stream = pa.input_stream(str(path), compression="zstd")
            return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream)))
    return path.open("rb")
