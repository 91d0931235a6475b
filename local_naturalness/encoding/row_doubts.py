"""Doubts about a row and its score: the kinds of doubt, and a sentence with a remedy for each."""

from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.template_variables import reads_variable

# The prompt ends with a closed, empty block of reasoning, but the response contains reasoning.
REASONING_SWITCHED_OFF = "reasoning_switched_off"
# The prompt opens a block of reasoning that the response does not close.
REASONING_LEFT_OPEN = "reasoning_left_open"
# The response closes a block of reasoning that nothing opens.
REASONING_NOT_OPENED = "reasoning_not_opened"
# The template writes an empty block of reasoning in front of a content that contains reasoning.
REASONING_TWICE = "reasoning_twice"
# The response marks its reasoning by tags of another family than the student's.
OTHER_TAGS = "other_tags"
# The prompt was rendered by a chat template already, and is rendered once more as the text of a user.
RENDERED_TWICE = "rendered_twice"
# The template leaves out reasoning that is stored beside the content, so it was joined with the content.
REASONING_JOINED = "reasoning_joined"
# The conversation goes on after the last assistant turn.
GOES_ON = "goes_on"
# The response follows another turn of the assistant.
FOLLOWS_ASSISTANT = "follows_assistant"
# The template does not write a text before the response as it is, such as a system prompt.
TEXT_CHANGED = "text_changed"
# The template removes white space at the ends of a text before the response.
SPACE_TRIMMED = "space_trimmed"
# The template leaves out the reasoning of assistant turns before the response.
EARLIER_REASONING = "earlier_reasoning"
# The template writes a text before answers, and the response, which is not rendered, does not begin with it.
HEADER_MISSING = "header_missing"
# The tokenizer makes other tokens of the beginning of the response if it reads prompt and response at once.
SEAM = "seam"
# The tokenizer puts a space in front of every text, and so of the response.
LEADING_SPACE = "leading_space"
# The prompt or the response is an object as text: messages, or the reply of an inference server.
OBJECT_AS_TEXT = "object_as_text"
# The row names other variables of the chat template than the scorer, and they change the prompt.
OTHER_SWITCHES = "other_switches"
# The response begins with a byte order mark.
BYTE_ORDER_MARK = "byte_order_mark"
# The response contains what decoders write for bytes that they cannot read.
REPLACEMENT = "replacement"
# The template quotes the arguments of tool calls, which are JSON texts, once more.
ARGUMENTS_QUOTED = "arguments_quoted"
# The response ends with the token that ends a turn.
END_WRITTEN = "end_written"

# What follows "In 3 of 64 rows". <on> and <off> are what switches reasoning on and off.
_WORDS = {
    REASONING_JOINED: (
        "the reasoning is stored apart from the content, and the student's chat template does not write it. "
        "It is scored in front of the content, between the reasoning tags of the student's family. Train on "
        "the same text; `show` prints it."
    ),
    REASONING_SWITCHED_OFF: (
        "the response contains reasoning, but the prompt ends in a closed, empty reasoning block: the chat "
        "template has thinking switched off. The reasoning is scored after that block. If the student is to "
        "learn to reason, <on>, and train with the same."
    ),
    REASONING_LEFT_OPEN: (
        "the response does not close the reasoning block that the prompt opens. If the student is to learn "
        "to answer without reasoning, <off>, and train with the same."
    ),
    REASONING_NOT_OPENED: (
        "the response closes a reasoning block that neither the prompt nor the response opens. Templates of "
        "many teachers open the block in the prompt, so servers return the text after the opening tag. Write "
        "the tag in front of these responses, or the student learns to close what it never opened."
    ),
    REASONING_TWICE: (
        "an empty reasoning block comes before the reasoning: the chat template writes it in front of a "
        "content that contains reasoning. The student sees two blocks, in training too. Move the reasoning "
        "into the field `reasoning_content` of the message."
    ),
    OTHER_TAGS: (
        "the response marks its reasoning with tags that the student's chat template does not know, while it "
        "knows others. They are scored as text, and the student would learn to write them. If it is to "
        "reason between its own tags, replace the tags, or store the reasoning in the field "
        "`reasoning_content` of a message."
    ),
    RENDERED_TWICE: (
        "the prompt was already rendered by a chat template: it ends with the header of the assistant's "
        "turn. It is scored as the text of a user, inside the student's own chat template. Store the "
        "messages or the question itself as the prompt. To score the prompt as it is, pass "
        '`prompt_template="{prompt}"`.'
    ),
    GOES_ON: (
        "the conversation continues after the last assistant turn. What follows is neither scored nor "
        "written for trainers."
    ),
    FOLLOWS_ASSISTANT: (
        "two assistant turns follow each other. The last one is scored, and the one before it counts as part "
        "of the prompt. If they are one answer, join them into one message. To score every turn, pass "
        '`messages_column` and `splitter="turn"`.'
    ),
    TEXT_CHANGED: (
        "the student's chat template leaves out or changes a text before the response, such as a system "
        "prompt. The student is shown what the template writes, as in training; `show` prints it. If the "
        "student is to see the whole text, move it into a message that the template writes, or pass "
        "`prompt_template`."
    ),
    SPACE_TRIMMED: (
        "the student's chat template removes white space at the beginning or the end of a message before the "
        "response, in training too."
    ),
    EARLIER_REASONING: (
        "the student's chat template leaves out the reasoning of earlier assistant turns. The response is "
        "scored after these turns without their reasoning, as in training with this template. Some templates "
        "have a variable that keeps it; pass it as `chat_template_kwargs`."
    ),
    HEADER_MISSING: (
        "the student's chat template writes more between the prompt and an answer, such as a channel or an "
        "empty reasoning block, than the response begins with. A response that is a text is scored as it is. "
        "Store conversations and pass `messages_column` to score what the template writes, or write this "
        "text in front of the responses."
    ),
    SEAM: (
        "the tokenizer makes other tokens of the beginning of the response if it reads prompt and response "
        "at once, as most trainers do. The response is tokenized alone. To train on the scored tokens, use "
        '`export="trl"`, which writes token ids. A `prompt_template` should not end with a space.'
    ),
    LEADING_SPACE: (
        "the tokenizer puts a space in front of the response, because it is tokenized alone. A trainer that "
        'tokenizes prompt and response at once makes another first token. `export="trl"` writes the ids '
        "of the scored tokens."
    ),
    OBJECT_AS_TEXT: (
        "the prompt or the response is a list of messages or the reply of an inference server, stored as "
        "text. It is used as it is, with the names of its fields. Call `to_rows(dataset)` of "
        "`local_naturalness.shapes` first, which reads JSON, or store the text itself."
    ),
    OTHER_SWITCHES: (
        "the column `chat_template_kwargs` has other variables of the chat template than the scorer, and "
        "they change the prompt. The column is not used: all rows are shown with the variables of the "
        "scorer. Score rows with different variables apart, with `chat_template_kwargs` of the scorer."
    ),
    BYTE_ORDER_MARK: (
        "the response begins with a byte order mark (U+FEFF), an invisible character that the student finds "
        "unlikely. It comes from the file that the text was read from: read it with the encoding 'utf-8-sig'."
    ),
    REPLACEMENT: (
        "the response contains the replacement character U+FFFD, which stands for bytes that could not be "
        "decoded. It is scored as it is, and the student would learn to write it. Read the source again with "
        "its own encoding, or leave such rows out."
    ),
    ARGUMENTS_QUOTED: (
        "the arguments of a tool call are JSON as text, and the student's chat template writes them as a "
        "quoted text, with a backslash before each quotation mark. They are scored in this form, as in "
        "training, and the student would learn it. Make objects of them with `json.loads`, and score again."
    ),
    END_WRITTEN: (
        "the response ends with the token that ends a turn of the student or of its teacher, such as "
        "`<|im_end|>`. The token is scored, although the ends of other responses are not. Remove it from the "
        "responses, for example by decoding them with `skip_special_tokens=True`."
    ),
}

# These change little and are usual for some students. They are noted where a row is shown.
_QUIET = frozenset({LEADING_SPACE, SPACE_TRIMMED})

# Variables by which templates switch reasoning on and off.
_SWITCHES = ("enable_thinking", "thinking")


def doubts_of_turns(example: Example) -> set[str]:
    """Parts of a conversation that are not part of its response, though a reader may expect them to be."""
    found = {GOES_ON} if example.later else set()
    return found | ({FOLLOWS_ASSISTANT} if example.follows_assistant else set())


def is_warned_of(kind: str) -> bool:
    """Whether a kind of doubt is a reason to warn, and not only a note about a row that is shown."""
    return kind not in _QUIET


def in_words(kind: str, where: str, template: str) -> str:
    """A sentence about a kind of doubt, with the remedy.

    Args:
        kind: one of the kinds above, such as `REASONING_SWITCHED_OFF`.
        where: beginning of the sentence, such as `"In 3 of 64 rows"`.
        template: source of the student's chat template.
    """
    words = (
        _WORDS[kind].replace("<on>", _switch(template, "true")).replace("<off>", _switch(template, "false"))
    )
    return f"{where} {words}"


def _switch(template: str, value: str) -> str:
    name = next((name for name in _SWITCHES if reads_variable(template, name)), None)
    if name is None:
        return "look for a switch in the template and pass it as `chat_template_kwargs`"
    return f'pass `chat_template_kwargs={{"{name}": {value}}}`'
