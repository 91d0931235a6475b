"""The scripts are no package: their folder is put where a user's `python examples/distill/run.py` has it."""

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "distill"
sys.path[:0] = [str(FOLDER), str(Path(__file__).parents[1])]  # and helpers that all tests share
