"""The scripts are no package: their folder is put where a user's `python examples/distill/run.py` has it."""

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "distill"
sys.path.insert(0, str(FOLDER))
