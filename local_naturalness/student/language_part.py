"""Loads only the part of a multimodal model that reads and writes text."""

import re
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel

from local_naturalness.student.first_pass import evaluating


def without_other_parts(
    auto_class: Any, config: Any, load: Callable[..., PreTrainedModel]
) -> PreTrainedModel:
    """Load a model without its towers for images and sound, if it can read text without them.

    Args:
        auto_class: auto class that knows the class of the model.
        config: configuration of the model.
        load: function that loads with a class and keyword arguments.
    """
    model_class = auto_class._model_mapping.get(type(config), None)
    if not isinstance(model_class, type) or getattr(model_class, "config_class", None) is not type(config):
        return load(auto_class)  # a class with the language model alone, or a class from the repository

    class LanguagePart(model_class):  # type: ignore[valid-type, misc] # a class that is known at run time
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            super().__init__(*arguments, **settings)
            remove_other_parts(self)

    # Weights that were saved under other names are renamed for classes of transformers, by their names.
    LanguagePart.__name__, LanguagePart.__module__ = model_class.__name__, model_class.__module__
    model = load(LanguagePart, config=config)
    model.__class__ = model_class
    return model if _reads_text(model) else load(auto_class)


def remove_other_parts(model: PreTrainedModel) -> None:
    """Remove modules that are not on the path to the language model or to its output layer."""
    kept = [model.get_decoder(), model.get_input_embeddings(), model.get_output_embeddings()]
    paths = [path for path, module in model.named_modules() if any(module is one for one in kept)]
    ways = {path.rsplit(".", depth)[0] for path in paths for depth in range(path.count(".") + 1)}
    removed = []
    for way in sorted({"", *(way.rpartition(".")[0] for way in ways)}):
        parent = model.get_submodule(way)
        for name in dict(parent.named_children()):
            child = f"{way}.{name}" if way else name
            if child not in ways and not any(child.startswith(f"{path}.") for path in paths):
                setattr(parent, name, None)
                removed.append(rf"^{re.escape(child)}\.")
    # The weights of removed modules stay in the file, without a warning.
    model._keys_to_ignore_on_load_unexpected = {*(model._keys_to_ignore_on_load_unexpected or ()), *removed}


def _reads_text(model: PreTrainedModel) -> bool:
    """Whether a text passes through the model without the removed parts."""
    ids = torch.arange(1, 5, device=model.device)[None] % model.config.get_text_config().vocab_size
    try:
        with evaluating(model):
            model(input_ids=ids)
    except (AttributeError, TypeError):  # the model uses a removed part
        return False
    return True
