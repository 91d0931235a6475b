"""Run the main job from an installed wheel; `make wheel` starts it away from the source tree."""

import sys
from pathlib import Path

import local_naturalness
from local_naturalness.cli import main

installed = Path(local_naturalness.__file__).parent
source = Path(__file__).parent.parent / "local_naturalness"
if installed == source:
    sys.exit(f"The wheel was not imported, the source tree was: {installed}")
if not (installed / "py.typed").exists():
    sys.exit("The wheel lacks py.typed.")
sys.exit(main(["demo", "--output", "demo"]))
