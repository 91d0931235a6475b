"""Save a student to a folder that can be used offline: safetensors, tokenizer and configuration.

You only need this for machines without a network, and for GGUF weights, which become float32. Otherwise, pass
the hub id of the student:

    python examples/distill/save_student.py HuggingFaceTB/SmolLM2-135M-Instruct students/SmolLM2-135M-Instruct
    python examples/distill/save_student.py FOLDER students/NAME --gguf-file model.q4.gguf

GGUF needs `pip install gguf accelerate`. Mind the licence of the weights before you pass the folder on.
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def save_student(source: str, folder: Path, gguf_file: str | None = None) -> int:
    """Write the student to the folder; returns the number of its parameters.

    Args:
        source: Hub id or folder.
        folder: Gets the files.
        gguf_file: Name of a GGUF file in `source`; without it the weights keep their type.
    """
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=gguf_file)
    dtype = torch.float32 if gguf_file else "auto"
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=gguf_file, dtype=dtype)
    if gguf_file:
        _forget_quantization(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model.num_parameters()


def _forget_quantization(model: torch.nn.Module) -> None:
    """Weights from GGUF are plain by now, but a model that is marked as quantised refuses to be saved."""
    model.hf_quantizer, model.is_quantized = None, False
    for owner, name in ((model, "quantization_method"), (model.config, "quantization_config")):
        if hasattr(owner, name):
            delattr(owner, name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="ID", help="hub id or folder")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--gguf-file", metavar="NAME", help="of the weights, in ID")
    options = parser.parse_args()
    count = save_student(options.source, options.folder, options.gguf_file)
    print(f"{options.folder}: {count:,} parameters")


if __name__ == "__main__":
    main()
