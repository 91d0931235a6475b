"""CSV and TSV files, read so that no value changes.

`datasets` reads them with pandas, which takes `NA` and `None` for missing values, `007` for 7, and moves
columns when every line has a field more than the header. Here, only an empty cell is missing, `007` is a
text, and a row with more or fewer fields is refused.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from datasets import Dataset
from datasets.table import InMemoryTable

from local_naturalness.inputs.causes import cause, cause_in_text
from local_naturalness.inputs.column_names import renamed
from local_naturalness.inputs.compression import opened
from local_naturalness.inputs.csv_quotes import refuse_broken_quotes
from local_naturalness.inputs.differing_columns import recipe

logger = logging.getLogger(__name__)

_SEPARATORS = ",\t;|"
# One row must fit; responses can be long.
_BLOCK_BYTES = 1 << 28

# Columns whose values tell rows apart: `12e4` and `120000` are two of them.
_IDS = re.compile(r"(^|_)(u?id|uuid|guid|key|hash|sha|digest)s?$")
_WHOLE = r"^-?(0|[1-9][0-9]{0,18})$"
_NUMBER = r"^([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan|NaN|[+-]?inf)$"
_TRUTH = r"^([Tt]rue|[Ff]alse|TRUE|FALSE)$"


def read_csv_files(files: Sequence[Path], texts: Sequence[str]) -> Dataset:
    """Read CSV or TSV files with the same header.

    Args:
        files: in the order of their rows.
        texts: columns that hold texts, even if all of them look like numbers.

    Raises:
        ValueError: a file cannot be read, a line has another number of fields, or headers differ.
    """
    tables = [_read(path) for path in files]
    for path, table in zip(files, tables, strict=True):
        if table.column_names != tables[0].column_names:
            raise ValueError(
                f"{str(path)!r} has the columns {', '.join(table.column_names)}, other than "
                f"{str(files[0])!r}: {', '.join(tables[0].column_names)}."
                + recipe([path], _renamed(table.column_names, tables[0].column_names))
            )
    table = pa.concat_tables(tables)
    columns = [
        column if name in texts else as_numbers(column, is_whole=_IDS.search(name.lower()) is not None)
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    return Dataset(InMemoryTable(pa.table(columns, names=table.column_names)))


def _renamed(names: Sequence[str], others: Sequence[str]) -> dict[str, str]:
    """New names for columns of a file that another file has under other names."""
    return renamed([name for name in names if name not in others], [n for n in others if n not in names])


def _read(path: Path) -> pa.Table:
    separator = _separator(path)
    parse = pa.csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    read = pa.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False)
    try:
        with opened(path) as file, pa.csv.open_csv(file, read_options=read, parse_options=parse) as reader:
            names = reader.schema.names
        convert = pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )
        with opened(path) as file:
            table = pa.csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        if "columns, got" in str(error) and not cause_in_text(path, "csv"):
            raise ValueError(_other_number_of_fields(path, error)) from error
        raise ValueError(cause([path], "csv", error)) from error
    refuse_broken_quotes(path, separator)
    names = [name or f"Unnamed: {number}" for number, name in enumerate(names)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"{str(path)!r} has several columns named {doubled[0]!r}: rename them.")
    return table.rename_columns(names)


def _separator(path: Path) -> str:
    """A comma, or a tab in a TSV file; another one if the header has only that, as some spreadsheets do."""
    usual = "\t" if ".tsv" in map(str.lower, path.suffixes) else ","
    with opened(path) as lines:
        header = lines.readline().decode(errors="replace")
    found = [one for one in _SEPARATORS if one in header]
    if usual in found or len(found) != 1:
        return usual
    logger.info("Reading %r as separated by %r.", str(path), found[0])
    return found[0]


def _other_number_of_fields(path: Path, error: Exception) -> str:
    words = " ".join(str(error).removeprefix("CSV parse error: ").split())
    return (
        f"{str(path)!r} has a row with more or fewer fields than the header ({words[:120]}). Quote fields "
        "that contain the separator, double the quotes inside them, and end lines without a separator."
    )


def as_numbers(column: pa.ChunkedArray, is_whole: bool = False) -> pa.ChunkedArray:
    """The column as integers, numbers or bools, if all of its texts are.

    Args:
        column: of texts.
        is_whole: whether its numbers are whole; texts such as `12e4` are none then.
    """
    if column.null_count == len(column):
        return column
    try:
        if _all_match(column, _WHOLE):
            return column.cast(pa.int64())
        if not is_whole and _all_match(column, _NUMBER) and not _all_match(column, r"^[+-]?[0-9]+$"):
            return column.cast(pa.float64())
        if _all_match(column, _TRUTH):
            return pc.utf8_lower(column).cast(pa.bool_())
    except pa.ArrowInvalid:  # a number that no type holds exactly stays what it is
        pass
    return column


def _all_match(column: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(column, pattern), skip_nulls=True).as_py())
