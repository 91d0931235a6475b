"""What a refusal advises is right when it is followed to the letter: nothing of the response is lost."""

import json
import re
import shlex

import pytest

from local_naturalness.cli import main
from local_naturalness.embedded import student_path

ASKED = "What is 2 + 3? Tell me."
THOUGHT, ANSWER = "THOUGHT We add two and three.", "ANSWER It is 5, as we see."
CHAT = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWER}]

# Columns of one row, and what the response has to hold then. No column has a name that is a part of all rows.
LAYOUTS = {
    "Question, Complex_CoT, Response": (
        {"Question": ASKED, "Complex_CoT": THOUGHT, "Response": ANSWER},
        [THOUGHT, ANSWER],
    ),
    "a reasoning and an answer by one model": (
        {
            "question": ASKED,
            "reference_answer": "GOLD is five",
            "model_name": "a/b with a long name",
            "model_answer": ANSWER,
            "model_reasoning": THOUGHT,
        },
        [THOUGHT, ANSWER],
    ),
    "trajectories and attempts of two models": (
        {
            "solution": "GOLD That is five, as one can see.",
            "question": ASKED,
            "cot_type": "math",
            "gemini_thinking_trajectory": THOUGHT,
            "gemini_attempt": ANSWER,
            "gemini_grade_reason": "GRADE The attempt is right.",
            "deepseek_thinking_trajectory": THOUGHT + " Again.",
            "deepseek_attempt": ANSWER,
        },
        [THOUGHT, ANSWER],
    ),
    "a list of one trajectory": (
        {"question": ASKED, "cot": None, "thinking_trajectories": [THOUGHT], "attempt": ANSWER},
        [THOUGHT, ANSWER],
    ),
    "input, reasoning_content, content": (
        {"input": ASKED, "reasoning_content": THOUGHT, "content": ANSWER, "repo_name": "a/b"},
        [THOUGHT, ANSWER],
    ),
    "numbered solutions": (
        {"question": ASKED, "final_answer": "5", "r1_solution_1": ANSWER, "r1_solution_2": THOUGHT},
        [ANSWER],
    ),
    "chosen and rejected": ({"prompt": ASKED, "chosen": ANSWER, "rejected": THOUGHT}, [ANSWER]),
    "chosen and rejected conversations": ({"chosen": CHAT, "rejected": CHAT}, [ANSWER]),
    "chosen and rejected turns": ({"prompt": CHAT[:1], "chosen": CHAT[1:], "rejected": CHAT[1:]}, [ANSWER]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_advice_is_followed(layout, tmp_path, capsys):
    row, expected = LAYOUTS[layout]
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(row) + "\n")
    command = ["show", str(path), "--student", student_path()]
    assert main(command) == 2
    advice = re.search(r"pass (--.*)\.$", capsys.readouterr().err.strip())[1]
    words = shlex.split(advice.replace(",", "").replace(" and ", " "))
    assert main([*command, *words]) == 0
    out = capsys.readouterr().out
    assert all(text in out for text in (ASKED, *expected))
    assert "GOLD" not in out and "GRADE" not in out


def test_reasoning_beside_a_response_is_told_with_the_option(tmp_path, capsys, caplog):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"prompt": ASKED, "reasoning": THOUGHT, "response": ANSWER}) + "\n")
    command = ["show", str(path), "--student", student_path()]
    assert main(command) == 0
    assert THOUGHT not in capsys.readouterr().out
    assert "pass `reasoning_columns=['reasoning']`" in caplog.text
    caplog.clear()
    assert main([*command, "--reasoning-columns", "reasoning"]) == 0
    assert THOUGHT in capsys.readouterr().out
    assert "not scored" not in caplog.text
