"""The input of a command that scores: reads a table of any shape as rows."""

import argparse
import logging
from itertools import chain
from pathlib import Path

from datasets import Dataset

from local_naturalness.cli.tables import read_table
from local_naturalness.encoding.map_rows import missing_columns_message
from local_naturalness.inputs.column_names import KNOWN, TEACHERS, names_teacher
from local_naturalness.inputs.files import TEXT_COLUMNS
from local_naturalness.inputs.folders import num_files
from local_naturalness.shapes.hints import hint
from local_naturalness.shapes.samples import texts_of
from local_naturalness.shapes.shape import Shape
from local_naturalness.shapes.to_rows import shaped

logger = logging.getLogger(__name__)


def read_rows(options: argparse.Namespace) -> Dataset:
    """Read the rows of `options.input`, and set the names of their columns in `options`.

    If the input had another shape, one line says how it was read.
    """
    rows, _, shape = read_input(options)
    _tell_teacher(rows, shape, options)
    return rows


def read_input(options: argparse.Namespace) -> tuple[Dataset, Dataset, Shape | None]:
    """The rows of `options.input` as in `read_rows`, the input itself, and its shape."""
    named = {
        "prompt_column": options.prompt_column,
        "response_column": options.response_column,
        "messages_column": options.messages_column,
        "teacher_columns": options.teacher_columns,
        "reasoning_columns": options.reasoning_columns,
    }
    lists = options.teacher_columns, options.reasoning_columns
    texts = {
        *TEXT_COLUMNS,
        *KNOWN,
        *TEACHERS,
        *filter(None, list(named.values())[:3]),
        *chain(*filter(None, lists)),
    }
    dataset = read_table(options.input, options.split, tuple(texts))
    switches = getattr(options, "chat_template_kwargs", None)
    rows, shape = shaped(dataset, shape=options.shape, switches=switches, **named)
    if shape is None:
        _refuse_side_by_side(dataset, options)
    else:
        for option, column in shape.columns.items():
            setattr(options, option, column)
        if shape.told:
            logger.warning("%s", shape.told_by_turn() if options.splitter == "turn" else shape)
    return rows, dataset, shape


def _tell_teacher(rows: Dataset, shape: Shape | None, options: argparse.Namespace) -> None:
    """Say before scoring that no column names the teacher, and how files may name it."""
    if any(map(names_teacher, rows.column_names)):
        return
    is_told = shape is not None and shape.lists  # the line on the shape says so
    told = [] if is_told else ["No column names the teacher, so teachers cannot be compared."]
    if num_files(Path(options.input)) > 1:
        told.append(
            f"If each file in {options.input!r} has the answers of one teacher, move it into a folder "
            "inside, such as `teacher=NAME/0.jsonl`: the rows then have the column `teacher`."
        )
    if told:
        logger.warning("%s", " ".join(told))


def _refuse_side_by_side(dataset: Dataset, options: argparse.Namespace) -> None:
    """Refuse a table whose columns look like answers, and name the options to pass."""
    named = options.prompt_column, options.response_column, options.messages_column
    if any(name not in dataset.column_names for name in named if name is not None):
        return
    if options.response_column is None and options.messages_column is None:
        columns = dataset.column_names
        if told := hint(texts_of(dataset), "pass"):
            missing = missing_columns_message({"response_column": "response"}, columns, options.command)
            raise ValueError(
                ("The column 'response' holds no texts." if "response" in columns else missing) + told
            )
