"""Layouts of public datasets of reasoning, by the names of their columns: every text takes its place."""

import json

import pytest

from local_naturalness.encoding.examples import read_examples
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.inputs import read_table
from local_naturalness.shapes.to_rows import shaped

Q, R, A = "What is 2 + 3?", "We add two and three.", "It is 5."
T = f"<think>\n{R}\n</think>\n\n{A}"
USER, TURN = {"role": "user", "content": Q}, {"role": "assistant", "content": T}
SYSTEM = {"role": "system", "content": "Be brief."}
INFO = {"source": "s", "think_content": None, "answer_content": None}


def sharegpt(human, gpt):
    return [{"from": human, "value": Q}, {"from": gpt, "value": T}]


# A row; arguments that the layout needs; teacher, reasoning apart and content of each response.
LAYOUTS = {
    "OpenR1-Math": (
        {
            "problem": Q,
            "solution": "GOLD",
            "answer": "5",
            "is_reasoning_complete": [True, True],
            "generations": [T, A],
            "correctness_math_verify": [True, False],
            "correctness_llama": None,
            "messages": [USER, TURN],
        },
        {},
        [(None, None, T), (None, None, A)],
    ),
    "OpenThoughts": (
        {"system": "Be brief.", "conversations": sharegpt("user", "assistant")},
        {},
        [(None, None, T)],
    ),
    "OpenThoughts3": ({"difficulty": 7, "conversations": sharegpt("human", "gpt")}, {}, [(None, None, T)]),
    "s1K-1.1": (
        {
            "question": Q,
            "solution": "GOLD",
            "gemini_thinking_trajectory": "G",
            "gemini_attempt": "5",
            "deepseek_thinking_trajectory": R,
            "deepseek_attempt": A,
        },
        {
            "teacher_columns": ["gemini_attempt", "deepseek_attempt"],
            "reasoning_columns": ["gemini_thinking_trajectory", "deepseek_thinking_trajectory"],
        },
        [("gemini_attempt", "G", "5"), ("deepseek_attempt", R, A)],
    ),
    "LIMO": (
        {"question": Q, "solution": R, "answer": "5"},
        {"response_column": "solution"},
        [(None, None, R)],
    ),
    "AM-DeepSeek-R1-Distilled": (
        {
            "messages": [
                USER | {"info": INFO},
                TURN | {"info": INFO | {"think_content": R, "answer_content": A}},
            ]
        },
        {},
        [(None, None, T)],
    ),
    "Llama-Nemotron": (
        {"input": [USER], "output": T, "reasoning": "on", "generator": "m", "system_prompt": "Be brief."},
        {},
        [(None, None, T)],
    ),
    "Nemotron-Post-Training": (
        {"messages": [SYSTEM | {"content": ""}, USER, TURN], "reasoning": "on", "metadata": "{}"},
        {},
        [(None, None, T)],
    ),
    "SYNTHETIC-1": (
        {"prompt": Q, "gold_standard_solution": "GOLD", "llm_response": T, "score": 1.0},
        {"response_column": "llm_response"},
        [(None, None, T)],
    ),
    "OpenCodeReasoning": ({"id": "i", "input": Q, "output": T, "solution": "GOLD"}, {}, [(None, None, T)]),
    "DeepMath": (
        {"question": Q, "final_answer": "5", "r1_solution_1": T, "r1_solution_2": A},
        {"teacher_columns": ["r1_solution_1", "r1_solution_2"]},
        [("r1_solution_1", None, T), ("r1_solution_2", None, A)],
    ),
    "KodCode": (
        {"question": Q, "solution": "GOLD", "conversations": sharegpt("human", "gpt"), "r1_solution": A},
        {},
        [(None, None, T)],
    ),
    "medical-o1-reasoning": (
        {"Question": Q, "Complex_CoT": R, "Response": A},
        {"prompt_column": "Question", "response_column": "Response", "reasoning_columns": ["Complex_CoT"]},
        [(None, R, A)],
    ),
    "GeneralThought": (
        {"question": Q, "prev_messages": None, "model_name": "m", "model_answer": A, "model_reasoning": R},
        {"response_column": "model_answer", "reasoning_columns": ["model_reasoning"]},
        [(None, R, A)],
    ),
    "natural_reasoning": (
        {"question": Q, "reference_answer": "GOLD", "responses": [{"response_model": "m", "response": T}]},
        {},
        [("m", None, T)],
    ),
    "UltraFeedback": (
        {
            "instruction": Q,
            "models": ["a", "b"],
            "completions": [
                {"model": m, "response": r, "overall_score": 5.0} for m, r in (("a", T), ("b", A))
            ],
            "correct_answers": ["None"],
        },
        {},
        [("a", None, T), ("b", None, A)],
    ),
    "Magpie": (
        {"instruction": Q, "response": T, "conversations": sharegpt("human", "gpt")},
        {},
        [(None, None, T)],
    ),
    "NuminaMath": ({"problem": Q, "solution": R, "messages": [USER, TURN]}, {}, [(None, None, T)]),
    "rStar-Coder": (
        {"seed_question": "GOLD", "question": Q, "response": T, "code": "x"},
        {},
        [(None, None, T)],
    ),
    "distilabel": ({"instruction": Q, "generation": T, "model_name": "m"}, {}, [(None, None, T)]),
    "dolphin-r1": (
        {"messages": [SYSTEM, USER], "reasoning": R, "answer": A, "model": "m", "overall_quality": 5},
        {},
        [("m", R, A)],
    ),
    "UltraFeedback, binarized": (
        {"prompt": Q, "chosen": [USER, TURN], "rejected": [USER, TURN | {"content": A}]},
        {"messages_column": "rejected"},
        [(None, None, A)],
    ),
    "HelpSteer3": (
        {"context": [USER], "response1": T, "response2": A, "overall_preference": -1},
        {"teacher_columns": ["response1", "response2"], "prompt_column": "context"},
        [("response1", None, T), ("response2", None, A)],
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_of_a_layout(layout, tmp_path):
    row, named, expected = LAYOUTS[layout]
    (tmp_path / "rows.jsonl").write_text(2 * (json.dumps(row) + "\n"))
    dataset, shape = shaped(read_table(tmp_path / "rows.jsonl"), **named)
    columns = {
        "prompt_column": "prompt",
        "response_column": "response",
        "messages_column": None,
        **shape.columns,
    }
    examples = read_examples(Rows(dataset[:], is_batch=True, is_lazy=False), steps_column=None, **columns)
    teachers = dataset["teacher"][:] if "teacher" in dataset.column_names else [None] * len(dataset)
    found = [
        (teacher, (example.message or {}).get("reasoning_content"), example.response)
        for teacher, example in zip(teachers, examples, strict=True)
    ]
    assert found == 2 * expected
    prompts = [
        example.prompt if isinstance(example.prompt, str) else example.prompt[-1]["content"]
        for example in examples
    ]
    assert set(prompts) == {Q}
