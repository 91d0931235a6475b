"""The student and the candidates that ship with the library, for demos, examples and tests."""

from pathlib import Path

_FOLDER = Path(__file__).parent


def student_path() -> str:
    """Folder of a tiny causal language model with its tokenizer, as `Student` takes it."""
    return str(_FOLDER / "student")


def candidates_path() -> str:
    """JSON Lines file of prompts, each answered by several teachers."""
    return str(_FOLDER / "candidates.jsonl")
