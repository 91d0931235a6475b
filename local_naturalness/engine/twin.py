"""A twin of a model: the same weights, in modules and configurations of its own.

A pass needs evaluation mode, another attention function, and a hook at the output layer. If these were set on
the model itself, other threads that generate or train with it would be affected. On a twin, they are not.
"""

from functools import partial
from types import FunctionType, MethodType
from typing import Any, cast

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from local_naturalness.student.packed_layers import keep_unpacked


def twin_of(model: PreTrainedModel) -> PreTrainedModel:
    """Copy the structure of a model, not its weights, and put the copy into evaluation mode.

    Parameters and buffers are the same tensors. Buffers that are not saved are copied, because a pass may
    write into them, for example if rotary positions depend on the length of a text. Changes in place in the
    model are also changes in its twin. Modules that are added or replaced later are not in the twin, so each
    call makes a new one. This takes about 1 ms for 50 modules. Compiled code is left out, because it would
    run the original modules.

    Raises:
        ValueError: a `forward` was replaced by a plain function.

    >>> from transformers import AutoModelForCausalLM
    >>> from local_naturalness.embedded import student_path
    >>> model = AutoModelForCausalLM.from_pretrained(student_path()).train()
    >>> twin = twin_of(model)
    >>> twin.config is model.config, twin.training, model.training
    (False, False, True)
    >>> twin.get_input_embeddings().weight is model.get_input_embeddings().weight
    True
    """
    twin: PreTrainedModel = _Twins().of(model)
    for module in twin.modules():
        module.training = False
    keep_unpacked(twin)
    return twin


# Types of most values in modules. They are returned at once, to save time.
_SHARED = frozenset({torch.nn.Parameter, torch.Tensor, str, bool, int, float, type(None)})


class _Twins:
    """Copies of modules and configurations, each made once, and of values that refer to them."""

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """The twin of a module or configuration, or of a value that refers to one. Else the value itself."""
        if type(value) in _SHARED:
            return value
        if id(value) in self._known:
            return self._known[id(value)]
        if isinstance(value, dict):
            # Dicts are always copied, because modules keep their parameters, buffers, submodules and hooks in
            # them.
            own = value.copy()
            for key, part in value.items():
                own[key] = self.of(part)
            return own
        if isinstance(value, torch.nn.Module | PreTrainedConfig):
            if "_orig_mod" in (parts := vars(value)).get("_modules", ()):  # a model in `torch.compile`
                return self.of(value._orig_mod)
            twin: Any = object.__new__(cast(type, type(value)))
            self._known[id(value)] = twin  # first, because parts may refer back to the whole
            if isinstance(parts.get("forward"), FunctionType):
                raise ValueError(
                    f"The `forward` of a {type(value).__name__} was replaced by a function that is bound "
                    "to its module, so it cannot run on a copy. Replace it by a method (`module.forward = "
                    "types.MethodType(function, module)`), or pass the model's folder."
                )
            twin.__dict__.update({name: self.of(part) for name, part in parts.items()})
            for name in parts.get("_non_persistent_buffers_set", ()):
                if (buffer := twin._buffers.get(name)) is not None:
                    twin._buffers[name] = buffer.clone()
            if "_compiled_call_impl" in parts:
                twin.__dict__["_compiled_call_impl"] = None
            return twin
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.of(value.__self__))
        if isinstance(value, partial):
            return partial(self.of(value.func), *map(self.of, value.args), **self.of(value.keywords))
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        return value
