"""The columns of several Parquet files together; `datasets` takes those of the first."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Features, Value

from local_naturalness.inputs.differing_columns import missing_columns

logger = logging.getLogger(__name__)


def united_features(files: Sequence[Path]) -> Features:
    """Columns of all files, each of a type that holds the values of every file.

    Columns that a file lacks are null there, and are logged. Types that have nothing in common are left to
    the reader, which refuses what it cannot convert.
    """
    schemas = [pq.read_schema(file) for file in files]
    each = [Features.from_arrow_schema(schema) for schema in schemas]
    united = Features()
    for features in each:
        for name, feature in features.items():
            if name not in united:
                united[name] = feature
            elif united[name] != feature:
                united[name] = _wider(united[name], feature)
    for message in missing_columns(files, [list(features) for features in each]):
        logger.warning("%s", message)
    return united


def _wider(one: Any, other: Any) -> Any:
    """A feature that holds what both hold, such as the fields of both structs; else the first."""
    try:
        united = pa.unify_schemas(
            [Features(column=feature).arrow_schema.remove_metadata() for feature in (one, other)],
            promote_options="permissive",
        )
    except pa.ArrowException:
        return other if other == Value("string") else one
    return Features.from_arrow_schema(united)["column"]
