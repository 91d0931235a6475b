"""What TRL's `SFTTrainer` takes the loss of is what was scored and the end of the turn, token by token."""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import chat_templates
import pytest
import tiny_models
import tiny_tokenizers
from datasets import Dataset, Features, Json, List, Value
from transformers import AutoTokenizer

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.selection import export

trl = pytest.importorskip("trl", reason="needs the extra 'trl'")

SMOLLM2 = Path(__file__).parents[1] / "real" / "students" / "SmolLM2-135M-Instruct"
FORMS = ["trl", "prompt-completion", "messages"]
_SPECIAL = ("<eos>", "<|im_start|>", "<|im_end|>", "<think>", "</think>", "<|end|>")
# A template that marks what assistants say, as `assistant_only_loss` needs it.
MARKED = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}"
    "{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{{ '\n' }}"
    "{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# In the manner of OLMo, whose data have tools and calls as texts.
CALLS_AS_TEXT = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{{ m.functions or '' }}"
    "{% if m.function_calls %}<function_calls>{{ m.function_calls }}</function_calls>{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True)
class Case:
    """A tokenizer, and what its turns end with."""

    end: str
    template: str | None = None
    switches: dict = field(default_factory=dict)

    def tokenizer(self):
        tokenizer = tiny_tokenizers.byte_level(_SPECIAL)
        tokenizer.chat_template = self.template
        return tokenizer


CASES = {
    "embedded": Case("<|end|>\n"),
    "base": Case("<eos>"),
    "metaspace": Case("</s>"),
    "smollm2": Case("<|im_end|>\n"),
    "thinking": Case("<|im_end|>\n", chat_templates.QWEN, {"enable_thinking": True}),
    "thinking off": Case("<|im_end|>\n", chat_templates.QWEN),
    "deletes reasoning": Case("<|end_of_sentence|>", chat_templates.DEEPSEEK),
    "no generation prompt": Case("<|end|>\n", chat_templates.HEADER),
    "blocks": Case("<end>\n", chat_templates.BLOCKS),
    "date": Case("<|im_end|>\n", chat_templates.LLAMA),
    "marked": Case("<|im_end|>\n", MARKED),
    "calls as text": Case("<|im_end|>\n", CALLS_AS_TEXT),
}


@cache
def scorer_of(name):
    """Of a student with random weights, except for the embedded one."""
    case = CASES[name]
    if name == "embedded":
        return LocalScorer(student_path())
    if name == "smollm2":
        if not SMOLLM2.exists():
            pytest.skip("needs the tokenizer of SmolLM2-135M-Instruct, fetched by `make real`")
        files = [path.name for path in SMOLLM2.glob("*.gguf")]
        if files:
            pytest.importorskip("gguf", reason="needs the extra 'gguf'")
        tokenizer = AutoTokenizer.from_pretrained(SMOLLM2, gguf_file=files[0] if files else None)
    else:
        tokenizer = tiny_tokenizers.metaspace() if name == "metaspace" else case.tokenizer()
    model = tiny_models.tiny_model("llama", vocab_size=len(tokenizer))
    return LocalScorer(Student(model, tokenizer=tokenizer), chat_template_kwargs=case.switches or None)


ASK = {"role": "user", "content": "What is 17 + 25?"}
SYSTEM = {"role": "system", "content": "Add."}
CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 17}}}
JSON_CALL = {"type": "function", "function": {"name": "add", "arguments": '{"a": 17, "b": "x\\"y"}'}}
SUB = {"type": "function", "function": {"name": "sub", "arguments": {"b": 1}}}
THOUGHT = "<think>\nFirst add the tens.\n</think>\n\nThe answer is 42."
PLAIN = Dataset.from_dict(
    {
        "prompt": [ASK["content"], "Which is the tallest tree?", "And 5?"],
        "response": ["The answer is 42.", "The second tree has it.\n", THOUGHT],
        "teacher": ["a", "b", "c"],
    }
)
# Spaces and line breaks, which tokenizers join with what stands before.
SEAMS = Dataset.from_dict(
    {"prompt": [ASK["content"], "And 5?\n"], "response": ["\nThe sum is right.", "\n\n So it is."]}
)


def chats(*messages):
    features = Features({"messages": List(Json()), "tools": Value("string")})
    return Dataset.from_dict({"messages": list(messages), "tools": [None] * len(messages)}, features)


ROWS = {
    "plain": PLAIN,
    "seams": SEAMS,
    "messages": chats([SYSTEM, ASK, {"role": "assistant", "content": "It is 42."}]),
    "turns": chats(
        [ASK, {"role": "assistant", "content": "42."}, ASK, {"role": "assistant", "content": "Yes."}]
    ),
    "reasoning": chats(
        [ASK, {"role": "assistant", "content": "It is 42.", "reasoning_content": "10 + 20 = 30."}]
    ),
    "system and turns": chats(
        [SYSTEM, ASK, {"role": "assistant", "content": "42."}, ASK, {"role": "assistant", "content": "Yes."}]
    ),
    "calls as JSON": chats([ASK, {"role": "assistant", "content": "", "tool_calls": [JSON_CALL]}]),
    "after a tool": chats(
        [
            ASK,
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
            {"role": "tool", "content": "42"},
            {"role": "assistant", "content": "It is 42."},
        ]
    ),
    "calls as text": chats(
        [
            {**SYSTEM, "functions": "[add]"},
            ASK,
            {"role": "assistant", "content": "I add.", "function_calls": "add(a=17)"},
        ]
    ),
    "calls": chats(
        [ASK, {"role": "assistant", "content": "", "tool_calls": [CALL]}],
        [ASK, {"role": "assistant", "content": "So.", "tool_calls": [SUB]}],
    ),
}


def trained(dataset, name, folder, **settings):
    """What `SFTTrainer` makes of a dataset: for each row all ids, and those that the loss is taken of."""
    scorer = scorer_of(name)
    trainer = trl.SFTTrainer(
        model=scorer.student.model(),
        processing_class=scorer.student.tokenizer,
        args=trl.SFTConfig(
            str(folder), max_length=None, report_to="none", use_cpu=True, bf16=False, **settings
        ),
        train_dataset=dataset,
    )
    rows = trainer.train_dataset
    return [
        (list(row["input_ids"]), [label for label in row["labels"] if label != -100])
        for row in rows.select_columns(["input_ids", "labels"])
    ]


def scored(rows, name):
    """Ids of the prompt and of what was scored, from the scorer itself, with the end of the turn."""
    scorer = scorer_of(name)
    if "messages" in rows.column_names:
        scorer = LocalScorer(
            scorer.student, messages_column="messages", chat_template_kwargs=scorer.chat_template_kwargs
        )
    end = scorer.student.tokenizer(CASES[name].end, add_special_tokens=False)["input_ids"]
    planned = scorer.planned(rows[:])
    if "template_refused" in planned:
        raise ValueError("the chat template refuses a row")
    encoded = [row.encoded for row in planned]
    return [(row.prompt.tolist(), [*row.response.tolist(), *end]) for row in encoded]


@pytest.fixture(autouse=True)
def quiet(recwarn):
    """TRL, torch and transformers warn of each other's settings; nothing of that is ours."""


def check(rows, name, form, folder):
    """Ids that are trained on equal those that were scored; or the export is refused with its reason."""
    try:
        expected = scored(ROWS[rows], name)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error), match=r"tool_calls|function_calls|chat template"):
            export(ROWS[rows], form, student=scorer_of(name))
        return "not scored"
    try:
        ready = export(ROWS[rows], form, student=scorer_of(name))
    except ValueError as error:
        assert form != "trl"
        assert "another text than the one that was scored" in str(error) or "pass `export=" in str(error)
        return "refused"
    try:
        found = trained(ready, name, folder, assistant_only_loss=form == "messages")
    except ValueError as error:
        # Templates that do not mark what assistants say.
        assert form == "messages" and "{% generation %}" in str(error)
        return "refused by TRL"
    tokenizer = scorer_of(name).student.tokenizer
    outcomes = set()
    for (whole, labels), (context, ids) in zip(found, expected, strict=True):
        if form == "messages":
            # All turns of the assistant, and of their end what the template marks.
            ids = tokenizer(tokenizer.decode(ids).rstrip(), add_special_tokens=False)["input_ids"]
            has_turns = rows in ("turns", "system and turns", "after a tool")
            labels = labels[-len(ids) :] if has_turns else labels
        if labels == ids:
            outcomes.add("same")
        else:
            assert form != "trl", (tokenizer.decode(labels), tokenizer.decode(ids))
            texts = [tokenizer.decode(both).split() for both in (labels, ids)]
            assert texts[0] == texts[1]
            outcomes.add("seam")
        if form == "trl":
            assert whole == [*context, *ids]
    return " and ".join(sorted(outcomes))


@pytest.mark.parametrize(
    ("rows", "name", "columns"),
    [
        ("plain", "embedded", "messages"),
        ("seams", "marked", "ids"),
        ("plain", "deletes reasoning", "ids"),
        ("calls", "thinking", "ids"),
        ("reasoning", "thinking", "messages"),
        ("calls as JSON", "thinking", "ids"),
        ("after a tool", "thinking off", "ids"),
        ("calls as text", "calls as text", "messages"),
        ("messages", "smollm2", "messages"),
    ],
)
def test_trl_trains_on_what_was_scored(rows, name, columns, tmp_path):
    assert check(rows, name, "trl", tmp_path) == "same"
    ready = export(ROWS[rows], "trl", student=scorer_of(name))
    assert ("completion" if columns == "messages" else "labels") in ready.column_names


def test_a_turn_that_ends_with_a_special_token_gets_no_second_end():
    """Such as `<|call|>`, which some tokenizers hold as an added token without a name."""
    tokenizer = tiny_tokenizers.byte_level((*_SPECIAL, "<|call|>", "<|return|>"))
    tokenizer.chat_template = chat_templates.HARMONY
    model = tiny_models.tiny_model("llama", vocab_size=len(tokenizer))
    rows = ROWS["calls"].select([0])
    ready = export(rows, "trl", student=Student(model, tokenizer=tokenizer))
    written = tokenizer.apply_chat_template(rows["messages"][0], tokenize=False)
    assert written.endswith("<|call|>")
    assert ready.column_names == ["prompt", "completion", "tools"]  # TRL trains on what the template writes


@pytest.mark.parametrize("name", ["embedded", "marked", "base"])
def test_an_end_that_the_response_has_already_is_not_written_again(name, tmp_path):
    scorer, end = scorer_of(name), CASES[name].end
    answers = ["It is 42.", f"It is 42.{end.strip()}", f"It is 42.{end}"]
    rows = Dataset.from_dict({"prompt": [f"{n} + 25?" for n in range(3)], "response": answers})
    ready = export(rows, "trl", student=scorer)
    found = trained(ready, name, tmp_path)
    for row, (whole, labels) in zip(scorer.planned(rows[:]), found, strict=True):
        assert scorer.student.tokenizer.decode(labels) == f"It is 42.{end}"
        scored = [*row.encoded.prompt.tolist(), *row.encoded.response.tolist()]
        assert whole[: len(scored)] == scored
    if scorer.student.tokenizer.chat_template:
        with pytest.raises(ValueError, match="they already end with what it writes"):
            export(rows, "prompt-completion", student=scorer)


def test_rows_that_trl_would_cut_are_told(caplog):
    rows = Dataset.from_dict({"prompt": ["p", "q"], "response": ["It is 42.", "It is 42. " * 400]})
    lengths = [len(prompt) + len(ids) for prompt, ids in scored(rows, "embedded")]
    export(rows.select([0]), "trl", student=student_path())
    assert not caplog.text
    export(rows, "trl", student=student_path())
    (found,) = re.findall(r"In 1 of 2 rows there are more than 1,024 tokens \(up to ([\d,]+)\)", caplog.text)
    assert lengths[0] < 1024 < int(found.replace(",", "")) <= lengths[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", ROWS)
def test_every_form_of_every_shape_for_every_student(rows, form, name, tmp_path):
    outcome = check(rows, name, form, tmp_path)
    assert form != "trl" or outcome in ("same", "not scored")
    print(json.dumps([rows, form, name, outcome]))
