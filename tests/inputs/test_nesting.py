"""JSON that is nested so deeply that its reader would end the process is refused beforehand."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_naturalness.cli import main
from local_naturalness.inputs import read_table
from local_naturalness.inputs.nesting import DEEPEST, first_line_deeper

ROW = json.dumps({"prompt": "a", "response": "b"})
VALUES = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\\na', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('[{"\\', max_size=3), inner, max_size=2)
    ),
    max_leaves=12,
)


def deep(levels: int, opening: str, closing: str) -> str:
    return f'{{"prompt": "a", "response": {opening * levels}1{closing * levels}}}'


def depth(value: object) -> int:
    """Brackets that are open at once, by recursion."""
    if isinstance(value, dict | list):
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)
    return 0


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 1]))
def test_depth_is_that_of_the_parsed_values(values, indent):
    text = "\n".join(json.dumps(value, indent=indent) for value in values).encode()
    deepest = max(map(depth, values), default=0)
    lines = text.splitlines(keepends=True)
    assert first_line_deeper(lines, deepest) is None
    if deepest:
        assert first_line_deeper(lines, deepest - 1) is not None


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[\n{"a":', "}]")])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_a_line_nested_100_000_levels_deep_is_named(opening, closing, name, tmp_path, capsys):
    text = f"{ROW}\n{deep(100_000, opening, closing)}\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert main(["score", str(tmp_path / name), "--student", "s", "--output", str(tmp_path / "out")]) == 2
    line = "line 2" if "\n" not in opening else "line 502"  # two levels a line
    assert f"{line} is nested more than {DEEPEST:,} levels deep" in capsys.readouterr().err


def test_brackets_in_texts_are_no_levels(tmp_path):
    texts = ["[" * 5_000, '\\"[{' * 5_000, "}" * 5_000]
    rows = "".join(json.dumps({"prompt": text, "response": "b"}) + "\n" for text in texts)
    (tmp_path / "rows.jsonl").write_text(rows)
    assert read_table(tmp_path / "rows.jsonl")["prompt"][:] == texts
