"""Whether a folder holds the files that a student is loaded from, and a sentence about what is missing."""

import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatch
from pathlib import Path

from local_naturalness.student.load_errors import some

INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
# What decides the numbers of a model.
_OF_MODEL = ("*.safetensors", INDEX, "config.json", "*.py", "adapter_config.json")
# Folders in which training leaves one model each.
_CHECKPOINTS = "checkpoint-*/config.json"


def check_links(folder: Path, patterns: Collection[str] = _OF_MODEL) -> None:
    """Refuse files that are links to nothing.

    Raises:
        FileNotFoundError: naming the file and where its link leads.
    """
    for path in sorted(folder.iterdir()):
        is_needed = any(fnmatch(path.name, pattern) for pattern in patterns)
        if is_needed and path.is_symlink() and not path.exists():
            raise FileNotFoundError(
                f"`{path.name}` of the student folder {folder.name!r} is a link to {str(path.readlink())!r}, "
                "which does not exist. Download the model again, or copy the folder from where it was "
                "complete, with its links followed (`cp -rL`)."
            )


def check_weights(folder: Path, named: str | None) -> None:
    """Refuse a folder without weights that can be loaded.

    Args:
        folder: folder of a student that is not an adapter.
        named: file of weights that its configuration names, if it names one.

    Raises:
        FileNotFoundError: saying what was needed, what the folder holds, and what to do.
    """
    if not (folder / "config.json").exists():
        inner = sorted(path.parent.name for path in folder.glob(_CHECKPOINTS))
        raise FileNotFoundError(
            f"The student folder {folder.name!r} holds no `config.json`. It holds {_listed(folder)}. "
            + (f"Pass the folder of one checkpoint, such as {inner[0]!r}." if inner else _remedy(folder))
        )
    expected = [named] if named else ["model.safetensors", INDEX]
    if any((folder / name).is_file() for name in expected):
        return
    if shards := sorted(path.name for path in folder.iterdir() if SHARD.fullmatch(path.name)):
        raise FileNotFoundError(
            f"The student folder {folder.name!r} holds {some(shards)}, but not `{INDEX}`, which tells which "
            "tensor is in which file. Copy or download that file too."
        )
    several = "" if named else f", and no `{INDEX}` with weights in several files"
    raise FileNotFoundError(
        f"The student folder {folder.name!r} holds no `{expected[0]}`{several}. It holds {_listed(folder)}. "
        f"{_remedy(folder)}"
    )


def check_shards(folder: Path, shards: Iterable[str]) -> None:
    """Refuse a folder that lacks files of weights that its index names.

    Raises:
        FileNotFoundError: naming them.
    """
    shards = sorted(set(shards))
    if missing := [name for name in shards if not (folder / name).is_file()]:
        raise FileNotFoundError(
            f"The student folder {folder.name!r} lacks {some(missing)}, which its index names. It holds "
            f"{len(shards) - len(missing)} of {len(shards)} files of weights: copy or download the others."
        )


def check_gguf(folder: Path, gguf_file: str) -> None:
    """Refuse the name of a GGUF file that is not there.

    Raises:
        FileNotFoundError: with the names of those that are.
    """
    if not (folder / gguf_file).is_file():
        others = sorted(path.name for path in folder.glob("*.gguf"))
        held = f"Its GGUF files are {some(others)}." if others else f"It holds {_listed(folder)}."
        raise FileNotFoundError(f"The student folder {folder.name!r} holds no {gguf_file!r}. {held}")


def _remedy(folder: Path) -> str:
    if gguf := sorted(path.name for path in folder.glob("*.gguf")):
        return f"Pass `gguf_file={gguf[0]!r}` to read a GGUF file."
    if (folder / "adapter_model.safetensors").exists():
        return "An adapter also needs its `adapter_config.json`."
    if any(folder.glob("*.safetensors")) and not (folder / "config.json").exists():
        return "Copy that file from where the weights come from."
    return "Save the model with `model.save_pretrained(folder)`; other weight formats are not read."


def _listed(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())
    return some(names) if names else "nothing"
