"""How model families mark reasoning: `<think>`, channels, `[THINK]` and similar tags."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ReasoningTags:
    """The tags before the reasoning of a response, and between reasoning and answer."""

    opening: str
    closing: str

    def joined(self, reasoning: str, answer: str) -> str:
        """Join reasoning and answer to a response.

        >>> TAGS[0].joined("2 + 3 = 5.", "It is 5.")
        '<think>\\n2 + 3 = 5.\\n</think>\\n\\nIt is 5.'
        """
        return f"{self.opening}{reasoning}{self.closing}{answer}"


# The first is the most common one. It is used if the family is not known.
TAGS = (
    ReasoningTags("<think>\n", "\n</think>\n\n"),  # DeepSeek, Qwen, SmolLM3, Nemotron, GLM and many more
    ReasoningTags("<|channel>thought\n", "\n<channel|>"),  # Gemma 4
    ReasoningTags(  # harmony, the format of gpt-oss
        "<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"
    ),
    ReasoningTags("[THINK]", "[/THINK]"),  # Mistral
    ReasoningTags("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ReasoningTags("<seed:think>", "</seed:think>"),  # Seed
    ReasoningTags("◁think▷", "◁/think▷"),  # Kimi
    ReasoningTags("<|begin_of_thought|>\n\n", "\n\n<|end_of_thought|>\n\n"),  # Sky-T1, OpenThinker
    ReasoningTags("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    ReasoningTags("<thinking>\n", "\n</thinking>\n\n"),
    ReasoningTags("<thought>\n", "\n</thought>\n\n"),
    ReasoningTags("<reasoning>\n", "\n</reasoning>\n\n"),
)

# Prompts of harmony end with this header, and recorded answers repeat it.
_HEADERS = ("<|start|>assistant",)


def _spelled(tag: str) -> str:
    return re.escape(tag.strip())


# Some templates write only the closing tag, such as those of DeepSeek V3.1 and GLM 4.7.
_EMPTY_BLOCK = "|".join(rf"(?:{_spelled(tags.opening)}\s*)?{_spelled(tags.closing)}" for tags in TAGS)
_OPENING = "|".join(_spelled(text) for text in (*(tags.opening for tags in TAGS), *_HEADERS))
_ENDS_IN_EMPTY_BLOCK = re.compile(rf"(?:{_EMPTY_BLOCK})\s*\Z")
_BEGINS_WITH_EMPTY_BLOCK = re.compile(rf"\s*(?:{_EMPTY_BLOCK})")
_ENDS_IN_OPENING = re.compile(rf"(?:{_OPENING})\s*\Z")
_TAG = re.compile(_OPENING + "|" + "|".join(_spelled(tags.closing) for tags in TAGS))
_CLOSING = re.compile("|".join(f"(?:{_spelled(tags.closing)})" for tags in TAGS))
# Templates of SmolLM3 and Nemotron read these switches in messages, and do not write them.
_FLAG = re.compile(r"(?<!\S)/(?:no_think|think|system_override)(?!\S)")


def opening_at_end(prompt: str) -> str:
    """The end of a rendered prompt that a response may repeat: an opening, or a closed, empty block.

    >>> opening_at_end("<|im_start|>assistant\\n<think>\\n")
    '<think>\\n'
    >>> opening_at_end("<|turn>model\\n")
    ''
    """
    found = _ENDS_IN_EMPTY_BLOCK.search(prompt) or _ENDS_IN_OPENING.search(prompt)
    return found.group() if found else ""


def empty_block_at_end(prompt: str) -> str:
    """The closed, empty reasoning block that a rendered prompt ends with if thinking is switched off.

    Some templates write only its closing tag.

    >>> empty_block_at_end("<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n")
    '<think>\\n\\n</think>\\n\\n'
    """
    found = _ENDS_IN_EMPTY_BLOCK.search(prompt)
    return found.group() if found else ""


def repeated_length(opening: str, response: str) -> int:
    """Number of characters at the beginning of a response that repeat the end of the prompt.

    White space before a repeated opening counts as repeated. White space after it only counts if the prompt
    has it too.

    >>> repeated_length("<think>\\n", "<think> So it is.")
    7
    >>> repeated_length("<think>\\n", "So it is.")
    0
    """
    needed = opening.rstrip()
    skipped = len(response) - len(response.lstrip()) if needed else 0
    if not needed or not response.startswith(needed, skipped):
        return 0
    length = len(needed)
    while length < len(opening) and response[skipped + length : skipped + length + 1] == opening[length]:
        length += 1
    return skipped + length


def carries_reasoning(response: str) -> bool:
    """Whether a response closes a block of reasoning that is not empty.

    >>> carries_reasoning("<think>2 + 3</think>5"), carries_reasoning("<think>\\n</think>5")
    (True, False)
    """
    closed = _CLOSING.search(response)
    before = response[: closed.start()] if closed else response
    reasoning = _TAG.sub("", before)
    return bool(reasoning.strip()) and (closed is not None or reasoning != before)


def leaves_open(opening: str, response: str) -> bool:
    """Whether a prompt ends in an open block of reasoning that the response does not close.

    >>> leaves_open("<think>\\n", "It is 5."), leaves_open("<think>\\n", "2 + 3</think>It is 5.")
    (True, False)
    """
    opened = next((tags for tags in TAGS if opening.strip() == tags.opening.strip()), None)
    return opened is not None and opened.closing.strip() not in response


def opens_twice(opening: str, response: str) -> bool:
    """Whether a closed, empty block comes before the reasoning of a response.

    Args:
        opening: end of the prompt, as `opening_at_end` finds it.
        response: text of the response.

    >>> opens_twice("", "<think></think><think>2 + 3</think>5"), opens_twice("", "<think>2 + 3</think>5")
    (True, False)
    """
    text = opening + response[repeated_length(opening, response) :]
    found = _BEGINS_WITH_EMPTY_BLOCK.match(text)
    return found is not None and carries_reasoning(text[found.end() :])


def closes_unopened(opening: str, response: str) -> bool:
    """Whether a response closes a block of reasoning that neither the prompt nor the response opens.

    Args:
        opening: end of the prompt, as `opening_at_end` finds it.
        response: text of the response.

    >>> closes_unopened("", "2 + 3</think>It is 5."), closes_unopened("<think>\\n", "2 + 3</think>It is 5.")
    (True, False)
    """
    closed = _CLOSING.search(response)
    if closed is None or (opening and not empty_block_at_end(opening)):
        return False
    opened = next(tags.opening.strip() for tags in TAGS if tags.closing.strip() == closed.group())
    return opened not in response[: closed.start()]


def in_tags_of_another_family(template: str, response: str) -> bool:
    """Whether a response carries reasoning in tags that a template does not write, while it writes others.

    A template without any tags says nothing about its family, so every tag is as good as another.

    Args:
        template: source of the chat template.
        response: text of the response.

    >>> in_tags_of_another_family("... [THINK] ... [/THINK]", "<think>2 + 3</think>5")
    True
    >>> in_tags_of_another_family("... no tags", "<think>2 + 3</think>5")
    False
    """
    closed = _CLOSING.search(response)
    if closed is None or not carries_reasoning(response):
        return False
    own = [tags for tags in TAGS if tags.opening.strip() in template or tags.closing.strip() in template]
    return bool(own) and all(tags.closing.strip() != closed.group() for tags in own)


def without_reasoning(response: str) -> str:
    """What follows the reasoning.

    >>> without_reasoning("<think>\\n2 + 3\\n</think>\\n\\nIt is 5.")
    'It is 5.'
    """
    closed = _CLOSING.search(response)
    return response[closed.end() :].lstrip() if closed else response


def pieces(content: str) -> list[str]:
    """The texts between tags of reasoning, without white space around them.

    >>> pieces("<think>\\n2 + 3\\n</think>\\n\\nIt is 5.")
    ['2 + 3', 'It is 5.']
    """
    return [piece for text in _TAG.split(content) if (piece := text.strip())]


def without_flags(content: str) -> list[str]:
    """The texts around switches of reasoning in a message, without white space around them.

    >>> without_flags("What is 2 + 3? /no_think")
    ['What is 2 + 3?']
    """
    return [piece for text in _FLAG.split(content) if (piece := text.strip())]


def places(text: str, parts: Iterable[str]) -> list[int] | None:
    """Where parts begin in a text that holds them in this order, without overlap. `None` if it does not.

    >>> places("It is 5, so it is 5.", ["5", "5"]), places("It is 5.", ["5", "5"])
    ([6, 18], None)
    """
    found: list[int] = []
    position = 0
    for part in parts:
        found.append(text.find(part, position))
        if found[-1] < 0:
            return None
        position = found[-1] + len(part)
    return found


def repeats(content: str, reasoning: str) -> bool:
    """Whether a content holds a reasoning that is stored beside it once more, whatever the white space.

    >>> repeats("<think>2 + 3</think>It is 5.", "2 + 3\\n"), repeats("It is 5.", "2 + 3")
    (True, False)
    """
    written = "".join(content.split())
    return all("".join(piece.split()) in written for piece in pieces(reasoning))


def tags_of(prompt: str, template: str) -> ReasoningTags:
    """The tags of a student's family.

    Args:
        prompt: the rendered prompt. If it ends with an opening tag, that tag tells the family.
        template: source of the chat template. It contains the tags that it writes.
    """
    opening = opening_at_end(prompt)
    for tags in TAGS:
        if opening.startswith(tags.opening.strip()):
            return tags
    return next((tags for tags in TAGS if tags.opening.strip() in template), TAGS[0])
