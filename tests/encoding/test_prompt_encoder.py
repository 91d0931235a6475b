"""What stands before every window: the prompt once, one beginning of sequence, no second `<think>`."""

import pytest
import tiny_tokenizers
from plain_loop import log_probs, mean

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.encoding.prompt_encoder import PromptEncoder

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
RENDERED = "<s><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"


def as_question(prompt):
    return f"Question: {prompt} Answer:"


def last_message(messages):
    return messages[-1]["content"] + ":"


def encoded(tokenizer, prompt, *settings, **named):
    return PromptEncoder(tokenizer, *settings, **named).encode(prompt).ids.tolist()


def ids(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_a_plain_prompt_ends_in_a_newline(tokenizer):
    assert encoded(tokenizer, "Hi") == ids(tokenizer, "Hi\n")


def test_a_plain_prompt_begins_with_one_beginning_of_sequence(metaspace_tokenizer):
    bos = metaspace_tokenizer.bos_token_id
    found = encoded(metaspace_tokenizer, "Hi")
    assert found == [bos, *ids(metaspace_tokenizer, "Hi\n")]
    assert found.count(bos) == 1


def test_a_string_is_one_user_message(chat_tokenizer):
    found = encoded(chat_tokenizer, "Hi")
    assert chat_tokenizer.decode(found) == RENDERED
    assert found.count(chat_tokenizer.bos_token_id) == 1
    assert found == encoded(chat_tokenizer, [{"role": "user", "content": "Hi"}])


def test_messages_keep_their_roles(chat_tokenizer):
    found = chat_tokenizer.decode(encoded(chat_tokenizer, MESSAGES))
    assert found == RENDERED.replace("<s>", "<s><|im_start|>system\nBe brief.<|im_end|>\n")


def test_messages_without_a_chat_template_are_refused(model, tokenizer):
    scorer = LocalScorer(model, tokenizer=tokenizer)
    with pytest.raises(ValueError, match=r"need a chat template, and the tokenizer of the student has none"):
        scorer({"prompt": MESSAGES, "response": "Hello"})


def test_a_row_that_the_template_refuses_says_so_and_stops_nothing(model, caplog):
    tokenizer = tiny_tokenizers.chat()
    tokenizer.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        + tokenizer.chat_template
    )
    scorer = LocalScorer(model, tokenizer=tokenizer)
    with caplog.at_level("WARNING"):
        scored = scorer({"prompt": [MESSAGES, MESSAGES[1:]], "response": ["Hello"] * 2})
    assert scored["local_naturalness_status"] == ["template_refused", "ok"]
    assert scored["local_naturalness"] == [
        None,
        scorer({"prompt": "Hi", "response": "Hello"})["local_naturalness"],
    ]
    assert "roles ['system', 'user']: no system role" in caplog.text


@pytest.mark.parametrize("template", ["Question: {prompt} Answer:", as_question])
def test_a_prompt_template_replaces_everything(chat_tokenizer, template):
    expected = ids(chat_tokenizer, "Question: Hi Answer:")
    assert encoded(chat_tokenizer, "Hi", template) == expected


def test_a_function_may_take_messages(tokenizer):
    assert encoded(tokenizer, MESSAGES, last_message) == ids(tokenizer, "Hi:")


def test_a_format_string_needs_strings(model, tokenizer):
    scorer = LocalScorer(model, tokenizer=tokenizer, prompt_template="{prompt}:")
    with pytest.raises(TypeError, match="needs string prompts, found a list of messages"):
        scorer({"prompt": MESSAGES, "response": "Hello"})


def test_a_function_must_return_a_string(tokenizer):
    with pytest.raises(TypeError, match="must return a string for every prompt, it returned int"):
        encoded(tokenizer, "Hi", len)


@pytest.mark.parametrize(
    "template",
    [
        *("no field", "{question}", "{prompt", "{}", 3, "{prompt} {question}"),
        *("{prompt.title}", "{prompt.__init__.__globals__}", "{prompt[0]}", "{prompt!r}", "{prompt:>9}"),
    ],
)
def test_a_template_without_the_field_is_refused(model, tokenizer, template):
    with pytest.raises(ValueError, match=r"`prompt_template` must be .* the field `{prompt}`"):
        LocalScorer(model, tokenizer=tokenizer, prompt_template=template)


def test_a_function_that_cannot_be_imported_is_refused(model, tokenizer):
    def nested(prompt):
        return prompt

    for function in (lambda prompt: prompt, nested):
        with pytest.raises(ValueError, match="cannot be imported by name"):
            LocalScorer(model, tokenizer=tokenizer, prompt_template=function)


@pytest.mark.parametrize("family", ["tokenizer", "metaspace_tokenizer", "chat_tokenizer"])
def test_without_a_prompt_only_the_prefix_token_is_left(family, request):
    tokenizer = request.getfixturevalue(family)
    prefix = "<eos>" if family == "tokenizer" else "<s>"
    assert encoded(tokenizer, "Hi", include_prompt=False) == [tokenizer.convert_tokens_to_ids(prefix)]


def test_an_empty_plain_prompt_still_leaves_something_to_condition_on(model, tokenizer):
    row = LocalScorer(model, tokenizer=tokenizer, prompt_template="{prompt}")({"prompt": "", "response": "a"})
    expected = log_probs(model, [tokenizer.eos_token_id], ids(tokenizer, "a"))
    assert row["local_naturalness"] == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize(
    ("response", "scored"),
    [
        ("<think>\nSo it is.", "So it is."),  # all of it stands in the prompt already
        ("<think>So it is.", "So it is."),
        ("<think>\n So it is.", " So it is."),
        ("So <think>\nit is.", "So <think>\nit is."),  # not at the beginning
        ("</think>\nSo it is.", "</think>\nSo it is."),
    ],
)
def test_a_repeated_think_is_not_scored(model, chat_tokenizer, response, scored):
    row = GlobalScorer(model, tokenizer=chat_tokenizer)({"prompt": "Hi", "response": response})
    tokens = ids(chat_tokenizer, scored)
    expected = mean(log_probs(model, ids(chat_tokenizer, RENDERED), tokens))
    assert row["num_tokens"] == len(tokens)
    assert row["global_naturalness"] == pytest.approx(expected, abs=1e-5)


def test_a_think_that_the_prompt_does_not_open_is_scored(model, chat_tokenizer):
    response = "<think>\nSo it is."
    scorer = GlobalScorer(model, tokenizer=chat_tokenizer, prompt_template="Q: {prompt}")
    assert scorer({"prompt": "Hi", "response": response})["num_tokens"] == len(ids(chat_tokenizer, response))


def test_nothing_but_a_repeated_think_is_empty(model, chat_tokenizer):
    row = LocalScorer(model, tokenizer=chat_tokenizer)({"prompt": "Hi", "response": "<think>\n"})
    assert row["local_naturalness_status"] == "empty_response"
