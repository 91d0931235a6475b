"""Tokenizers of three families, built in memory."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

_CORPUS = [
    "What is 17 + 25? First add the tens: 10 + 20 = 30. Then add the ones: 7 + 5 = 12.\n\n",
    "So the answer is 42. Wait, let me check this again. The sum is right.\n",
    "def add(a, b):\n    return a + b\n",
] * 20

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)


def byte_level(special=("<eos>",), trim_offsets=False):
    """Byte-level BPE, of which several tokens may share a character; no beginning-of-sequence token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=list(special),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_CORPUS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")


def metaspace():
    """Words with a mark for the space before them, as SentencePiece has it, and `<s>` put in front."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator(
        _CORPUS,
        trainers.BpeTrainer(
            vocab_size=390,
            special_tokens=["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))],
            show_progress=False,
        ),
    )
    _put_in_front(tokenizer, "<s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def chat():
    """Byte-level BPE with a template that writes `<s>` itself and opens `<think>` for the assistant."""
    special = ("<eos>", "<s>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
    tokenizer = byte_level(special)
    tokenizer.bos_token = "<s>"
    # A caller who lets special tokens be added gets a second <s>.
    _put_in_front(tokenizer.backend_tokenizer, "<s>")
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _put_in_front(tokenizer, token):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", special_tokens=[(token, tokenizer.token_to_id(token))]
    )


FAMILIES = {"byte_level": byte_level, "metaspace": metaspace, "chat": chat}
