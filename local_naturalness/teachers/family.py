"""Did the student's own family of models write a teacher's answers?"""

import glob
import json
import re
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from local_naturalness.spec import read_spec

_NOT_A_FAMILY = frozenset(
    "base chat code coder correct distill instruct large math medium mini model preview "
    "reasoning sft dpo rlhf small think thinking tiny the gguf awq gptq local answers "
    "fast for with human pre trained causal auto tokenizer tokenizers backend".split()
)
# Well-known models whose names do not tell what they were trained from.
_GREW_FROM = {"qwq": "qwen", "qvq": "qwen", "openthinker": "qwen", "vicuna": "llama", "tulu": "llama"}
# Architectures that other families use too: there the tokenizer has to agree.
_SHARED_ARCHITECTURES = frozenset({"llama", "gpt", "bert"})


def family_words(name: str) -> set[str]:
    """The words of three letters or more in a model's name, kinds of model left out.

    Example:

    >>> sorted(family_words("Qwen/QwQ-32B-Preview"))
    ['qwen', 'qwq']
    """
    words = set(re.findall("[a-z]{3,}", name.lower())) - _NOT_A_FAMILY
    return words | {_GREW_FROM[word] for word in words & _GREW_FROM.keys()}


def student_words(spec: str) -> set[str]:
    """What a scorer's spec tells about the student's family.

    The student's name, and the `model_type` and the class of tokenizer: as the spec has them, else from the
    configuration of a hub id in the local cache, where scoring has put it. Nothing is downloaded.

    Example:

    >>> sorted(student_words("student=me/mine@d149; model_type=qwen2; tokenizer_class=Qwen2Tokenizer"))
    ['mine', 'qwen']
    """
    told = read_spec(spec)
    label = told.get("student", "")
    name, at, commit = label.rpartition("@")
    if not at:
        name, commit = label, ""
    model_type = told.get("model_type") or _cached(name, commit, "config.json", "model_type")
    tokenizer = told.get("tokenizer_class") or _cached(
        name, commit, "tokenizer_config.json", "tokenizer_class"
    )
    # `Qwen2TokenizerFast` and `qwen2_moe` hold the word that names write.
    architecture = set(re.findall("[a-z]{3,}", model_type.lower())) & family_words(model_type)
    of_tokenizer = family_words(re.sub("Tokenizer|Fast", " ", tokenizer))
    return family_words(name) | {
        word for word in architecture if word not in _SHARED_ARCHITECTURES or word in of_tokenizer
    }


def shared_family(student: set[str], teacher: str) -> str | None:
    """A word that tells the same of the student and of a teacher.

    Example:

    >>> shared_family({"qwen", "mine"}, "qwen3-235b-thinking"), shared_family({"qwen"}, "QwQ-32b")
    ('qwen', 'qwen')
    >>> shared_family({"qwen"}, "llama-3-instruct") is None
    True
    """
    return min(student & family_words(teacher), default=None)


def _cached(name: str, commit: str, file: str, key: str) -> str:
    """An entry of a file that the local cache of the Hub may hold, else an empty text."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        return ""
    # A spec holds the beginning of the commit; `scan_cache_dir` would look at every file of every model.
    snapshots = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model") / "snapshots"
    for path in sorted(snapshots.glob(f"{glob.escape(commit)}*/{file}")):
        try:
            return str(json.loads(path.read_text(encoding="utf-8")).get(key) or "")
        except (AttributeError, OSError, ValueError):
            # Not readable as a configuration: the name alone has to tell.
            continue
    return ""
