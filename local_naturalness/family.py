"""Families of models, recognised by the names of models, of their types and of their tokenizers."""

import re
from collections.abc import Sequence

# Words in names and types that say something else than the family.
_NOT_A_FAMILY = frozenset(
    "base chat code coder correct distill instruct large math medium mini model preview "
    "reasoning sft dpo rlhf small think thinking tiny the gguf awq gptq local answers "
    "fast for with human pre trained causal auto tokenizer tokenizers backend python sentencepiece common "
    "text vision audio video image images speech omni multimodal encoder decoder thinker talker asr ocr tts "
    "vlm moe next hybrid shared dense linear flash lite nano plus pro turbo exp oss swa plain".split()
)
# Well-known models whose names do not show what they were trained from, and types whose name is one word.
_GREW_FROM = {
    "qwq": "qwen",
    "qvq": "qwen",
    "openthinker": "qwen",
    "vicuna": "llama",
    "tulu": "llama",
    "mllama": "llama",
    "codellama": "llama",
    "mixtral": "mistral",
    "ministral": "mistral",
    "magistral": "mistral",
    "devstral": "mistral",
    "codestral": "mistral",
    "phimoe": "phi",
    "olmoe": "olmo",
    "granitemoe": "granite",
    "granitemoehybrid": "granite",
    "granitemoeshared": "granite",
}
# Types that other families use too. For these, the tokenizer has to agree.
_SHARED_TYPES = frozenset("llama gpt2 gptj gpt_neo gpt_neox gpt_bigcode bert".split())
# Beginning-of-sequence tokens, for tokenizers whose class says nothing.
_BEGINNINGS = {"<|begin_of_text|>": "llama-3"}


def family_words(name: str) -> set[str]:
    """The words of three letters or more in a model's name, without words for kinds of models.

    Example:

    >>> sorted(family_words("Qwen/QwQ-32B-Preview"))
    ['qwen', 'qwq']
    """
    words = set(re.findall("[a-z]{3,}", name.lower())) - _NOT_A_FAMILY
    return words | {_GREW_FROM[word] for word in words & _GREW_FROM.keys()}


def words_of_kind(model_types: str, tokenizer_class: str) -> set[str]:
    """The words for a family in the types of a model and its tokenizer.

    Args:
        model_types: types of the model and of its text part, separated by commas.
        tokenizer_class: class of the tokenizer, as `tokenizer_kind` returns it.

    Example: many families build on the architecture of Llama, with tokenizers of their own.

    >>> words_of_kind("llama", "LlamaTokenizer"), words_of_kind("llama", "GPT2Tokenizer")
    ({'llama'}, set())
    """
    of_tokenizer = family_words(re.sub("Tokenizers?|Backend|Fast", " ", tokenizer_class))
    words: set[str] = set()
    for model_type in model_types.split(","):
        # `qwen3_moe` contains the word that is used in names.
        told = family_words(model_type)
        words |= told & of_tokenizer if model_type in _SHARED_TYPES else told
    return words


def told_kind(model_types: Sequence[str], tokenizer_class: str) -> dict[str, str]:
    """The kind of a student for its spec. Empty if the kind does not show the family.

    Example:

    >>> told_kind(["qwen2_5_vl", "qwen2_5_vl_text"], "Qwen2Tokenizer")
    {'model_type': 'qwen2_5_vl,qwen2_5_vl_text', 'tokenizer_class': 'Qwen2Tokenizer'}
    >>> told_kind(["llama"], "TokenizersBackend")
    {}
    """
    # A configuration may contain any text, but separators must not get into a spec.
    names = dict.fromkeys(re.sub(r"[^\w.-]", "", name) for name in model_types)
    told = ",".join(names)
    if not words_of_kind(told, tokenizer_class):
        return {}
    return {"model_type": told, "tokenizer_class": tokenizer_class}


def tokenizer_kind(class_name: str, beginning: str | None) -> str:
    """Class of a tokenizer, with the family if only the first token shows it.

    Example:

    >>> tokenizer_kind("Qwen2Tokenizer", None), tokenizer_kind("TokenizersBackend", "<|begin_of_text|>")
    ('Qwen2Tokenizer', 'TokenizersBackend/llama-3')
    """
    told = _BEGINNINGS.get(beginning or "")
    return class_name if told is None else f"{class_name}/{told}"
