"""Every section of the page counts the rows that the selection could choose from."""

import re

import pytest
from datasets import Dataset
from report_page import Page

from local_naturalness import rank_teachers, select_responses
from local_naturalness.cli import main
from local_naturalness.report import write_report

# a comes first among all rows, b among the right ones; the last row has neither text nor score.
ROWS = [
    ("p", "a", -0.1, "ok", 30, 0),
    ("p", "b", -0.4, "ok", 20, 1),
    ("q", "a", -0.7, "ok", 30, 1),
    ("q", "b", -0.5, "ok", 20, 1),
    ("r", "a", -0.2, "ok", 30, 0),
    ("r", "b", -0.6, "ok", 20, 1),
    ("s", "a", -0.3, "ok", 30, 1),
    ("s", "b", None, "empty_response", 0, 1),
]
NAMES = ("prompt", "teacher", "local_naturalness", "local_naturalness_status", "num_tokens", "good")


@pytest.fixture
def marked():
    return Dataset.from_list(
        [dict(zip(NAMES, row, strict=True)) | {"response": f"By {row[1]}."} for row in ROWS]
    )


def cells(page, section, first):
    """The cells of the first row of a section that begins with some text."""
    part = page.source.split(f'<section id="{section}">')[1].split("</section>")[0]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in part.split("<tr")]
    return next(row[1:] for row in rows if row and row[0] == first)


@pytest.mark.parametrize("given", ["where", "selection", "function"])
def test_all_sections_count_the_rows_that_pass(marked, tmp_path, given):
    where = (lambda row: row["good"] == 1) if given == "function" else "good = 1"
    selection = None if given == "where" else select_responses(marked, where="good = 1")
    page = Page(
        write_report(
            marked,
            tmp_path / "report.html",
            selection=selection,
            where=None if given == "selection" else where,
            correct="good",
        )
    )
    first = rank_teachers(marked, where="good = 1").to_pandas().iloc[0]
    assert first["teacher"] == "b"
    assert (
        f"it is not known which teacher comes first: b has the best mean, {first['mean']:.4f}, 0.2000 ahead "
        "of a, but a single prompt compares them." in page.text
    )
    assert "5 of the 6 responses that pass `where` have a score." in page.text
    assert "`where` keeps 6 of 8 rows: a 2 of 4 and b 4 of 4." in page.text
    # Over the one prompt that both answered b wins; its three and a's two responses are counted.
    assert cells(page, "teachers", "b")[-1] == "3" and cells(page, "teachers", "a")[-1] == "2"
    assert "100.0%" in cells(page, "teachers", "b")
    assert cells(page, "criteria", "chosen")[0] == "4"
    assert cells(page, "criteria", "all candidates")[:2] == ["5", "-0.5000"]
    assert cells(page, "criteria", "local_naturalness")[1] == "4"
    assert cells(page, "unscored", "ok") == ["2", "3", "5", "2"]
    assert cells(page, "unscored", "empty_response") == ["0", "1", "1", "0"]


def test_what_no_row_was_ranked_by_is_said(marked, tmp_path):
    def is_good(row):
        return row["good"] == 1

    selection = select_responses(marked, where=is_good)
    page = Page(write_report(marked, tmp_path / "report.html", selection=selection))
    assert "a comes first" in page.text and "7 of 8 responses have a score." in page.text
    assert "cannot be evaluated here" in page.text and "counts all rows" in page.text
    given = Page(write_report(marked, tmp_path / "other.html", selection=selection, where="good"))
    assert "b has the best mean" in given.text and "cannot be evaluated" not in given.text
    assert "another `where`" in given.text


def test_a_prompt_without_a_row_that_counts_says_so(marked, tmp_path):
    page = Page(write_report(marked, tmp_path / "report.html", where="prompt <> 'q'"))
    told = next(part for part in page.source.split("<article")[1:] if '<p class="prompt">q</p>' in part)
    assert "No response to this prompt passes `where`." in told and "chosen</span>" not in told


def test_two_selections_in_sequence_count_what_passed_both(marked, tmp_path):
    first = select_responses(marked, where="good", k=2)
    second = select_responses(first, where="num_tokens < 25")
    page = Page(write_report(marked, tmp_path / "report.html", selection=second))
    assert "3 of the 4 responses that pass `where` have a score." in page.text


def test_the_command_takes_where_and_correct(marked, tmp_path, capsys):
    table, output = str(tmp_path / "scored.parquet"), tmp_path / "report.html"
    marked.to_parquet(table)
    command = ["report", table, "--output", str(output)]
    assert main([*command, "--where", "good = 1", "--correct", "good"]) == 0
    page = Page(output)
    assert "b has the best mean" in page.text and "accuracy" in page.text
    assert main([*command, "--where", "nothing = 1"]) == 2
    assert "nothing" in capsys.readouterr().err
    assert main([*command, "--correct", "response"]) == 2
    assert main([*command, "--where", "good > 1"]) == 2
    assert "No row passes" in capsys.readouterr().err


def test_prompts_with_one_score_are_shown_and_those_left_out_are_counted(marked, tmp_path):
    page = Page(write_report(marked, tmp_path / "report.html"))
    assert "All 4 prompts are shown." in page.text and page.source.count("<article") == 4
    assert "it has no score (empty_response)" in page.text
    few = Page(write_report(marked, tmp_path / "few.html", rows=4))
    assert few.source.count("<article") == 2
    assert "2 of 4 prompts are shown. 2 are left out: at most 4 responses (`rows`) are shown." in few.text


def test_prompts_left_out_for_the_size_of_the_page_are_counted(marked, tmp_path, monkeypatch):
    monkeypatch.setattr("local_naturalness.report.decisions._MOST_BYTES", 2_000)
    page = Page(write_report(marked, tmp_path / "report.html"))
    assert "1 of 4 prompts is shown. 3 are left out: the page would become too large." in page.text


def test_lengths_of_rows_without_a_score_do_not_count(marked, tmp_path):
    page = Page(write_report(marked, tmp_path / "report.html"))
    assert "different candidates" not in page.text
    assert "`num_tokens` picks the longest response" in page.text
    assert "tokens on average, b 20." in page.text
