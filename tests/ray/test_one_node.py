"""Scoring with Ray Data on one node gives what a call gives, with the same types."""

import json
import logging
from pathlib import Path

import pyarrow as pa
import pytest

from local_naturalness import LocalScorer
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.estimation.prompts import prompt_cost, scattered_share
from local_naturalness.ray import score
from local_naturalness.ray.cluster import check_room

ray = pytest.importorskip("ray", reason="needs the extra ray")
pytest.importorskip("ray.data", reason="needs the extra ray")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of many kinds

ROWS = [json.loads(line) for line in Path(candidates_path()).read_text().splitlines()[:48]]
# Scattered prompts, and a block of its own in which nothing has a score.
TABLE = pa.concat_tables(
    [
        pa.Table.from_pylist([*ROWS[::2], *ROWS[1::2]]).select(["prompt", "response"]),
        pa.table({"prompt": ["Why?"] * 8, "response": pa.array([None] * 8, pa.string())}),
    ]
).append_column("row_id", pa.array(range(56)))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    ray.init(
        num_cpus=2,
        num_gpus=0,
        include_dashboard=False,
        object_store_memory=80 << 20,
        logging_level="error",
        log_to_driver=False,
        _temp_dir="/tmp/ray_of_tests",
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def test_as_a_call_gives(cluster, tmp_path, caplog):
    scorer = LocalScorer(student_path(), store=tmp_path / "store")
    expected = LocalScorer(student_path())(TABLE)
    with caplog.at_level(logging.WARNING):
        scored = score(ray.data.from_arrow(TABLE), scorer, num_actors=1, batch_size=8)
        scored.write_parquet(str(tmp_path / "scored"))
    assert "1 actors with 1 CPU each in float32, 8 rows a task, rows sorted by prompt" in caplog.text
    found = pa.parquet.read_table(tmp_path / "scored").sort_by("row_id")
    assert found.schema.remove_metadata() == expected.schema
    for name in set(expected.column_names) - {"local_naturalness"}:
        assert found[name].to_pylist() == expected[name].to_pylist(), name
    pairs = zip(*(t["local_naturalness"].to_pylist() for t in (found, expected)), strict=True)
    assert all(one == other or one == pytest.approx(other, abs=1e-5) for one, other in pairs)
    assert all(scorer.is_stored(TABLE))


def test_actors_that_take_all_cpus(cluster):
    with pytest.raises(ValueError, match=r"no CPU is left to read rows with.*`num_actors=1`"):
        score(ray.data.from_arrow(TABLE), LocalScorer(student_path()), num_actors=2)


def test_gpus_that_are_not_there(cluster):
    with pytest.raises(ValueError, match=r"2 actors with CPU 1, GPU 1 each do not fit .* GPU 0 .*: 0 do"):
        score(ray.data.from_arrow(TABLE), LocalScorer(student_path()), num_actors=2, num_gpus=1)


def test_columns_that_are_missing_are_told_at_once(cluster):
    rows = ray.data.from_arrow(TABLE.rename_columns(["question", "text", "row_id"]))
    with pytest.raises(ValueError, match="needs the column 'prompt'"):
        score(rows, LocalScorer(student_path()), num_actors=1)


@pytest.mark.parametrize(
    ("nodes", "actors", "needs", "message"),
    [
        ([{"CPU": 8, "GPU": 8}], 8, {"CPU": 1, "GPU": 1}, "At most 7"),
        ([{"CPU": 16, "GPU": 8}], 9, {"CPU": 1, "GPU": 1}, ": 8 do"),
        ([{"CPU": 3}, {"CPU": 3}], 3, {"CPU": 2}, ": 2 do"),
        ([{"CPU": 1}], 1, {"CPU": 1}, "At most 0 actors leave one: pass a smaller"),
        ([{"GPU": 8}], 1, {"GPU": 1}, "At most 0"),
    ],
)
def test_room(nodes, actors, needs, message):
    with pytest.raises(ValueError, match=message):
        check_room(nodes, actors, needs)


@pytest.mark.parametrize("needs", [{"CPU": 0.5, "GPU": 1}, {"CPU": 0, "GPU": 1}])
def test_room_for_actors_and_reads(needs):
    check_room([{"CPU": 5, "GPU": 8}], 8, needs)


def test_rows_together_cost_what_is_told():
    """Half of the rows find their prompt passed: what is saved is that share of the prompts' tokens."""
    scorer, prompt = LocalScorer(student_path()), "What is two and three, and why is it so?"
    rows = {"prompt": [prompt, prompt], "response": ["It is 5.", "Two and three are 5."]}
    cost = prompt_cost(scorer, rows)
    engine, windows = scorer.engine(), [w for row in scorer.planned(rows) for w in row.windows()]
    passed = sum(one.num_tokens for one in engine.paths.plan(windows, engine.max_tokens))
    assert passed == round(cost.passed_tokens * (1 - cost.saved(0.5)))


def test_rows_that_stand_together_are_not_scattered():
    keys = ["b", "a", "b", "c", "a"]
    assert scattered_share(["b", "b", "a", "a", "c"]) == 0 < scattered_share(keys)
