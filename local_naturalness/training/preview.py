"""The first row as a trainer sees it, for people to read."""

import json
from typing import Any

from datasets import Dataset

from local_naturalness.counted import counted

_LONGEST = 600  # characters that are shown of a text


def preview(dataset: Dataset) -> str:
    """The columns that a trainer reads, of the first row.

    >>> print(preview(Dataset.from_dict({"prompt": ["2 + 3?\\n"], "completion": ["5."], "teacher": ["a"]})))
    prompt: "2 + 3?\\n"
    completion: "5."
    """
    if not len(dataset):
        return "(no rows)"
    row = dataset.with_format(None)[0]
    lines = []
    for name in ("messages", "prompt", "completion", "response", "tools", "chat_template_kwargs"):
        if row.get(name) is not None:
            lines += _told(name, row[name])
    if "labels" in row:
        trained = sum(label != -100 for label in row["labels"])
        tokens = counted(len(row["input_ids"]), "token")
        lines.append(f"input_ids: {tokens}, of which {trained} have labels to train on")
    return "\n".join(lines)


def _told(name: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        return [f"{name}: {_short(value)}"]
    lines = []
    for message in value:
        parts = {key: part for key, part in message.items() if key != "role" and part is not None}
        lines.append(f"{name} ({message['role']}): {_short(parts.pop('content', ''))}")
        lines += [f"{name} ({message['role']}, {key}): {_short(part)}" for key, part in parts.items()]
    return lines


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"
