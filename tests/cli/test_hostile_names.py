"""Names of teachers that a terminal would act on are shown, and never printed as they are."""

import io
import re

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


def test_errors_show_names_escaped(scored, tmp_path, capsys):
    scored.to_parquet(tmp_path / "scored.parquet")
    assert main(["teachers", str(tmp_path / "scored.parquet"), "--teacher-column", "x\x1b[31m\u202e"]) == 2
    assert not ACTING.search(capsys.readouterr().err)


def test_a_terminal_is_shown_every_text_escaped():
    terminal = io.StringIO()
    print("a\tb \x1b[2J\u2028\ud800 é 中 👩‍🔬", file=VisibleStream(terminal))
    assert terminal.getvalue() == "a\tb \\x1b[2J\\u2028\\ud800 é 中 👩‍🔬\n"
    assert visible("\r\x85") == r"\x0d\u0085"
