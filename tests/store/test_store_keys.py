"""Keys depend on content alone, and every key is found where it was put."""

import json

import numpy as np
import pytest
from datasets import Dataset

from local_naturalness.encoding.examples import Example, read_examples
from local_naturalness.encoding.map_rows import read_rows
from local_naturalness.store import keys
from local_naturalness.store.keys import KeyIndex, content_key

MESSAGES = [{"role": "system", "content": "Be short.", "name": "s"}, {"content": "Hi", "role": "user"}]


def test_arrow_and_json_lines_give_the_same_keys(tmp_path):
    rows = [
        {"prompt": MESSAGES, "response": "Hé \u2028 \U0001d11e.", "steps": ["Hé ", "\u2028 \U0001d11e."]},
        {"prompt": MESSAGES[1:], "response": None, "steps": None},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))
    found = [
        [content_key(example) for example in examples(columns)]
        for columns in (
            {name: [row[name] for row in rows] for name in rows[0]},
            Dataset.from_list(rows)[:],
            Dataset.from_json(str(path), cache_dir=str(tmp_path))[:],
        )
    ]
    assert found[0] == found[1] == found[2]
    assert len(set(found[0])) == 2


def examples(columns):
    needed = {"response_column": "response"}
    return read_examples(read_rows(columns, needed, "test"), "prompt", "response", None, "steps")


def test_other_content_gives_other_keys():
    contents = [
        Example("a", "b"),
        Example("a", "c"),
        Example("b", "b"),
        Example("a", "b", steps=["b"]),
        Example("a", None),
        Example(None, "b"),
        Example([{"role": "user", "content": "a"}], "b"),
        Example([{"role": "system", "content": "a"}], "b"),
        Example("ab", ""),
    ]
    assert len({content_key(content) for content in contents}) == len(contents)
    assert {len(content_key(content)) for content in contents} == {16}


@pytest.mark.parametrize("many", [0, 7, 1000])
def test_every_key_is_found_where_it_was_put(many, monkeypatch):
    monkeypatch.setattr(keys, "_MANY", many)
    random = np.random.default_rng(0)
    # Few different bytes: zeros at the ends and shared beginnings.
    some = [bytes(random.integers(0, 2, 16, dtype=np.uint8)) for _ in range(400)]
    index, expected = KeyIndex(), {}
    for shard in range(40):
        own = some[shard * 10 : shard * 10 + 10]
        index.add(shard, own)
        for row, key in enumerate(own):
            expected.setdefault(key, (shard, row))
        if shard in (5, 20):
            index.forget({shard - 2})
            expected = {key: place for key, place in expected.items() if place[0] != shard - 2}
        assert index.find(some) == [expected.get(key) for key in some]
