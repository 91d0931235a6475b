"""Columns in the form that commands need: media as bytes, mixed values as texts."""

import dataclasses
import json
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Value

# Versions of `datasets` differ in what they know.
_MEDIA: tuple[Any, ...] = tuple(
    kind
    for name in ("Image", "Audio", "Video", "Pdf", "Nifti")
    if isinstance(kind := getattr(datasets, name, None), type)
)


def without_surprises(dataset: Dataset) -> Dataset:
    """The dataset with media that are not decoded, and with mixed columns of texts and numbers as texts."""
    return with_mixed_as_text(undecoded(dataset))


def with_mixed_as_text(dataset: Dataset) -> Dataset:
    """Columns of JSON values that hold no lists and objects, as texts: `1` and `"b"` become "1" and "b".

    `datasets` reads a column of numbers and texts as one of JSON values.
    """
    names = [name for name in dataset.column_names if _is_mixed(dataset.data.table.column(name))]
    if not names:
        return dataset
    for name in names:
        dataset = dataset.cast_column(name, Value("string"))
    return dataset.map(
        _as_texts,
        fn_kwargs={"names": names},
        batched=True,
        features=dataset.features,
        desc="Converting numbers to texts",
    )


def as_text(value: Any) -> str | None:
    """A number or bool as JSON writes it. Texts and null are unchanged."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _as_texts(rows: dict[str, list[Any]], names: list[str]) -> dict[str, list[Any]]:
    return {name: list(map(_unquoted, rows[name])) for name in names}


def _unquoted(stored: str | None) -> str | None:
    """The text that was stored as JSON. Texts that are valid JSON, such as `5.`, are stored as they are."""
    return json.loads(stored) if stored is not None and stored.startswith('"') else stored


def _is_mixed(column: pa.ChunkedArray) -> bool:
    if not isinstance(column.type, pa.JsonType):
        return False
    return not pc.any(pc.match_substring_regex(column.cast(pa.string()), r"^\s*[\[{]")).as_py()


def undecoded(dataset: Dataset) -> Dataset:
    """The dataset with images, audio and the like as bytes and paths."""
    return _with_decoding(dataset, False)


def decoded(dataset: Dataset) -> Dataset:
    """The dataset with images, audio and the like decoded when they are read."""
    return _with_decoding(dataset, True)


def _with_decoding(dataset: Dataset, decode: bool) -> Dataset:
    for name, feature in dataset.features.items():
        wanted = _feature_with_decoding(feature, decode)
        if wanted != feature:
            dataset = dataset.cast_column(name, wanted)
    return dataset


def _feature_with_decoding(feature: Any, decode: bool) -> Any:
    if isinstance(feature, _MEDIA):
        return dataclasses.replace(feature, decode=decode)
    if isinstance(feature, dict):
        return {name: _feature_with_decoding(inner, decode) for name, inner in feature.items()}
    if isinstance(feature, datasets.List | datasets.LargeList):
        return dataclasses.replace(feature, feature=_feature_with_decoding(feature.feature, decode))
    return feature
