"""Conversations go from the file to the Hub without a single option that names a column."""

import json

import pytest
from datasets import load_dataset
from emulated_hub import IGNORED_WARNING

from local_naturalness.cli import main
from local_naturalness.embedded import student_path

pytestmark = pytest.mark.filterwarnings(IGNORED_WARNING)

QUESTIONS = ["What is 2 + 3?", "What is 4 + 4?"]
ANSWERS = {"long": "We add them. It is a number.", "short": "5."}


def test_conversations_go_all_the_way(hub, tmp_path, capsys):
    rows = [
        {
            "prompt_id": f"sum-{number}",  # never to be taken for the text of a prompt
            "teacher": teacher,
            "conversations": [{"from": "human", "value": question}, {"from": "gpt", "value": answer}],
        }
        for number, question in enumerate(QUESTIONS)
        for teacher, answer in ANSWERS.items()
    ]
    source, scored, best = tmp_path / "sharegpt.jsonl", str(tmp_path / "scored"), str(tmp_path / "best")
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["score", str(source), "--student", student_path(), "--output", scored]) == 0
    assert main(["teachers", scored, "--num-bootstrap", "20"]) == 0
    assert main(["compare", scored]) == 0
    assert main(["select", scored, "--output", best]) == 0
    assert main(["push", best, "me/curated"]) == 0, capsys.readouterr().err
    pushed = load_dataset("me/curated", split="train")
    assert len(pushed) == len(QUESTIONS)
    text = json.dumps(pushed.to_list())
    for question in QUESTIONS:
        assert text.count(question) == 1
    told = pushed[0]
    written = told.get("messages") or [*told["prompt"], *told["completion"]]
    assert [message["role"] for message in written] == ["user", "assistant"]
    assert written[1]["content"] in ANSWERS.values()
