"""The tokens to train on: those that were scored, and the end of the turn as it stands behind them."""

import chat_templates
import pytest
import tiny_tokenizers

from local_naturalness.encoding.examples import Example
from local_naturalness.training.student_text import StudentText


@pytest.mark.parametrize(
    ("make", "template", "end"),
    [
        (tiny_tokenizers.metaspace, chat_templates.HEADER, "<|end|>\n"),  # no special token
        (tiny_tokenizers.metaspace, chat_templates.MISTRAL, "</s>"),
        (tiny_tokenizers.metaspace, None, "</s>"),
        (tiny_tokenizers.chat, tiny_tokenizers.CHAT_TEMPLATE, "<|im_end|>\n"),
    ],
)
def test_the_end_of_a_turn_has_no_space_before_it(make, template, end):
    tokenizer = make()
    tokenizer.chat_template = template
    text = "It is 42."
    tokens = StudentText(tokenizer).scored(Example("What is 17 + 25?", text))
    assert tokens.trained == tokenizer(text + end, add_special_tokens=False)["input_ids"]
