"""`show` prints what is scored of a row, and the scores where the row holds them."""

import json

import pytest

from local_naturalness import LocalScorer
from local_naturalness.cli import main
from local_naturalness.cli.tables import read_table
from local_naturalness.embedded import student_path

ROW = {"prompt": "What is 2 + 3?", "response": "Adding 2 and 3 gives 5.\nThe answer is 5."}
BODY = """
--- Prompt, shown to the student and not scored ---------------------------------
<|turn|>user⏎
What is 2 + 3?<|end|>⏎
<|turn|>assistant⏎

--- Response, scored: 19 tokens in 2 steps --------------------------------------
[1] Adding 2 and 3 gives 5.⏎
[2] The answer is 5.
"""


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (ROW, ROW | {"response": None})))
    return str(path)


def shown(capsys, *words):
    assert main(["show", *words, "--student", student_path()]) == 0
    return capsys.readouterr().out


def test_the_text_of_a_row(rows, capsys):
    out = shown(capsys, rows)
    assert out.endswith(BODY)
    assert out.startswith("status  ok\nspec    student=student@")


def test_a_row_that_cannot_be_scored_says_why(rows, capsys):
    out = shown(capsys, rows, "--row", "1")
    assert out.splitlines()[0] == "status  missing_response"
    heading = "--- Prompt of the row, which is not scored --------------------------------------"
    assert out.splitlines()[2:] == ["", heading, "What is 2 + 3?"]


def test_the_messages_of_a_row_that_cannot_be_scored(tmp_path, capsys):
    asked = [{"role": "system", "content": "Be brief.\nBe right."}, {"role": "user", "content": "x" * 5000}]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": asked, "response": " \n", "teacher": "small\nmodel"}) + "\n")
    lines = shown(capsys, str(path)).splitlines()
    assert lines[0] == "teacher small\\nmodel"
    assert lines[1] == "status  empty_response"
    assert lines[4].startswith("--- Prompt of the row, which is not scored ---")
    assert lines[5:7] == ["system: Be brief.⏎", "Be right.⏎"]
    assert lines[7].startswith("user: xxx") and " ... " in lines[7] and len(lines[7]) < 2100
    assert lines[9].startswith("--- Response of the row, which is not scored ---")


def test_a_row_that_is_not_there(rows, capsys):
    assert main(["show", rows, "--student", student_path(), "--row", "2"]) == 2
    assert "--row 2 does not exist: the rows are numbered 0 to 1." in capsys.readouterr().err


def test_scores_stand_beside_the_steps_they_belong_to(rows, tmp_path, capsys):
    scorer = LocalScorer(student_path(), return_steps=True)
    scored = read_table(rows).map(scorer, batched=True)
    scored.to_parquet(tmp_path / "scored.parquet")
    first, second = (f"{score:.4f}" for score in scored[0]["step_scores"])
    out = shown(capsys, str(tmp_path / "scored.parquet"))
    assert f"score   local_naturalness {scored[0]['local_naturalness']:.4f}\n" in out
    assert f"[1]   {first} Adding 2 and 3 gives 5.⏎\n[2]   {second} The answer is 5.\n" in out
    assert str(scorer.show(scored[0])) + "\n" == out


def test_scores_of_other_settings_are_not_shown(rows, tmp_path, capsys):
    read_table(rows).map(LocalScorer(student_path()), batched=True).to_parquet(tmp_path / "scored.parquet")
    out = shown(capsys, str(tmp_path / "scored.parquet"), "--window", "1")
    assert "score that was computed with other settings, so it is not shown: window 4 and 1" in out
    assert out.endswith(BODY)


def test_an_opening_that_the_prompt_holds_is_marked(rows, capsys):
    out = shown(capsys, rows, "--prompt-template", r"{prompt}<think>\n")
    assert "note    In this row and those like it the response does not close the reasoning block" in out
    thinking = LocalScorer(student_path(), prompt_template="{prompt}<think>\n").show(
        ROW | {"response": "<think>\n2 + 3 = 5.</think>5."}
    )
    assert thinking.not_scored == len("<think>\n")
    assert "(In step 1, '<think>\\n' is not scored: the prompt already ends with it.)" in str(thinking)


def test_shapes_and_switches_are_those_of_score(tmp_path, capsys):
    path = tmp_path / "chats.jsonl"
    turns = [{"from": "human", "value": ROW["prompt"]}, {"from": "gpt", "value": ROW["response"]}]
    path.write_text(json.dumps({"conversations": turns}) + "\n")
    assert shown(capsys, str(path)).endswith(BODY)
    words = ["show", str(path), "--student", student_path(), "--chat-template-kwargs"]
    assert main([*words, '{"enable_thinking": true}']) == 2
    assert "'enable_thinking', which the chat template" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*words, "on"])
    assert "must be a JSON object such as" in capsys.readouterr().err


def test_an_estimate_tells_what_is_doubtful(rows, capsys):
    words = ["estimate", rows, "--student", student_path(), "--calibrate", "0"]
    assert main([*words, "--prompt-template", r"{prompt}<think>\n"]) == 0
    assert "Note: In 1 of 2 rows the response does not close the reasoning block" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["warnings"] == []


def test_the_teacher_of_a_row_is_told(tmp_path, capsys):
    path = tmp_path / "wide.jsonl"
    path.write_text(json.dumps({"question": "Sum?", "small": "It is 5.", "large": "Five."}) + "\n")
    out = shown(capsys, str(path), "--teacher-columns", "small", "large", "--row", "1")
    assert out.splitlines()[1] == "teacher large"


@pytest.mark.parametrize(
    ("row", "words", "number", "origin", "answer"),
    [
        (
            {"problem": "Sum?", "generations": ["It is 5.", "Five."]},
            [],
            0,
            "input row 0, item 0 of",
            "It is 5.",
        ),
        ({"problem": "Sum?", "generations": ["It is 5.", "Five."]}, [], 3, "input row 1, item 1 of", "Five."),
        (
            {"question": "Sum?", "a": "It is 5.", "b": "Five."},
            ["--teacher-columns", "a", "b"],
            2,
            "input row 1, column `a`",
            "It is 5.",
        ),
    ],
)
def test_a_row_of_several_responses_is_told(row, words, number, origin, answer, tmp_path, capsys):
    path = tmp_path / "wide.jsonl"
    path.write_text(2 * (json.dumps(row) + "\n"))
    out = shown(capsys, str(path), "--row", str(number), *words)
    assert out.startswith(f"row     {number}: {origin}") and answer in out
    assert main(["show", str(path), "--student", student_path(), *words, "--row", "4"]) == 2
    assert "the rows are numbered 0 to 3 (one row per response)" in capsys.readouterr().err
