"""Prompts that a chat template has rendered already, as inference servers record them."""

import re

from local_naturalness.encoding.messages import Prompt, as_messages
from local_naturalness.encoding.reasoning import opening_at_end

# The header of the turn that is to follow, at the end of a rendered prompt.
_HEADER = re.compile(
    r"(?:<\|im_start\|>assistant|<\|im_assistant\|>assistant<\|im_middle\|>"  # Qwen, SmolLM; Kimi
    r"|<\|start_header_id\|>assistant<\|end_header_id\|>|<\|header_start\|>assistant<\|header_end\|>"  # Llama
    r"|<start_of_turn>model|<\|turn>model"  # Gemma
    r"|<\|start\|>assistant(?:<\|channel\|>\w+<\|message\|>)?|<\|start_of_role\|>assistant<\|end_of_role\|>"
    r"|<\|assistant\|>|<｜Assistant｜>|\[/INST\]|<\|CHATBOT_TOKEN\|>(?:<\|START_\w+\|>)?|<\|turn\|>assistant"
    r")\s*\Z"
)
# Characters at the end of a prompt that hold a header and the opening of a block. Prompts may be very long.
_LAST = 200


def is_rendered(prompt: Prompt) -> bool:
    """Whether the text of a prompt ends like the output of a chat template.

    >>> is_rendered("<|im_start|>user\\nWhat is 2 + 3?<|im_end|>\\n<|im_start|>assistant\\n<think>\\n")
    True
    >>> is_rendered([{"role": "user", "content": "What does <|im_start|>assistant mean?"}])
    False
    """
    text = prompt if isinstance(prompt, str) else as_messages(prompt)[-1].get("content")
    if not isinstance(text, str):
        return False
    text = text.rstrip()[-_LAST:]
    opening = opening_at_end(text)
    return any(_HEADER.search(one) for one in (text, text.removesuffix(opening)))
