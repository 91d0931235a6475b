"""Names of teachers that a terminal would act on are shown, and never printed as they are."""

import io
import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
from datasets import Dataset

from local_naturalness import compare_criteria, rank_teachers
from local_naturalness.cli import main
from local_naturalness.cli.terminal import VisibleStream
from local_naturalness.visible import visible

HOSTILE = [
    "\x1b[2Jclear",
    "\x1b]0;title\x07",
    "c1\x9b31m",
    "nul\0",
    "bidi\u202egnp",
    "isolate\u2066",
    "ret\rurn",
    "two\nlines",
    "a\ttab",
]
ACTING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture
def scored() -> Dataset:
    rows = [(f"q{p}", name, float(-p - 0.1 * t)) for p in range(8) for t, name in enumerate(HOSTILE)]
    prompt, teacher, score = zip(*rows, strict=True)
    columns = {"prompt": prompt, "teacher": teacher, "response": ["r"] * len(rows)}
    return Dataset.from_dict({**columns, "local_naturalness": score, "global_naturalness": score[::-1]})


def test_rankings_and_comparisons_show_names_escaped(scored):
    for text in (str(rank_teachers(scored)), str(compare_criteria(scored))):
        assert not ACTING.search(text)
    assert r"\x1b[2Jclear" in str(rank_teachers(scored))
    assert rank_teachers(scored).best in HOSTILE  # the value stays


@pytest.mark.parametrize("command", ["teachers", "compare"])
def test_commands_print_nothing_that_a_terminal_acts_on(command, scored, tmp_path, capsys, caplog):
    scored.to_parquet(tmp_path / "scored.parquet")
    assert main([command, str(tmp_path / "scored.parquet")]) == 0
    printed = capsys.readouterr()
    assert not ACTING.search(printed.out + printed.err)
    assert "gnp" in printed.out


@pytest.mark.parametrize(("form", "shown"), [("text", r"\xe9lan"), ("json", r"\u00e9lan")])
def test_a_terminal_that_lacks_characters_gets_escapes(form, shown, tmp_path):
    names = ["élan", "通义"]
    rows = {"prompt": ["p", "p"], "teacher": names, "local_naturalness": [-1.0, -2.0]}
    Dataset.from_dict(rows).to_parquet(tmp_path / "scored.parquet")
    words = ["teachers", str(tmp_path / "scored.parquet"), "--format", form]
    run = subprocess.run(
        [sys.executable, "-m", "local_naturalness", *words],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        check=True,
    )
    printed = run.stdout.decode("ascii")
    assert shown in printed
    if form == "json":
        found = json.loads(printed)["groups"][0]["teachers"]
        assert [row["teacher"] for row in found] == names


def test_no_name_breaks_a_line_of_a_table(scored):
    ranking, comparison = rank_teachers(scored), compare_criteria(scored)
    for text in (str(ranking), ranking.to_markdown(), str(comparison), comparison.to_markdown()):
        shown = text.replace(r"\\", "\\")  # as Markdown shows a backslash that is escaped
        assert r"two\nlines" in shown and r"a\ttab" in shown
        assert not {"lines", "tab"} & {line.split()[0] for line in text.splitlines() if line.split()}
    table = [line for line in ranking.to_markdown().splitlines() if line.startswith("|")]
    assert len(table) == len(HOSTILE) + 2
    assert {line.count("|") for line in table} == {table[0].count("|")}


@pytest.mark.parametrize("form", ["csv", "json", "markdown", "text"])
@pytest.mark.parametrize("command", ["teachers", "compare"])
def test_every_format_is_escaped_on_a_terminal_only(command, form, scored, tmp_path, monkeypatch):
    scored.to_parquet(tmp_path / "scored.parquet")
    printed = {}
    for is_terminal in (True, False):
        stream = io.StringIO()
        stream.isatty = lambda answer=is_terminal: answer
        monkeypatch.setattr(sys, "stdout", stream)
        assert main([command, str(tmp_path / "scored.parquet"), "--format", form]) == 0
        printed[is_terminal] = stream.getvalue()
    assert not ACTING.search(printed[True])
    assert not re.search("^lines", printed[True], re.MULTILINE)
    if form == "csv" and command == "teachers":  # as data, whatever stands in them
        names = pd.read_csv(io.StringIO(printed[False]), lineterminator="\n")["teacher"]
        assert set(names) >= {"\x1b[2Jclear", "bidi\u202egnp", "two\nlines", "a\ttab"}
    if form == "json":
        assert ("bidi\u202egnp" in printed[False]) and ("bidi\u202egnp" not in printed[True])


def test_errors_show_names_escaped(scored, tmp_path, capsys):
    scored.to_parquet(tmp_path / "scored.parquet")
    assert main(["teachers", str(tmp_path / "scored.parquet"), "--teacher-column", "x\x1b[31m\u202e"]) == 2
    assert not ACTING.search(capsys.readouterr().err)


def test_a_terminal_is_shown_every_text_escaped():
    terminal = io.StringIO()
    print("a\tb \x1b[2J\u2028\ud800 é 中 👩‍🔬", file=VisibleStream(terminal))
    assert terminal.getvalue() == "a\tb \\x1b[2J\\u2028\\ud800 é 中 👩‍🔬\n"
    assert visible("\r\x85") == r"\x0d\u0085"
