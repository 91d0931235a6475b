"""One row as tokens and steps, or the reason why it cannot be scored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.encoding.chat_template import TemplateRefusal
from local_naturalness.encoding.conversation import Answer, Response, response_of
from local_naturalness.encoding.doubt_finder import DoubtFinder
from local_naturalness.encoding.examples import Example, Turn
from local_naturalness.encoding.messages import Message, Prompt, Tools, as_messages
from local_naturalness.encoding.prompt_encoder import EncodedPrompt, PromptEncoder
from local_naturalness.encoding.reasoning import pieces, places
from local_naturalness.encoding.tokenization import encode_response, step_token_ranges
from local_naturalness.steps import Splitter, align_steps


@dataclass(frozen=True)
class EncodedExample:
    """Token ids of a row and its steps: `[start, end)` tokens and `[start, end)` characters.

    Steps tile the response, unless other turns of a conversation are between them. Those turns are context of
    the step after them, and `begins` includes them.

    Attributes:
        prompt: ids of the prompt, which precedes every window.
        response: ids of the response.
        steps: ranges of `response`.
        spans: ranges of `text`.
        begins: for each step, where in `response` the context that belongs to it begins.
        text: the response as it is scored. In a conversation, as the template writes it.
        shown: the text of the prompt.
        doubts: reasons to doubt the score, such as `REASONING_SWITCHED_OFF`.
    """

    prompt: np.ndarray
    response: np.ndarray
    steps: list[tuple[int, int]]
    spans: list[tuple[int, int]]
    begins: list[int]
    text: str = ""
    shown: str = ""
    doubts: frozenset[str] = frozenset()

    @property
    def num_tokens(self) -> int:
        """Number of tokens that belong to steps."""
        return sum(end - start for start, end in self.steps)

    def owned(self, values: np.ndarray) -> np.ndarray:
        """Select the values of tokens that belong to steps from the values of all tokens."""
        return np.concatenate([values[start:end] for start, end in self.steps])

    @property
    def owned_steps(self) -> list[tuple[int, int]]:
        """The steps as ranges of what `owned` returns."""
        ends = np.cumsum([end - start for start, end in self.steps]).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))


class ExampleEncoder:
    """Encode rows for one student. A prompt that several teachers answered is encoded once.

    Attributes:
        refusals: for the statuses `unreadable_part` and `template_refused`, why the first such row was
            refused.
    """

    def __init__(self, tokenizer: object, prompts: PromptEncoder, splitter: Splitter | None):
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._splitter = splitter
        self._finder = DoubtFinder(tokenizer, prompts.chat_template)
        self._seen: dict[str, EncodedPrompt] = {}
        self.refusals: dict[str, str] = {}

    def encode(self, example: Example) -> EncodedExample | str:
        """Tokens and steps of a row, or the status that says why there are none.

        Raises:
            TypeError: a `prompt_template` does not fit the prompt.
        """
        if example.unreadable is not None:
            return self._refused("unreadable_part", example.unreadable)
        if example.response is None:
            return "missing_response"
        if example.prompt is None:
            return "missing_prompt"
        if not example.response.strip() and not _has_more_than_content(example):
            return "empty_response"
        if has_lone_surrogate(list(vars(example).values())):
            return "lone_surrogate"
        try:
            if example.turns is not None:
                return self._encode_turns(example, example.prompt, example.turns)
            return self._encode_response(example, example.prompt, example.response)
        except TemplateRefusal as refusal:
            return self._refused("template_refused", str(refusal))
        except TypeError as error:
            begin = as_messages(example.prompt)[-1].get("content")
            raise TypeError(f"{error} (In the row whose prompt ends with {str(begin)[-60:]!r}.)") from error

    def _refused(self, status: str, reason: str) -> str:
        self.refusals.setdefault(status, reason)
        return status

    def _encode_response(self, example: Example, prompt: Prompt, content: str) -> EncodedExample | str:
        shown = self._prompt(prompt, example.tools)
        answered = Response(content, is_rendered=True)
        if example.message is not None:
            answered = self._response_of(example.message, as_messages(prompt), example.tools)
        text = answered.text
        response = encode_response(self._tokenizer, text, shown.opening)
        if not len(response.ids):
            return "empty_response"
        calls = Answer.of(example.message).tool_calls if example.message is not None else ()
        doubts = self._finder.of_row(example, prompt, shown)
        doubts |= self._finder.of_turn(shown, answered, content, calls)
        if example.message is None:
            doubts |= self._finder.of_text(text, prompt, shown, example.tools)
        steps, spans = step_token_ranges(response.starts, self._spans(text, content, example))
        begins = [start for start, _ in steps]
        return EncodedExample(
            shown.ids, response.ids, steps, spans, begins, text, shown.text, frozenset(doubts)
        )

    def _encode_turns(self, example: Example, prompt: Prompt, turns: Sequence[Turn]) -> EncodedExample | str:
        """Each assistant turn is a step. Other turns between them are rendered by the template."""
        shown = self._prompt(prompt, example.tools)
        messages = as_messages(prompt)
        parts: list[np.ndarray] = []
        steps: list[tuple[int, int]] = []
        spans: list[tuple[int, int]] = []
        begins: list[int] = []
        texts: list[str] = []
        begin = position = character = 0
        before = shown
        doubts = self._finder.of_row(example, prompt, shown)
        for index, turn in enumerate(turns):
            if index:
                before = self._between(messages, turns[index - 1], turn, texts[-1], example)
                parts.append(before.ids)
                position += len(before.ids)
                messages = [*messages, *turn.between]
            answered = self._turn_response(turn, messages, example)
            calls = Answer.of(turn.message).tool_calls
            doubts |= self._finder.of_turn(before, answered, turn.text, calls)
            text = answered.text
            messages.append(turn.message)
            response = encode_response(self._tokenizer, text, before.opening)
            texts.append(text)
            character += len(text)
            if not len(response.ids):
                continue
            parts.append(response.ids)
            steps.append((position, position + len(response.ids)))
            spans.append((spans[-1][1] if spans else 0, character))
            begins.append(begin)
            begin = position = position + len(response.ids)
        if not steps:
            return "empty_response"
        # Tokens after the last turn that has tokens are not part of the response.
        ids = np.concatenate(parts)[:begin]
        return EncodedExample(
            shown.ids, ids, steps, spans, begins, "".join(texts), shown.text, frozenset(doubts)
        )

    def _turn_response(self, turn: Turn, messages: Sequence[Message], example: Example) -> Response:
        if turn.is_blank:
            return Response(turn.text, is_rendered=True)
        return self._response_of(turn.message, messages, example.tools)

    def _between(
        self, messages: list[Message], before: Turn, turn: Turn, text: str, example: Example
    ) -> EncodedPrompt:
        """The text between two assistant turns. `messages` ends with the first of them."""
        prompt = messages[:-1]
        if Answer.of(before.message).is_plain:
            return self._prompts.encode_between(prompt, turn.between, example.tools)
        return self._prompts.encode_after(prompt, before.message, text, turn.between, example.tools)

    def _response_of(self, message: Message, messages: Sequence[Message], tools: Tools | None) -> Response:
        return response_of(message, messages, self._prompts.chat_template, tools)

    def _prompt(self, prompt: Prompt, tools: Tools | None) -> EncodedPrompt:
        key = json.dumps([prompt, tools], default=str)
        if key not in self._seen:
            self._seen[key] = self._prompts.encode(prompt, tools)
        return self._seen[key]

    def _spans(self, text: str, content: str, example: Example) -> list[tuple[int, int]]:
        if example.steps is not None:
            reasoning = Answer.of(example.message).reasoning if example.message is not None else ""
            return _aligned(text, content, reasoning, example.steps)
        if self._splitter is not None:
            return self._splitter.spans(text)
        return [(0, len(text))]


def has_lone_surrogate(value: object) -> bool:
    """Whether a text, or a text in messages, contains an unpaired surrogate, which tokenizers cannot read.

    JSON can contain one (`"\\ud83d"`) if an emoji was cut in two. Arrow cannot, so only rows that were passed
    directly have them.

    >>> has_lone_surrogate([{"role": "user", "content": "It is \\ud83d."}]), has_lone_surrogate("It is 😀.")
    (True, False)
    """
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return True
            return False
        case Mapping():
            return any(map(has_lone_surrogate, value.values()))
        case Sequence() if not isinstance(value, bytes):
            return any(map(has_lone_surrogate, value))
        case Turn():
            return has_lone_surrogate((value.text, value.between, value.message))
    return False


def _has_more_than_content(example: Example) -> bool:
    if example.turns is not None:
        return not all(turn.is_blank for turn in example.turns)
    return example.message is not None and not Answer.of(example.message).is_plain


def _aligned(text: str, content: str, reasoning: str, steps: Sequence[str]) -> list[tuple[int, int]]:
    """Spans of given steps. Text that a template adds around them belongs to the first and last step."""
    spans = align_steps(content, steps)
    # The reasoning may hold the content, too.
    begins = places(text, [*pieces(reasoning), content.strip()])
    if text == content or begins is None or not spans:
        return spans if text == content else align_steps(text, steps)
    offset = begins[-1] - (len(content) - len(content.lstrip()))
    shifted = [(max(0, start + offset), min(len(text), end + offset)) for start, end in spans]
    shifted[0] = (0, shifted[0][1])
    shifted[-1] = (shifted[-1][0], len(text))
    return shifted
