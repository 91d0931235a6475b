"""What is left out of a row, or read as it may not be meant, is told; what is not read comes with advice."""

import json

import pytest
from datasets import Dataset

from local_naturalness.shapes import to_rows

Q, A = "What is 2 + 3?", "It is 5, I think."
USER, ANSWER = {"role": "user", "content": Q}, {"role": "assistant", "content": A}
ROW = {"prompt": Q, "response": A}
PAIR = {"prompt": Q, "response_a": A, "response_b": "6."}

TOLD = {
    "choices": ({**ROW, "choices": ["5", "6"]}, {}, "`choices` is not part of the prompts"),
    "options": ({**ROW, "options": {"A": "7"}}, {}, "`options` is not part of the prompts"),
    "a passage": ({**ROW, "passage": "Once upon."}, {}, "`passage` is not part of the prompts"),
    "a system text": ({**ROW, "system_instruction": "Be."}, {}, "`system_instruction` is not part of"),
    "functions": ({"messages": [USER, ANSWER], "functions": [{"name": "f"}]}, {}, "rename it to `tools`"),
    "lists of reasoning": (
        {"prompt": Q, "generations": [A, A], "reasonings": ["We add.", "So it is."]},
        {},
        "reasoning_columns=['reasonings']",
    ),
    "a role": ({"messages": [{"role": "judge", "content": Q}, ANSWER]}, {}, "turns with the role 'judge'"),
    "models of a pair": (
        {**PAIR, "model_a": "m", "model_b": "n"},
        {"teacher_columns": ["response_a", "response_b"]},
        "The columns `model_a` and `model_b` name the models",
    ),
    "turns as JSON": ({**ROW, "prompt": json.dumps([Q, "And 3 + 3?"])}, {}, "`prompt` are lists as JSON"),
}
NOT_TOLD = {
    "choices in the prompt": {"prompt": f"{Q}\nA) 5\nB) 6", "response": A, "choices": ["5", "6"]},
    "options in messages": {"messages": [{**USER, "content": f"{Q}\n5\n6"}, ANSWER], "options": {"A": "5"}},
    "a list among texts": {"prompt": "[1, 2] has which sum?", "response": "[3]"},
    "a known role": {"messages": [{"role": "prompter ", "content": Q}, ANSWER]},
}
LM_EVAL = {"doc": {"question": "2 + 3?"}, "target": "5", "filter": "strict", "doc_hash": "f3" * 32}
ADVISED = {
    "names in capitals": (
        {"Prompt": Q, "Teacher": "a", "Response": A},
        "`response_column='Response'` and `prompt_column='Prompt'`",
    ),
    "names with spaces": ({"prompt": Q, " teacher": "a", " response": A}, "`response_column=' response'`"),
    "models beside answers": (
        {**PAIR, "model_a": "m", "model_b": "n"},
        "`teacher_columns=['response_a', 'response_b']`",
    ),
    "pairs of conversations": (
        {"conversation_a": [USER, ANSWER], "conversation_b": [USER, ANSWER], "winner": "model_a"},
        "`teacher_columns=['conversation_a', 'conversation_b']`",
    ),
    "turns that are no messages": (
        {"conversation": [{"speaker": "user", "text": Q}, {"speaker": "assistant", "text": A}]},
        "The turns in 'conversation' are no messages",
    ),
    "parts": (
        {"contents": [{"role": "user", "parts": [{"text": Q}]}]},
        "The turns in 'contents' are no messages",
    ),
    "samples of lm-eval": (
        LM_EVAL | {"arguments": {"gen_args_0": {"arg_0": Q, "arg_1": {"until": ["Q"]}}}, "resps": [[A, A]]},
        "of what they have in arguments.gen_args_0.arg_0, and a column 'responses' of resps",
    ),
    "samples of lm-eval in lists": (
        LM_EVAL | {"arguments": [[Q, "{}"]], "resps": [[A]]},
        "what they have in arguments[0][0]",
    ),
    "likelihoods of lm-eval": (
        LM_EVAL | {"arguments": [[Q, " yes"], [Q, " no"]], "resps": [[["-1.0", "False"]]]},
        "They hold likelihoods, and no responses",
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_left_out_is_told(name, caplog):
    row, named, says = TOLD[name]
    to_rows(Dataset.from_list([row, row]), **named)
    assert says in caplog.text


@pytest.mark.parametrize("name", NOT_TOLD)
def test_nothing_is_told_of_what_is_read(name, caplog):
    to_rows(Dataset.from_list([NOT_TOLD[name]]))
    assert not [message for message in caplog.messages if not message.startswith("Read as")]


@pytest.mark.parametrize("name", ADVISED)
def test_advice_for_what_cannot_be_read(name):
    row, says = ADVISED[name]
    with pytest.raises(ValueError, match="No shape is recognised") as raised:
        to_rows(Dataset.from_list([row, row]))
    assert says in str(raised.value)


def test_texts_beside_numbers_stay_what_they_are(tmp_path):
    values = [5, "5.", "007", "null", "1e3"]
    (tmp_path / "rows.jsonl").write_text(
        "".join(json.dumps({"prompt": "q", "response": value}) + "\n" for value in values)
    )
    loaded = Dataset.from_json(str(tmp_path / "rows.jsonl"), cache_dir=str(tmp_path / "cache"))
    assert to_rows(loaded)["response"][:] == ["5", "5.", "007", "null", "1e3"]
