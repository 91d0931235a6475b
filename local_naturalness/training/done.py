"""Recognises rows that were exported already, so that exporting twice changes nothing."""

import logging

from datasets import Dataset

from local_naturalness.shapes.samples import TEXT_TYPES
from local_naturalness.training.source import find_source
from local_naturalness.training.student_text import StudentText

logger = logging.getLogger(__name__)

# Notes in the description of a dataset: it was exported as texts that the student is shown, or as token ids.
_TEXTS, _IDS = "local_naturalness export: texts", "local_naturalness export: token ids"
_ID_COLUMNS = ("input_ids", "labels")


def note(dataset: Dataset, is_ids: bool) -> None:
    """Record in the description of rows that they are exported, as token ids or as texts."""
    description = dataset.info.description or ""
    dataset.info.description = f"{description}\n{_IDS if is_ids else _TEXTS}".lstrip()


def is_done(dataset: Dataset, form: str, response_column: str) -> bool:
    """Whether rows are in the layout already, as far as this can be known without a student."""
    columns = set(dataset.column_names)
    if {*_ID_COLUMNS} <= columns:
        return _IDS in (dataset.info.description or "")
    if form == "messages" or not {"prompt", "completion"} <= columns or response_column in columns:
        return False
    if _TEXTS in (dataset.info.description or ""):
        return True
    # There may be no note, for example after reading a Parquet file. Exported texts end with the line break
    # that the student was shown.
    kinds = [getattr(dataset.features[name], "dtype", None) for name in ("prompt", "completion")]
    is_text = all(kind in TEXT_TYPES for kind in kinds)
    return is_text and all((text or "").endswith("\n") for text in dataset.with_format(None)["prompt"])


def holds_its_ids(
    dataset: Dataset, text: StudentText | None, prompt_column: str | None, response_column: str
) -> bool:
    """Whether the token ids of rows without a note are those of their texts. Warns if this is not known."""
    if not {*_ID_COLUMNS} <= set(dataset.column_names):
        return False
    if text is None:
        logger.warning(
            "The rows already have `input_ids` and `labels`, and are not changed. Without the student, it "
            "is not known whether these are the tokens that were scored: pass `student=...`."
        )
        return True
    source = find_source(dataset, prompt_column, response_column)
    ids = dataset.with_format(None)["input_ids"]
    for row, example in source.read(dataset):
        try:
            tokens = text.scored(example)
        except (TypeError, ValueError):
            return False
        if list(ids[row]) != [*tokens.prompt, *tokens.trained]:
            return False
    return True
