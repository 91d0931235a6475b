"""Arguments that several commands take."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from local_naturalness.cli.unprintable import is_printable
from local_naturalness.visible import visible_line

# Layouts of rows for trainers, see `local_naturalness.training.export`.
EXPORTS = ("trl", "prompt-completion", "messages", "none")
STUDENT_HELP = (
    "with --export: the student that the rows were scored for; its tokenizer is used to check that "
    "trainers see the scored text (default: the student named in the scores, if it is in the Hub cache)"
)


def add_input_arguments(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """The table to read, and which split of it."""
    parser.add_argument(
        name,
        metavar=name.upper(),
        help=f"{meaning}: a JSON Lines, CSV, TSV or Parquet file (also compressed), a folder of such files, "
        "a saved dataset, or a hub id",
    )
    parser.add_argument("--split", help="split to read, if there are several (default: train)")


def told_several_inputs(further: Sequence[str], options: argparse.Namespace) -> str | None:
    """How to pass several inputs to a command that reads one. `None` if they are no inputs.

    Args:
        further: words of the command line that no argument takes.
        options: the arguments of the command.
    """
    given = next((name for name in ("input", "scored", "selection") if hasattr(options, name)), None)
    if given is None or any(word.startswith("-") for word in further):
        return None
    listed = " ".join(map(shlex.quote, further))
    return (
        f"one {given.upper()} is read, so there is no place for {listed}. To read several files, put them "
        "into one folder and name the folder. If each file has the answers of one teacher, put it into a "
        "folder that names the teacher, such as DIR/teacher=gpt/0.jsonl and DIR/teacher=claude/0.jsonl, and "
        "name DIR: the rows then have the column 'teacher'."
    )


def add_output_argument(parser: argparse.ArgumentParser) -> None:
    """The folder to write."""
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="folder for the resulting Parquet table"
    )


def add_column_arguments(parser: argparse.ArgumentParser, *columns: str) -> None:
    """The names of columns. The default name is what the column holds, such as `prompt`."""
    for column in columns:
        is_prompt = column == "prompt"
        told = "column that identifies prompts (default: prompt_key if scorers wrote it, else prompt)"
        parser.add_argument(
            f"--{column}-column",
            default=None if is_prompt else column,
            metavar="COLUMN",
            help=told if is_prompt else f"(default: {column})",
        )


def add_direction_argument(parser: argparse.ArgumentParser) -> None:
    """Which values of a column are better."""
    parser.add_argument(
        "--direction",
        choices=("high", "low"),
        help="which values are better; needed for columns that are not known criteria",
    )


def add_seed_argument(parser: argparse.ArgumentParser) -> None:
    """The seed of random choices."""
    parser.add_argument("--seed", type=int, default=0, help="seed of random choices (default: 0)")


def add_plot_argument(parser: argparse.ArgumentParser) -> None:
    """The file for a plot of the result."""
    parser.add_argument("--plot", metavar="PATH", help="also write a plot (needs the extra 'plots')")


def add_where_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rows to use, and which column says what is correct."""
    parser.add_argument(
        "--where",
        metavar="SQL",
        help="rows to use: a column of bools or of 0 and 1, or an SQL expression over columns, such as "
        '"is_correct and num_tokens < 8000"',
    )
    parser.add_argument(
        "--correct",
        metavar="COLUMN",
        help="column that says which responses are correct, to show the accuracy (default: is_correct or "
        "correct, if there is one)",
    )


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """How and where a table is written."""
    parser.add_argument(
        "--format",
        choices=tuple(_FORMATS),
        help="format of the table (default: by the extension of --output, else text)",
    )
    parser.add_argument("--output", metavar="FILE", help="write to a file instead of printing")
    add_plot_argument(parser)


def refuse_input(sources: Iterable[str | None], outputs: Iterable[str | None]) -> None:
    """Check that no output file is an input, or belongs to a table in a folder that is an input.

    Raises:
        ValueError: an output would replace an input or become a part of it. The message names the file.
    """
    for output, source in product(filter(None, outputs), filter(None, sources)):
        path, given = Path(output), Path(source)
        if path.exists() and given.exists() and (path.samefile(given) or _is_table_in(path, given)):
            raise ValueError(f"{output!r} is the input, which would be lost: write to another file.")
        if _is_table_in(path, given):
            raise ValueError(
                f"{output!r} would be read as a part of the input {source!r} from then on: write to another "
                "folder."
            )


def _is_table_in(path: Path, folder: Path) -> bool:
    """Whether a file, which need not exist, would be read as a part of the table in a folder."""
    from local_naturalness.inputs.files import is_data_file

    if not folder.is_dir() or folder.resolve() not in path.resolve().parents:
        return False
    if any(folder.glob("*.arrow")) or any(folder.glob("dataset_*.json")):  # a saved dataset
        return path.suffix == ".arrow" or (path.suffix == ".json" and path.exists())
    # Beside Parquet files, files of other formats are not read.
    return path.suffix == ".parquet" or (is_data_file(path) and not any(folder.rglob("*.parquet")))


def show(result: Any, options: argparse.Namespace) -> None:
    """Print or write a result in the requested format, and plot it if requested."""
    from local_naturalness.store.atomic_files import write_whole

    ending = Path(options.output or "").suffix
    kind = options.format or {".csv": "csv", ".json": "json", ".md": "markdown"}.get(ending, "text")
    text = _FORMATS[kind](result)
    if kind == "json" and not options.output and not is_printable(text):
        text = json.dumps(json.loads(text), indent=2)
    if options.output:
        write_whole(Path(options.output), f"{text}\n".encode())
        print(f"Written to {options.output}", file=sys.stderr)
    else:
        print(text)
    if options.plot:
        result.plot(options.plot)
        # On standard error, because standard output holds the result and may be piped into a file.
        print(f"Plot written to {options.plot}", file=sys.stderr)


def _csv(result: Any) -> str:
    """A result as CSV. On a terminal, line breaks in names are escaped."""
    frame = result.to_pandas()
    if sys.stdout.isatty():
        frame = frame.map(lambda value: visible_line(value) if isinstance(value, str) else value)
    return frame.to_csv(index=False).rstrip("\n")


_FORMATS: dict[str, Callable[[Any], str]] = {
    "text": str,
    "csv": _csv,
    "json": lambda result: json.dumps(result.to_dict(), ensure_ascii=False, indent=2),
    "markdown": lambda result: result.to_markdown(),
}


def number_from(smallest: int) -> Callable[[str], int]:
    """An argument type for `argparse`: a whole number of at least `smallest`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = smallest - 1
        if number < smallest:
            raise argparse.ArgumentTypeError(f"must be a whole number of at least {smallest}; found {text!r}")
        return number

    return read
