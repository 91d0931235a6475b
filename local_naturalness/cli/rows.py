"""The input of a command that scores: a table of any shape as rows."""

import argparse
import logging

from datasets import Dataset

from local_naturalness.cli.tables import read_table
from local_naturalness.inputs.files import TEXT_COLUMNS
from local_naturalness.shapes.rows import shaped
from local_naturalness.shapes.seen import KNOWN

logger = logging.getLogger(__name__)


def read_rows(options: argparse.Namespace) -> Dataset:
    """The rows of `options.input`; `options` name the columns that hold them afterwards.

    How the input was read is told in one line, unless it was rows already.
    """
    named = {
        "prompt_column": options.prompt_column,
        "response_column": options.response_column,
        "messages_column": options.messages_column,
        "teacher_columns": options.teacher_columns,
    }
    texts = {*TEXT_COLUMNS, *KNOWN, *filter(None, list(named.values())[:3]), *(options.teacher_columns or ())}
    dataset = read_table(options.input, options.split, tuple(texts))
    rows, shape = shaped(dataset, shape=options.shape, **named)
    if shape is not None:
        for option, column in shape.columns.items():
            setattr(options, option, column)
        if shape.told:
            logger.warning("%s", shape)
    return rows
