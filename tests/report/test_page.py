"""What the page says is what the table holds."""

import math
import re

import pytest
from datasets import Dataset
from report_page import Page
from rows_with_steps import EVIL, scored_rows

from local_naturalness import rank_teachers, select_responses
from local_naturalness.cli import main
from local_naturalness.embedded import student_path
from local_naturalness.report import write_report
from local_naturalness.selection import export


def test_steps_are_tinted_by_the_scores_of_the_table(scored, tmp_path):
    page = Page(write_report(scored, tmp_path / "report.html", rows=len(scored)))
    lists = [(row["step_scores"], row["global_step_scores"]) for row in scored]
    known = sorted([f"{a:.6g}", f"{b:.6g}"] for pair in lists for a, b in zip(*pair, strict=True))
    assert sorted(scores for _, scores in page.steps) == known
    by_class = {}
    for names, scores in page.steps:
        local, full = map(float, scores)
        for name, number in zip(names, (local, full, full - local), strict=True):
            by_class.setdefault(name, []).append(number)
    assert sorted(by_class) == sorted(f"{letter}{number}" for letter in "tud" for number in range(7))
    for letter in "tud":
        for number in range(6):
            assert max(by_class[f"{letter}{number}"]) <= min(by_class[f"{letter}{number + 1}"]) + 1e-5


def test_the_verdict_is_that_of_the_ranking(scored, tmp_path):
    page = Page(write_report(scored, tmp_path / "report.html"))
    ranking = rank_teachers(scored)
    first = ranking.to_pandas().iloc[0]
    assert f"{first['teacher']} comes first with a mean of {first['mean']:.4f}" in page.text
    for warning in ranking.warnings:
        assert warning in page.text


def test_nothing_from_data_acts_and_nothing_private_is_shown(scored, tmp_path):
    page = Page(write_report(scored, tmp_path / "report.html"))
    assert not {"img", "iframe", "link", "base", "object"} & {tag for tag, _ in page.tags}
    assert [tag for tag, _ in page.tags].count("script") == [tag for tag, _ in page.tags].count("style") == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not any({"src", "href", "style"} & set(attributes) for _, attributes in page.tags)
    policy = page.source.split('Content-Security-Policy" content="')[1]
    assert policy.startswith("default-src &#39;none&#39;; style-src &#39;sha256-")
    assert EVIL in page.text and r"\u202eabc" in page.text and "\u202e" not in page.text
    assert "somebody" not in page.source and "tiny@0123" in page.text


def test_chosen_ones_are_those_of_the_selection_and_others_say_why_not(tmp_path):
    rows = [
        ("p", "a", -0.5, "ok", True),
        ("p", "b", -0.4, "ok", False),
        ("p", "c", -0.7, "ok", True),
        ("p", "d", None, "empty_response", True),
    ]
    rows = [(*row, 0 if row[2] is None else 9) for row in rows]
    names = ("prompt", "teacher", "local_naturalness", "local_naturalness_status", "is_correct", "num_tokens")
    scored = Dataset.from_list([dict(zip(names, row, strict=True)) | {"response": row[1]} for row in rows])
    selection = select_responses(scored, where="is_correct")
    page = Page(write_report(scored, tmp_path / "report.html", selection=selection))
    told = {part.split("</h4>")[0].strip(): part for part in page.source.split("<h4>")[1:]}
    assert [name.split()[0] for name, part in told.items() if "chosen</span>" in name] == ["a"]
    assert "it does not pass `where`" in told["b"] and "wrong" in told["b"]
    assert "0.2000 behind" in told["c"]
    assert "it has no score (empty_response)" in told["d"]
    assert "9 tokens" in told["b"] and "0 tokens" not in page.text  # of d the length is not known
    assert "LocalScorer(..., return_steps=True)" in page.text
    unselected = Page(write_report(scored, tmp_path / "other.html"))
    chosen = [
        part for part in unselected.source.split("<h4>")[1:] if "chosen</span>" in part.split("</h4>")[0]
    ]
    assert len(chosen) == 1 and chosen[0].startswith("b")


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
def test_a_selection_that_was_exported_marks_the_same_rows(tmp_path, form):
    """Two answers of one teacher to a prompt are told apart without their text."""
    answers = {"It is 5.": -0.5, "Five.": -0.4}
    rows = [("What is 2 + 3?", "a", text, "ok", score) for text, score in answers.items()]
    names = ("prompt", "teacher", "response", "local_naturalness_status", "local_naturalness")
    scored = Dataset.from_list([dict(zip(names, row, strict=True)) | {"prompt_key": "p"} for row in rows])
    exported = export(select_responses(scored), form, student=student_path())
    page = Page(write_report(scored, tmp_path / "report.html", selection=exported))
    told = page.source.split("<h4>")[1:]
    assert ["chosen</span>" in part and "Five." in part for part in told] == [True, False]
    with pytest.raises(ValueError, match="select with `--export none`"):
        without = [table.remove_columns("prompt_key") for table in (scored, exported)]
        write_report(without[0], tmp_path / "report.html", selection=without[1])


def test_long_traces_are_folded_and_the_page_stays_small(tmp_path):
    scored = Dataset.from_list(scored_rows(num_prompts=10, num_steps=3_000))
    path = write_report(scored, tmp_path / "report.html", rows=30)
    page = Page(path)
    assert path.stat().st_size < 5_000_000
    assert "steps left out of this page" in page.text and "details" in {tag for tag, _ in page.tags}
    shown = {scores[0] for _, scores in page.steps}
    for row in scored:
        assert {f"{min(row['step_scores']):.6g}", f"{max(row['step_scores']):.6g}"} <= shown


def test_names_that_look_alike_once_paths_are_gone_stay_apart(tmp_path):
    rows = scored_rows(teachers=("/home/somebody/x/judge", "/home/other/y/judge"))
    page = Page(write_report(Dataset.from_list(rows), tmp_path / "report.html"))
    assert "judge #2" in page.text and "somebody" not in page.source and "/home" not in page.source


def test_of_many_groups_the_first_are_ranked_and_all_are_counted(tmp_path):
    rows = [
        {
            "prompt": f"p{place // 2}",
            "teacher": f"t{place}",
            "response": "x",
            "local_naturalness": -1.0 - place,
        }
        for place in range(60)
    ]
    page = Page(write_report(Dataset.from_list(rows), tmp_path / "report.html"))
    assert "There are 26 more groups of teachers" in page.text
    assert "10 more groups of teachers are not listed" in page.text
    for place in range(60):
        # Twenty groups, of which the first teacher is the better one.
        assert (f">t{place}</th><td>{-1 - place}.0" in page.source) == (place < 40)


@pytest.mark.parametrize(
    ("lengths", "told"),
    [
        (
            {"a": [20, 30], "b": [30, 20]},
            "wins 100% of 1 comparison with shorter responses and 100% of 1 comp",
        ),
        ({"a": [30, 20], "b": [20, 20]}, "It never has the shorter response to a prompt"),
        ({"a": [20, 20], "b": [30, 20]}, "It always has the shorter response to a prompt"),
        (
            {"a": [20, 20], "b": [20, 20]},
            "No other response to the same prompt is known to be shorter or longer",
        ),
    ],
)
def test_natural_or_short_is_told_as_far_as_the_lengths_show_it(lengths, told, tmp_path):
    rows = [
        {
            "prompt": f"p{place}",
            "teacher": teacher,
            "response": "x",
            "local_naturalness": {"a": -0.1, "b": -0.5}[teacher],
            "num_tokens": number,
        }
        for teacher, numbers in lengths.items()
        for place, number in enumerate(numbers)
    ]
    (line,) = re.findall(
        "Natural or short[^<]*", write_report(Dataset.from_list(rows), tmp_path / "page.html").read_text()
    )
    assert told in line and "no comparison" not in line


def test_a_teacher_without_a_name_is_called_so(tmp_path):
    rows = [
        {"prompt": f"p{place}", "teacher": name, "response": "x", "local_naturalness": score, "num_tokens": 5}
        for place in range(3)
        for name, score in (("", -0.1), ("b", -0.5))
    ]
    page = Page(write_report(Dataset.from_list(rows), tmp_path / "report.html"))
    assert "(no name) comes first" in page.text and "(no name) writes 5 tokens" in page.text


def test_the_command_writes_it(scored, tmp_path, capsys):
    table, output = str(tmp_path / "scored.parquet"), tmp_path / "new" / "report.html"
    scored.to_parquet(table)
    assert main(["report", table, "--output", str(output), "--rows", "6"]) == 0
    assert str(output) in capsys.readouterr().out and output.exists()
    assert main(["report", table, "--output", str(output), "--teacher-column", "who"]) == 2
    assert "--teacher-column" in capsys.readouterr().err


def test_a_table_without_scores_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Score the rows first"):
        write_report(Dataset.from_dict({"prompt": ["p"], "teacher": ["a"]}), tmp_path / "report.html")


def test_conversations_are_shown_with_their_steps(scored, tmp_path):
    rows = [
        {
            **{name: value for name, value in row.items() if name not in ("prompt", "response")},
            "prompt_key": row["prompt"],
            "chat": [
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["response"]},
            ],
        }
        for row in scored
    ]
    dataset = Dataset.from_list(rows)
    page = Page(write_report(dataset, tmp_path / "report.html", rows=len(rows), messages_column="chat"))
    assert len(page.steps) == sum(row["num_steps"] for row in rows)
    assert "user: What is </title> 0 + 1?" in page.text
    # Under a usual name they are found.
    found = write_report(dataset.rename_column("chat", "messages"), tmp_path / "other.html", rows=len(rows))
    assert Page(found).steps == page.steps


def test_large_tables_are_sampled_and_say_so(scored, tmp_path, monkeypatch):
    monkeypatch.setattr("local_naturalness.report.sample._MOST_PROMPTS", 5)
    page = Page(write_report(scored, tmp_path / "report.html"))
    assert "compared on 5 prompts, drawn at random from all 12" in page.text
    assert "over only 5 prompts that compare teachers, too few to rely on." in page.text
    assert "may come first: the interval" in page.text and " 36 of 36 responses have a score." in page.text


def test_chosen_beside_chance(tmp_path):
    """a is chosen twice, b once: chance gives 2/3 of a's mean (-0.5) and 1/3 of b's (-0.6)."""
    scores = {"p": (-0.2, -0.9), "q": (-0.3, -0.8), "r": (-1.0, -0.1)}
    rows = [
        {"prompt": prompt, "teacher": teacher, "response": teacher, "local_naturalness": score}
        for prompt, pair in scores.items()
        for teacher, score in zip("ab", pair, strict=True)
    ]
    page = Page(write_report(Dataset.from_list(rows), tmp_path / "report.html"))
    table = page.source.split("random, same teachers")[1]
    assert "<td></td><td>-0.5333</td>" in table.split("</tr>")[0]
    assert "<td>3</td><td>-0.2000</td>" in page.source


def test_what_chance_gives_is_counted_among_those_that_pass_where(tmp_path):
    rows = [
        {"prompt": p, "teacher": "a", "response": f"{n}", "local_naturalness": -n / 10, "is_correct": n < 4}
        for p in "pq"
        for n in (1, 3, 8)
    ]
    scored = Dataset.from_list(rows)
    selection = select_responses(scored, where="is_correct")
    page = Page(write_report(scored, tmp_path / "report.html", selection=selection))
    assert "<td></td><td>-0.2000</td>" in page.source.split("random, same teachers")[1]


@pytest.mark.parametrize(
    "change",
    [
        {"local_naturalness": [math.nan, math.inf, None, -0.5]},
        {"local_naturalness": [-1.0], "global_naturalness": [-1.0]},
        {"step_scores": [None], "step_spans": [None], "global_step_scores": [None], "step_tokens": [None]},
        {"step_scores": [[math.nan] * 4, None], "global_step_scores": [[]]},
        {"response": [None]},
        {"prompt": [None, "p", "p"], "teacher": ["a", None]},
        {"teacher": ["a"]},
        {"prompt": ["p"]},
        {"prompt": ["p" * 1_000_000]},
        {"teacher": [f"teacher {number}" for number in range(36)]},
        {
            "local_naturalness_spec": [
                "student=/home/somebody/my models/tiny@0; judge=/home/somebody/j.py; id=1"
            ]
        },
    ],
    ids="-".join,
)
def test_tables_of_every_kind_have_a_page(scored, tmp_path, change):
    """Each column named holds these values in turn."""
    columns = {name: [values[row % len(values)] for row in range(36)] for name, values in change.items()}
    table = Dataset.from_dict(scored.to_dict() | columns)
    path = write_report(table, tmp_path / "report.html")
    page = Page(path)
    assert re.search("responses? ha(s|ve) a score", page.text) and path.stat().st_size < 1_000_000
    for word in ("nan", "inf", "None", "somebody", "NaN"):
        assert not re.search(rf"\b{word}\b", page.text), word


def test_the_page_stays_small_however_many_rows_are_asked_for(tmp_path):
    scored = Dataset.from_list(scored_rows(num_prompts=1_200, num_steps=4))
    path = write_report(scored, tmp_path / "report.html", rows=10_000)
    assert 2_000_000 < path.stat().st_size < 5_000_000


def test_a_missing_score_is_no_disagreement(scored, tmp_path):
    best = {}
    for row in scored:
        best[row["prompt"]] = max(best.get(row["prompt"], -math.inf), row["local_naturalness"])
    missing = scored.map(
        lambda row: {"global_naturalness": None} if row["local_naturalness"] == best[row["prompt"]] else {}
    )
    page = Page(write_report(missing, tmp_path / "report.html"))
    assert "so this is not a disagreement" in page.text
    assert 'data-kind="disagreement"' not in page.source
