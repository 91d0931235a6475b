"""`splitter="turn"`: assistant turns are steps, what others say between them is context."""

import copy

import chat_templates
import pytest
from plain_loop import joined, log_probs, mean, mean_over_steps
from tiny_tokenizers import metaspace

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.encoding.example_encoder import ExampleEncoder
from local_naturalness.encoding.examples import read_examples
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.prompt_encoder import PromptEncoder

CONVERSATION = [
    {"role": "system", "content": "Use tools."},
    {"role": "user", "content": "What is 17 + 25?"},
    {"role": "assistant", "content": "First add 17 and 25."},
    {"role": "tool", "content": "42"},
    {"role": "assistant", "content": "The answer is 42."},
    {"role": "user", "content": "Check this."},
    {"role": "user", "content": "Again."},
    {"role": "assistant", "content": "The sum is right."},
    {"role": "user", "content": "Thanks."},
]
# As the chat template of the tests writes them, by hand.
PROMPT = (
    "<s><|im_start|>system\nUse tools.<|im_end|>\n<|im_start|>user\nWhat is 17 + 25?<|im_end|>\n"
    "<|im_start|>assistant\n<think>\n"
)
BETWEEN = [
    "",
    "<|im_end|>\n<|im_start|>tool\n42<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "<|im_end|>\n<|im_start|>user\nCheck this.<|im_end|>\n<|im_start|>user\nAgain.<|im_end|>\n"
    "<|im_start|>assistant\n<think>\n",
]
TURNS = ["First add 17 and 25.", "The answer is 42.", "The sum is right."]


def scorer(model, tokenizer, kind=LocalScorer, **settings):
    return kind(model, tokenizer=tokenizer, splitter="turn", messages_column="messages", **settings)


@pytest.fixture(scope="module")
def ids(chat_tokenizer):
    return lambda text: chat_tokenizer(text, add_special_tokens=False)["input_ids"]


def plain(model, ids, first_seen):
    """Log-probabilities of each turn given the prompt and the turns from `first_seen(i)` on."""
    scores = []
    for i, turn in enumerate(TURNS):
        first = first_seen(i)
        context = joined(ids(BETWEEN[j]) + ids(TURNS[j]) for j in range(first, i))
        scores.append(log_probs(model, ids(PROMPT) + context + ids(BETWEEN[i]), ids(turn)))
    return scores


@pytest.mark.parametrize("window", [0, 1, 4, None])
def test_windows_count_turns(model, chat_tokenizer, ids, window):
    score = scorer(model, chat_tokenizer, window=window, return_steps=True)({"messages": CONVERSATION})
    expected = plain(model, ids, lambda i: 0 if window is None else max(0, i - window))
    assert score["step_scores"] == pytest.approx([mean(step) for step in expected], abs=1e-5)
    assert score["local_naturalness"] == pytest.approx(mean_over_steps(expected), abs=1e-5)
    assert score["num_steps"] == 3
    assert score["num_tokens"] == len(joined(expected))
    assert [tuple(span) for span in score["step_spans"]] == [(0, 20), (20, 37), (37, 54)]
    assert "splitter=turn/2" in score["local_naturalness_spec"]


def test_global_scores_leave_out_what_others_say(model, chat_tokenizer, ids):
    settings = {"kind": GlobalScorer, "statistics": ["steps"]}
    score = scorer(model, chat_tokenizer, **settings)({"messages": CONVERSATION})
    expected = plain(model, ids, lambda i: 0)
    assert score["global_naturalness"] == pytest.approx(mean(joined(expected)), abs=1e-5)
    assert score["global_naturalness_by_step"] == pytest.approx(mean_over_steps(expected), abs=1e-5)
    assert score["first_token_log_prob"] == pytest.approx(mean([step[0] for step in expected]), abs=1e-5)
    rest = joined(step[1:] for step in expected)
    assert score["global_naturalness_drop"] == pytest.approx(mean(rest), abs=1e-5)


def test_one_turn_equals_the_last_turn_scored_as_one_step(model, chat_tokenizer):
    messages = CONVERSATION[:3]
    whole = LocalScorer(model, tokenizer=chat_tokenizer, messages_column="messages", splitter=as_one_step)
    expected = whole({"messages": messages})["local_naturalness"]
    found = scorer(model, chat_tokenizer)({"messages": messages})["local_naturalness"]
    assert found == pytest.approx(expected, abs=1e-6)


DROPPED = chat_templates.DEEPSEEK.replace("<think>\n", "")
THOUGHT = {"role": "assistant", "content": "It is 5.", "reasoning_content": "We add."}


@pytest.mark.parametrize(
    ("template", "first", "asked", "second", "texts"),
    [
        (
            DROPPED,
            THOUGHT,
            "It is 5. Sure?",
            "Yes.",
            [
                "<think>\nWe add.\n</think>\n\nIt is 5.",
                "<|end_of_sentence|><|User|>It is 5. Sure?<|Assistant|>",
                "Yes.",
            ],
        ),
        (
            chat_templates.DEEPSEEK,
            {"role": "assistant", "content": "<think>\nWe add.</think>It is 5."},
            "Sure?",
            "<think>\nYes.</think>Yes.",
            [
                "We add.</think>It is 5.",
                "<|end_of_sentence|><|User|>Sure?<|Assistant|><think>\n",
                "Yes.</think>Yes.",
            ],
        ),
        (
            chat_templates.HARMONY,
            {"role": "assistant", "content": "It is 5."},
            "Sure?",
            "Yes.",
            [
                "<|channel|>final<|message|>It is 5.",
                "<|return|><|start|>user<|message|>Sure?<|end|><|start|>assistant",
                "<|channel|>final<|message|>Yes.",
            ],
        ),
    ],
    ids=["the user repeats a turn", "openings are not scored twice", "a turn has a header"],
)
def test_turns_and_what_is_between_them_are_as_the_template_writes_them(
    tokenizer, template, first, asked, second, texts
):
    conversation = [
        {"role": "user", "content": "2 + 3?"},
        first,
        {"role": "user", "content": asked},
        {"role": "assistant", "content": second},
    ]
    with_template = copy.deepcopy(tokenizer)
    with_template.chat_template = template
    encoder = ExampleEncoder(with_template, PromptEncoder(with_template), None)
    rows = Rows({"m": conversation}, is_batch=False, is_lazy=False)
    (example,) = read_examples(rows, "", "", "m", None, by_turn=True)
    encoded = encoder.encode(example)
    assert tokenizer.decode(encoded.response) == "".join(texts)
    assert [tokenizer.decode(encoded.response[a:b]) for a, b in encoded.steps] == texts[::2]


# As in Gemma 4, calls stand before the content, and what a tool says stands between them.
CALLS_FIRST = (
    "{% for m in messages %}{% if m.role != 'tool' %}<|turn>{{ m.role }}\n"
    "{% for c in m.tool_calls or [] %}<call>{{ c.function.name }}</call>{% endfor %}"
    "{% if m.tool_calls and not loop.last %}<said>{{ loop.nextitem.content }}</said>{% endif %}"
    "{{ m.content }}<turn|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|turn>assistant\n{% endif %}"
)


def test_what_a_tool_says_is_not_left_out(tokenizer):
    with_template = copy.deepcopy(tokenizer)
    with_template.chat_template = CALLS_FIRST
    calls = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "add"}}]}
    conversation = [
        {"role": "user", "content": "2 + 3?"},
        calls,
        {"role": "tool", "content": "5"},
        {"role": "assistant", "content": "It is 5."},
    ]
    encoder = ExampleEncoder(with_template, PromptEncoder(with_template), None)

    def encoded(*messages):
        rows = Rows({"m": list(messages)}, is_batch=False, is_lazy=False)
        return encoder.encode(read_examples(rows, "", "", "m", None, by_turn=True)[0])

    whole = "<call>add</call><said>5</said><turn|>\n<|turn>assistant\nIt is 5."
    assert tokenizer.decode(encoded(*conversation).response) == whole
    conversation[1] = calls | {"content": "Let me see."}
    assert encoded(*conversation) == "template_refused"
    assert "writes what a tool says into the turn that calls it" in encoder.refusals["template_refused"]


def as_one_step(text):
    return [text]


def test_turns_without_text_become_context_of_the_next(model, chat_tokenizer, ids):
    messages = [*CONVERSATION[:2], {"role": "assistant", "content": ""}, *CONVERSATION[3:5]]
    score = scorer(model, chat_tokenizer, window=0)({"messages": messages})
    expected = log_probs(model, ids(PROMPT) + ids(BETWEEN[1]), ids(TURNS[1]))
    assert score["local_naturalness"] == pytest.approx(mean(expected), abs=1e-5)
    assert score["num_steps"] == 1


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        (None, "missing_response"),
        (CONVERSATION[:2], "missing_response"),
        (CONVERSATION[2:3], "missing_prompt"),
        ([CONVERSATION[1], {"role": "assistant", "content": " "}], "empty_response"),
    ],
)
def test_conversations_that_cannot_be_scored(model, chat_tokenizer, messages, status):
    scores = scorer(model, chat_tokenizer)({"messages": [messages, CONVERSATION]})
    assert scores["local_naturalness_status"] == [status, "ok"]


def test_it_needs_conversations_and_a_template(model, chat_tokenizer):
    with pytest.raises(ValueError, match="`messages_column`"):
        LocalScorer(model, tokenizer=chat_tokenizer, splitter="turn")
    with pytest.raises(ValueError, match="chat template"):
        scorer(model, metaspace())({"messages": CONVERSATION})
