"""Doubts about a row and its score: the kinds of doubt, and a sentence with a remedy for each."""

import re

from local_naturalness.encoding.examples import Example

# The prompt ends with a closed, empty block of reasoning, but the response contains reasoning.
REASONING_SWITCHED_OFF = "reasoning_switched_off"
# The prompt opens a block of reasoning that the response does not close.
REASONING_LEFT_OPEN = "reasoning_left_open"
# The response closes a block of reasoning that nothing opens.
REASONING_NOT_OPENED = "reasoning_not_opened"
# The prompt was rendered by a chat template already, and is rendered once more as the text of a user.
RENDERED_TWICE = "rendered_twice"
# The template leaves out reasoning that is stored beside the content, so it was joined with the content.
REASONING_JOINED = "reasoning_joined"
# The conversation goes on after the last assistant turn.
GOES_ON = "goes_on"
# The response follows another turn of the assistant.
FOLLOWS_ASSISTANT = "follows_assistant"

# Variables by which templates switch reasoning on and off.
_SWITCHES = ("enable_thinking", "thinking")


def doubts_of_turns(example: Example) -> set[str]:
    """Parts of a conversation that are not part of its response, though a reader may expect them to be."""
    found = {GOES_ON} if example.later else set()
    return found | ({FOLLOWS_ASSISTANT} if example.follows_assistant else set())


def in_words(kind: str, where: str, template: str) -> str:
    """A sentence about a kind of doubt, with the remedy.

    Args:
        kind: one of the kinds above, such as `REASONING_SWITCHED_OFF`.
        where: beginning of the sentence, such as `"In 3 of 64 rows"`.
        template: source of the student's chat template.
    """
    if kind == REASONING_JOINED:
        return (
            f"{where} the reasoning is stored apart from the content, and the student's chat template does "
            "not write it. It is scored in front of the content, between the reasoning tags of the "
            "student's family. Train on the same text; `show` prints it."
        )
    if kind == REASONING_SWITCHED_OFF:
        return (
            f"{where} the response contains reasoning, but the prompt ends in a closed, empty reasoning "
            "block: the chat template has thinking switched off. The reasoning is scored after that block. "
            f"If the student is to learn to reason, {_switch(template, 'true')}, and train with the same."
        )
    if kind == REASONING_NOT_OPENED:
        return (
            f"{where} the response closes a reasoning block that neither the prompt nor the response opens. "
            "Templates of many teachers open the block in the prompt, so servers return the text after the "
            "opening tag. Write the tag in front of these responses, or the student learns to close what it "
            "never opened."
        )
    if kind == RENDERED_TWICE:
        return (
            f"{where} the prompt was already rendered by a chat template: it ends with the header of the "
            "assistant's turn. It is scored as the text of a user, inside the student's own chat template. "
            "Store the messages or the question itself as the prompt. To score the prompt as it is, pass "
            '`prompt_template="{prompt}"`.'
        )
    if kind == GOES_ON:
        return (
            f"{where} the conversation continues after the last assistant turn. What follows is neither "
            "scored nor written for trainers."
        )
    if kind == FOLLOWS_ASSISTANT:
        return (
            f"{where} two assistant turns follow each other. The last one is scored, and the one before it "
            "counts as part of the prompt. If they are one answer, join them into one message. To score "
            'every turn, pass `messages_column` and `splitter="turn"`.'
        )
    assert kind == REASONING_LEFT_OPEN, kind
    return (
        f"{where} the response does not close the reasoning block that the prompt opens. If the student is "
        f"to learn to answer without reasoning, {_switch(template, 'false')}, and train with the same."
    )


def _switch(template: str, value: str) -> str:
    name = next((name for name in _SWITCHES if _reads(template, name)), None)
    if name is None:
        return "look for a switch in the template and pass it as `chat_template_kwargs`"
    return f'pass `chat_template_kwargs={{"{name}": {value}}}`'


def _reads(template: str, name: str) -> bool:
    return re.search(rf"(?<![\w.'\"]){name}(?![\w'\"])", template) is not None
