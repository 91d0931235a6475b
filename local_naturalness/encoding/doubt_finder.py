"""Finds what may be doubtful about a row and its score."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from local_naturalness.encoding.chat_template import ChatTemplate, TemplateRefusal, marks_of_end
from local_naturalness.encoding.conversation import Response
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import Prompt, Tools, as_messages
from local_naturalness.encoding.prompt_encoder import EncodedPrompt
from local_naturalness.encoding.reasoning import (
    carries_reasoning,
    closes_unopened,
    in_tags_of_another_family,
    leaves_open,
    opens_twice,
    repeated_length,
    tags_of,
)
from local_naturalness.encoding.rendered_prompts import is_rendered
from local_naturalness.encoding.row_doubts import (
    ARGUMENTS_QUOTED,
    BYTE_ORDER_MARK,
    END_WRITTEN,
    HEADER_MISSING,
    LEADING_SPACE,
    OTHER_SWITCHES,
    OTHER_TAGS,
    REASONING_JOINED,
    REASONING_LEFT_OPEN,
    REASONING_NOT_OPENED,
    REASONING_SWITCHED_OFF,
    REASONING_TWICE,
    RENDERED_TWICE,
    REPLACEMENT,
    SEAM,
    doubts_of_turns,
)
from local_naturalness.encoding.tokenization import joins_seam, puts_space_first
from local_naturalness.encoding.tool_calls import quotes_arguments

# Ends of turns in the families of teachers: Qwen, Llama, DeepSeek, Gemma, Mistral, gpt-oss and Command A.
# Without `<|end|>` of Phi, which gpt-oss writes after reasoning.
_ENDS = (
    "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|eot|>", "<|end_of_text|>",
    "<｜end▁of▁sentence｜>", "<end_of_turn>", "<turn|>", "</s>", "<|return|>", "<|END_OF_TURN_TOKEN|>",
)  # fmt: skip


class DoubtFinder:
    """Finds doubts for one student.

    Args:
        tokenizer: the student's tokenizer.
        template: its chat template, if prompts are rendered with one.
    """

    def __init__(self, tokenizer: Any, template: ChatTemplate | None):
        self._tokenizer = tokenizer
        self._template = template
        self._headers: dict[str, str] = {}

    def of_row(self, example: Example, prompt: Prompt, shown: EncodedPrompt) -> set[str]:
        """Doubts about a row as it is stored, and about its prompt."""
        found = doubts_of_turns(example)
        if (example.response or "").startswith("\ufeff"):
            found.add(BYTE_ORDER_MARK)
        if "\ufffd" in (example.response or ""):
            found.add(REPLACEMENT)
        template = self._template
        if template is None:
            return found
        if is_rendered(prompt):
            found.add(RENDERED_TWICE)
        if example.switches and shown.text:
            try:
                other = template.with_switches(example.switches).prompt(as_messages(prompt), example.tools)
            except TemplateRefusal:
                other = ""
            if other != shown.text:
                found.add(OTHER_SWITCHES)
        return found

    def of_text(self, text: str, prompt: Prompt, shown: EncodedPrompt, tools: Tools | None) -> set[str]:
        """The doubt about a response that is not rendered, and lacks what the template writes before it."""
        template = self._template
        if template is None or not shown.text or leaves_open(shown.opening, "") or shown.empty_block:
            return set()
        if shown.text not in self._headers:  # several teachers answer a prompt
            header = template.before_answer(shown.text, as_messages(prompt), tools)
            self._headers[shown.text] = header.strip()
        header = self._headers[shown.text]
        begin = text[repeated_length(shown.opening, text) :].lstrip()
        tag = tags_of(shown.text, template.source).opening.strip()
        is_reasoning = tag in template.source and begin.startswith(tag)
        is_whole = is_reasoning or begin.startswith(header) or closes_unopened(shown.opening, text)
        return set() if is_whole else {HEADER_MISSING}

    def of_turn(
        self,
        before: EncodedPrompt,
        answered: Response,
        content: str,
        calls: Sequence[Mapping[str, Any]] = (),
    ) -> set[str]:
        """Doubts about a turn and what stands before it.

        Args:
            before: the text before the turn.
            answered: the turn as it is scored.
            content: its content as it is stored.
            calls: its tool calls.
        """
        template = "" if self._template is None else self._template.source
        doubts = _doubts_of_reasoning(before, answered, content, template) | before.doubts
        text = answered.text[repeated_length(before.opening, answered.text) :]
        if text.rstrip().endswith(self._ends):
            doubts = doubts | {END_WRITTEN}
        if quotes_arguments(text, calls):
            doubts = doubts | {ARGUMENTS_QUOTED}
        if not joins_seam(self._tokenizer, before.text, text):
            return doubts
        return doubts | {LEADING_SPACE if puts_space_first(self._tokenizer) else SEAM}

    @cached_property
    def _ends(self) -> tuple[str, ...]:
        """What turns end with, without white space: those of the student, and of other families."""
        end = ""
        if self._template is not None:
            with suppress(TemplateRefusal):
                end = self._template.end_of_turn(as_messages("?"))
        return (*filter(None, (*marks_of_end(end), self._tokenizer.eos_token)), *_ENDS)


def _doubts_of_reasoning(before: EncodedPrompt, answered: Response, content: str, template: str) -> set[str]:
    """The doubt about a turn's reasoning, which depends on the end of the text before it."""
    if before.empty_block and carries_reasoning(answered.text):
        return {REASONING_SWITCHED_OFF}
    if opens_twice(before.opening, answered.text):
        return {REASONING_TWICE}
    if leaves_open(before.opening, answered.text):
        return {REASONING_LEFT_OPEN}
    if closes_unopened(before.opening, answered.text):
        return {REASONING_NOT_OPENED}
    if in_tags_of_another_family(template, answered.text):
        return {OTHER_TAGS}
    return {REASONING_JOINED} if answered.text != content and not answered.is_rendered else set()
