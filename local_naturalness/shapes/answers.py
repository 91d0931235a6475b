"""Several answers in one value: a list of objects, or an object with one text per teacher."""

from collections.abc import Mapping, Sequence
from typing import Any

from datasets import Dataset, List, Value

from local_naturalness.inputs.column_names import names_reasoning
from local_naturalness.shapes.mapped import kept, mapped

# Fields of an object that hold its text, the first of them that is there.
_TEXTS = ("response", "text", "content", "completion", "output", "generation", "answer")
_TEXT = Value("string")
_NO_TEACHERS = frozenset({*_TEXTS, "prompt", "role", "model", "teacher", "id"})


def text_field(items: Sequence[Any]) -> str | None:
    """The field of the objects that holds their text, `None` if these are no answers.

    >>> text_field([{"model": "small", "text": "5."}, {"model": "large", "text": None}])
    'text'
    >>> text_field([{"role": "user", "content": "2 + 3?"}]) is None
    True
    """
    objects = [item for item in items if item is not None]
    if not objects or not all(isinstance(item, Mapping) and "role" not in item for item in objects):
        return None
    found = (name for name in _TEXTS if any(item.get(name) is not None for item in objects))
    name = next(found, None)
    return name if all(isinstance(item.get(name), str | None) for item in objects) else None


def has_one_text_per_teacher(value: Any) -> bool:
    """Whether an object has teachers for its keys and their answers as texts.

    >>> has_one_text_per_teacher({"small": "5.", "large": "2 + 3 = 5."})
    True
    >>> has_one_text_per_teacher({"reasoning": "2 and 3 are 5.", "answer": "5."})
    False
    """
    return (
        isinstance(value, Mapping)
        and len(value) > 1
        and all(isinstance(text, str | None) for text in value.values())
        and not any(name.lower() in _NO_TEACHERS or names_reasoning(name) for name in value)
    )


def num_answers(value: Any) -> int:
    """How many rows become of a value."""
    if isinstance(value, Mapping):
        return sum(text is not None for text in value.values())
    return len(value or ())


def with_lists(dataset: Any, column: str, values: Sequence[Any]) -> Any:
    """The dataset with lists that run parallel instead of a column of answers: their texts, and each field.

    A field that is named as another column gets the column's name in front: `responses_id`.

    Args:
        dataset: `Dataset` or a stream.
        column: of lists of texts, where nothing changes, or of answers.
        values: the first of its values.

    Raises:
        ValueError: there is a column `teacher` beside answers that name their teachers.
    """
    if any(map(has_one_text_per_teacher, values)):
        if "teacher" in (dataset.column_names or ()):
            raise ValueError(
                f"The keys of {column!r} would become `teacher`, but there is already a column 'teacher': "
                "rename or remove it."
            )
        texts = {column: List(_TEXT), "teacher": List(_TEXT)}
        return _with_columns(dataset, _of_teachers, {"column": column}, texts)
    name = text_field([item for value in values if isinstance(value, list) for item in value])
    if name is None:
        return dataset
    inner = getattr((dataset.features or {}).get(column), "feature", None)
    kinds = inner if isinstance(inner, dict) else {}
    fields = [*kinds] or list(
        dict.fromkeys(field for value in values for item in value or () for field in item)
    )
    taken = set(dataset.column_names or ()) - {column}
    names = {
        field: column if field == name else f"{column}_{field}" if field in taken else field
        for field in fields
    }
    features = {new: List(kinds[field]) for field, new in names.items()} if kinds else None
    return _with_columns(dataset, _of_fields, {"column": column, "names": names}, features)


def _with_columns(dataset: Any, function: Any, settings: dict[str, Any], features: Any) -> Any:
    """The dataset with what a function makes of a column; `features` of it are not known of a stream."""
    removed = [settings["column"]]
    others = kept(dataset, removed) or {}
    known = isinstance(dataset, Dataset) and features is not None
    return mapped(
        dataset,
        function,
        removed=removed,
        features={**others, **features} if known else None,
        shown="Reading answers",
        settings=settings,
    )


def _of_teachers(rows: Mapping[str, Any], column: str) -> dict[str, list[Any]]:
    given = [
        {teacher: text for teacher, text in (value or {}).items() if text is not None}
        for value in rows[column]
    ]
    return {
        column: [list(answers.values()) for answers in given],
        "teacher": [list(answers) for answers in given],
    }


def _of_fields(rows: Mapping[str, Any], column: str, names: Mapping[str, str]) -> dict[str, list[Any]]:
    return {
        new: [
            None if value is None else [None if item is None else item.get(field) for item in value]
            for value in rows[column]
        ]
        for field, new in names.items()
    }
