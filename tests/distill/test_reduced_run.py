"""The whole way, as a user starts it: a small world, a short pretraining, every stage, and again."""

import json
from pathlib import Path

import pytest
from starting import start_script

pytest.importorskip("trl", reason="needs the extra 'trl'")
pytest.importorskip("matplotlib", reason="needs the extra 'plots'")

FOLDER = Path(__file__).parents[2] / "examples" / "distill"
# The two write alike, and a student that reads one manner only has learned it after a quarter of the steps.
WORLD = ["--teachers", "stepwise", "careless", "--steps", "1200", "--questions", "100"]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reduced")

    def run(script, *options):
        return start_script(FOLDER / script, *options, folder=folder)

    run.folder = folder
    return run


def test_the_pipeline_completes_and_full_steps_teach(start):
    start("make_world.py", "--output", "distill-output/world", *WORLD)
    experiment = FOLDER / "experiments" / "reduced.toml"
    printed = start("run.py", experiment, "--output", "distill-output")
    output = start.folder / "distill-output"
    outcomes = {one["selection"]: one for one in json.loads((output / "reduced.json").read_text())}
    accuracy = {name: one["accuracy"]["mean"] for name, one in outcomes.items()}
    assert set(accuracy) == {"(untrained student)", "teacher stepwise", "teacher careless", "local"}
    assert all(0 <= share <= 1 for share in accuracy.values())
    assert accuracy["teacher stepwise"] > accuracy["(untrained student)"]
    assert all(one["tokens"] > 0 for name, one in outcomes.items() if name != "(untrained student)")
    tables = ["reduced.md", "reduced-criteria.md", "reduced-picks.md", "machine.md"]
    for name in [*tables, "reduced.svg", "reduced-criteria.svg"]:
        assert (output / name).stat().st_size > 0
    assert "] " in printed  # trainings were done, and are not done again:
    before = (output / "reduced.json").read_text()
    assert "] " not in start("run.py", experiment, "--output", "distill-output")
    assert (output / "reduced.json").read_text() == before
