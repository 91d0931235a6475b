"""Agreement with steps that people marked, and protected regions in traces of real models."""

import importlib.util
import re
from pathlib import Path

import pytest

from local_naturalness.steps import resolve_splitter

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "steps_quality.py"
spec = importlib.util.spec_from_file_location("steps_quality", SCRIPT)
steps_quality = importlib.util.module_from_spec(spec)
spec.loader.exec_module(steps_quality)


@pytest.fixture(scope="module")
def scores(read_rows):
    rows = read_rows("steps.jsonl")
    splitters = {
        "sentence": resolve_splitter("sentence"),
        "line": resolve_splitter("line"),
        "every newline": resolve_splitter(re.compile(r"\n")),
    }
    return {name: steps_quality.score(rows, splitter) for name, splitter in splitters.items()}


def mean(score: dict, position: int) -> float:
    return sum(values[position] for values in score.values()) / len(score)


def test_sentences_find_the_gold_boundaries(scores):
    assert all(recall >= 0.95 for _, recall, _ in scores["sentence"].values())


def test_lines_come_nearest_to_the_gold_steps(scores):
    assert mean(scores["line"], 0) >= 0.93
    assert mean(scores["line"], 0) > mean(scores["every newline"], 0)
    assert mean(scores["line"], 0) > mean(scores["sentence"], 0)


@pytest.mark.parametrize("name", ["sentence", "line", "paragraph"])
def test_no_boundary_in_latex_or_code(name, read_rows):
    for row in read_rows("steps.jsonl"):
        found = steps_quality.boundaries(resolve_splitter(name).spans(row["text"]))
        assert not steps_quality.inside(steps_quality.LATEX, row["text"], found)
        assert not steps_quality.inside(steps_quality.CODE, row["text"], found)


def test_long_traces_are_cut_in_latex_only_where_it_is_broken(read_rows):
    texts = [row["response"] for row in read_rows("long_traces.jsonl")]
    spans = [resolve_splitter("sentence").spans(text) for text in texts]
    cut = [
        steps_quality.inside(
            steps_quality.LATEX, steps_quality.without_code(text), steps_quality.boundaries(found)
        )
        for text, found in zip(texts, spans, strict=True)
    ]
    assert sum(map(len, cut)) <= 0.0001 * sum(map(len, spans))
