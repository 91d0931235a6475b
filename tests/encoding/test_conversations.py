"""What is scored of a conversation: what the template writes behind the prompt, and no part less."""

from pathlib import Path

import chat_templates as templates
import pytest
import tiny_tokenizers

from local_naturalness.encoding.chat_template import ChatTemplate, TemplateRefusal
from local_naturalness.encoding.conversation import Answer, response_of

ASKED = [{"role": "user", "content": "What is 2 + 3?"}]
ADD = [{"type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": "three"}}}]
PLAIN = {"role": "assistant", "content": "It is 5."}
REASONED = PLAIN | {"reasoning_content": "We add."}
CALLED = PLAIN | {"tool_calls": ADD}
BOTH = {"role": "assistant", "reasoning_content": "We add.", "tool_calls": ADD}
JSON_CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": "three"}}\n</tool_call>'

# Template, switches, turn, end of the prompt, response: all of them written by hand.
RESPONSES = [
    (templates.QWEN, {}, PLAIN, "<think>\n\n</think>\n\n", "It is 5."),
    (templates.QWEN, {}, REASONED, "</think>\n\n", "<think>\nWe add.\n</think>\n\nIt is 5."),
    (templates.QWEN, {"enable_thinking": True}, REASONED, "\n<think>\n", "We add.\n</think>\n\nIt is 5."),
    (templates.QWEN, {"enable_thinking": True}, PLAIN, "\n<think>\n", "\n</think>\n\nIt is 5."),
    (templates.QWEN, {}, CALLED, "</think>\n\n", "It is 5.\n" + JSON_CALL),
    (templates.QWEN, {"enable_thinking": True}, BOTH, "\n<think>\n", "We add.\n</think>\n\n\n" + JSON_CALL),
    (templates.DEEPSEEK, {}, PLAIN, "<|Assistant|><think>\n", "It is 5."),
    (templates.DEEPSEEK, {}, REASONED, "<think>\n", "<think>\nWe add.\n</think>\n\nIt is 5."),
    (templates.HARMONY, {}, PLAIN, "<|start|>assistant", "<|channel|>final<|message|>It is 5."),
    (
        templates.HARMONY,
        {},
        REASONED,
        "<|start|>assistant",
        "<|channel|>analysis<|message|>We add.<|end|><|start|>assistant<|channel|>final<|message|>It is 5.",
    ),
    (templates.GEMMA, {}, PLAIN | {"content": " It is 5.\n"}, "thought\n<channel|>", " It is 5.\n"),
    (templates.GEMMA, {"enable_thinking": True}, PLAIN | {"content": " 5.\n"}, "<|turn>model\n", "5."),
    (
        templates.GEMMA,
        {"enable_thinking": True},
        REASONED,
        "<|turn>model\n",
        "<|channel>thought\nWe add.\n<channel|>It is 5.",
    ),
    (
        templates.GEMMA,
        {"enable_thinking": True},
        BOTH,
        "<|turn>model\n",
        "<|channel>thought\nWe add.\n<channel|>"
        '<|tool_call>{"name": "add", "arguments": {"a": 2, "b": "three"}}<tool_call|>',
    ),
    (templates.MISTRAL, {}, REASONED, " [/INST]", "[THINK]We add.[/THINK]It is 5."),
    (templates.HEADER, {}, PLAIN, "<|assistant|>\n", "It is 5."),
    (templates.HEADER, {}, REASONED, "<|assistant|>\n", "<think>\nWe add.\n</think>\n\nIt is 5."),
    (templates.BLOCKS, {}, PLAIN, "user: What is 2 + 3?<end>\nassistant:", " It is 5."),
]


def chat(template, **switches):
    tokenizer = tiny_tokenizers.metaspace()
    tokenizer.chat_template = template
    return ChatTemplate(tokenizer, switches)


@pytest.mark.parametrize(("template", "switches", "turn", "prompt_end", "response"), RESPONSES)
def test_the_response_is_what_stands_between_prompt_and_end_of_turn(
    template, switches, turn, prompt_end, response
):
    found = chat(template, **switches)
    assert found.prompt(ASKED).endswith(prompt_end)
    assert response_of(turn, ASKED, found).text == response


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("template", [templates.QWEN, templates.HARMONY, templates.HEADER])
def test_reasoning_counts_under_each_of_its_names(template, key):
    expected = response_of(REASONED, ASKED, chat(template))
    assert response_of(PLAIN | {key: "We add."}, ASKED, chat(template)) == expected


@pytest.mark.parametrize("template", [templates.DEEPSEEK, templates.HEADER, None])
@pytest.mark.parametrize("turn", [CALLED, BOTH])
def test_calls_that_the_template_does_not_write_are_refused_by_name(template, turn):
    """A template without a place for calls fits no such row, so this is no matter of the row."""
    with pytest.raises(TypeError, match=r"`tool_calls` \(add\)"):
        response_of(turn, ASKED, template and chat(template))


@pytest.mark.parametrize("key", ["function_call", "reasoning_details", "refusal"])
def test_parts_that_no_template_reads_are_refused_by_name(key):
    with pytest.raises(TypeError, match=f"`{key}`, which would be left out"):
        response_of(PLAIN | {key: "We add."}, ASKED, chat(templates.QWEN))
    expected = response_of(REASONED, ASKED, chat(templates.QWEN))
    twice = REASONED | {"reasoning_details": [{"text": "We add."}]}
    assert response_of(twice, ASKED, chat(templates.QWEN)) == expected


def test_a_second_call_is_not_left_out():
    """Harmony writes one call a turn."""
    with pytest.raises(TemplateRefusal, match="add, add"):
        response_of(CALLED | {"tool_calls": ADD * 2}, ASKED, chat(templates.HARMONY))
    calls = [{"function": {"name": name, "arguments": {}}} for name in ("add_all", "add")]
    turn = {"role": "assistant", "content": "", "tool_calls": calls}
    with pytest.raises(TemplateRefusal, match="add_all, add"):
        response_of(turn, ASKED, chat(templates.HARMONY))
    assert "add_all" in response_of(turn, ASKED, chat(templates.QWEN)).text


def test_an_argument_is_not_left_out():
    written = "{%- for m in messages -%}{{ m.content }}{{ (m.tool_calls or [{}])[0] }}{%- endfor -%}"
    without = written.replace("[0]", "[0].get('function', {}).name")
    assert "three" in response_of(CALLED, ASKED, chat(written)).text
    with pytest.raises(TemplateRefusal, match="add"):
        response_of(CALLED, ASKED, chat(without))


def test_reasoning_that_the_content_repeats_is_not_left_out():
    turn = {"role": "assistant", "content": "It is 5, so we stop.", "reasoning_content": "It is 5"}
    expected = "<think>\nIt is 5\n</think>\n\nIt is 5, so we stop."
    assert response_of(turn, ASKED, chat(templates.HEADER)).text == expected


def test_calls_that_the_content_names_are_not_left_out():
    turn = CALLED | {"content": "I call add with 2 and three."}
    with pytest.raises(TypeError, match=r"`tool_calls` \(add\)"):
        response_of(turn, ASKED, chat(templates.HEADER))
    assert response_of(turn, ASKED, chat(templates.QWEN)).text.endswith(JSON_CALL)


NUMBERED = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }} [{{ loop.index }}]\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


@pytest.mark.parametrize(
    ("template", "tools"),
    [
        (NUMBERED, None),
        (NUMBERED.replace(" [{{ loop.index }}]", ""), None),
        ({"default": NUMBERED, "tool_use": NUMBERED.replace("]", " of {{ tools }}]")}, ADD),
    ],
    ids=["turns are numbered", "a turn ends with a line break", "another end with tools"],
)
def test_the_end_of_the_turn_is_that_of_this_conversation(template, tools):
    """It depends on the turns before and on the tools, and need not contain a token of its own."""
    found = chat(template)
    assert response_of(PLAIN, ASKED, found).text == "It is 5."
    assert response_of(PLAIN, [*ASKED, PLAIN, *ASKED], found, tools).text == "It is 5."


def test_what_a_template_refuses_is_told_with_the_roles():
    with pytest.raises(TemplateRefusal, match=r"roles \['system', 'user'\]: Only user and assistant"):
        chat(templates.MISTRAL).prompt([{"role": "system", "content": "Be brief."}, *ASKED])


def test_a_prompt_whose_text_is_left_out_is_refused():
    with pytest.raises(TemplateRefusal, match="leaves out the text of a user's message"):
        chat("{%- for m in messages -%}{{ m.role }}{%- endfor -%}").prompt(ASKED)


def test_the_date_is_pinned_in_every_spelling():
    spelled = "{{ strftime_now('%d %B %Y, %b %-d, %Y-%m-%d %A') }}{{ messages[0].content }}"
    assert chat(spelled).prompt(ASKED) == "26 July 2024, Jul 26, 2024-07-26 FridayWhat is 2 + 3?"
    assert chat(spelled).pinned_date == "2024-07-26"
    # White space before the first tag of a line is not rendered.
    indented = "  {% set year = strftime_now('%Y') %}{{ year }} {{ messages[0].content }}"
    assert chat(indented).prompt(ASKED) == "2024 What is 2 + 3?"
    assert chat(templates.QWEN).pinned_date is None


def test_a_switch_that_no_template_reads_is_refused():
    with pytest.raises(ValueError, match="'enable_thinkin', which the chat template"):
        chat(templates.QWEN, enable_thinkin=True)


def real_templates():
    trl = pytest.importorskip("trl", reason="its chat templates of real families are read")
    folder = Path(trl.__file__).parent / "chat_templates"
    return sorted(path for path in folder.glob("*.jinja") if not path.stem.endswith("_training"))


@pytest.mark.parametrize("turn", [PLAIN, REASONED, CALLED, BOTH], ids=["plain", "reasoned", "called", "both"])
def test_real_families_write_every_part_or_refuse(turn):
    """Where the template writes the turn, prompt and response begin what training renders."""
    tokenizer = tiny_tokenizers.metaspace()
    answer, written = Answer.of(turn), 0
    for path in real_templates():
        tokenizer.chat_template = path.read_text()
        template = ChatTemplate(tokenizer)
        try:
            response = response_of(turn, ASKED, template)
        except (TemplateRefusal, TypeError):
            assert turn.get("tool_calls"), path.stem
            continue
        written += 1
        if response.is_rendered:
            shown = template.prompt(ASKED)
            assert template.conversation([*ASKED, turn]).startswith(shown + response.text), path.stem
        assert answer.content in response.text and answer.reasoning in response.text, path.stem
        if turn.get("tool_calls"):
            assert "add" in response.text and "three" in response.text, path.stem
    assert written >= (10 if turn.get("tool_calls") else 25)
