"""A tokenizer of whole words, with a chat template."""

import re
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

CONTEXT = 512
_TOKEN = re.compile(r"\n|[^\s]+")
PAD, UNKNOWN, PROMPT, RESPONSE, END = "<|pad|>", "<|unknown|>", "<|prompt|>", "<|response|>", "<|end|>"
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    f"{{%- if message['role'] == 'user' -%}}{{{{ '{PROMPT}' + message['content'] }}}}"
    f"{{%- else -%}}{{{{ '{RESPONSE}' + message['content'] + '{END}' }}}}{{%- endif -%}}"
    "{%- endfor -%}"
    f"{{%- if add_generation_prompt -%}}{{{{ '{RESPONSE}' }}}}{{%- endif -%}}"
)


def num_tokens(text: str) -> int:
    return len(_TOKEN.findall(text))


def build_tokenizer(texts: Iterable[str], context: int = CONTEXT) -> PreTrainedTokenizerFast:
    """A token for every word, sign, number and line break in `texts`."""
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    # Spaces are no tokens, so that a variable is the same token wherever it stands.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_TOKEN.pattern), behavior="removed", invert=True)
    trainer = trainers.WordLevelTrainer(
        special_tokens=[PAD, UNKNOWN, PROMPT, RESPONSE, END], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        additional_special_tokens=[PROMPT, RESPONSE],
        chat_template=CHAT_TEMPLATE,
        model_max_length=context,
        clean_up_tokenization_spaces=False,
    )
