"""Nodes, actors and drivers that are gone in the middle of a run: every row comes out once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness import LocalScorer
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.ray import score

ray = pytest.importorskip("ray", reason="needs the extra ray")
pytest.importorskip("ray.data", reason="needs the extra ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own, of many kinds

SUPPORT = Path(__file__).parents[1] / "support"
HANGS = 300  # seconds
SMALL = {"object_store_memory": 80 << 20, "include_dashboard": False}
ROWS = [json.loads(line) for line in Path(candidates_path()).read_text().splitlines()[:80]]
TABLE = pa.table(
    {
        "row_id": range(2 * len(ROWS)),
        "prompt": [row["prompt"] for row in ROWS] * 2,
        "response": [f"{start}{row['response']}" for start in ("", "Well. ") for row in ROWS],
    }
)


@pytest.fixture(scope="module")
def expected():
    return LocalScorer(student_path())(TABLE)


@contextmanager
def started():
    """A cluster of this machine alone."""
    with tempfile.TemporaryDirectory(prefix="ray_", ignore_cleanup_errors=True) as folder:
        ray.init(num_cpus=2, _temp_dir=folder, log_to_driver=False, logging_level="error", **SMALL)
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield
        ray.shutdown()


@pytest.fixture
def cluster(monkeypatch):
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray_")  # short: names of sockets have a limit
    monkeypatch.setenv("RAY_TMPDIR", folder)
    Path(folder, "ray").mkdir()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, **SMALL}, connect=False)
    cluster.second = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


def actors():
    """Processes of this run's actors, and of no other cluster."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.cmdline() and "ScoringActor" in process.cmdline()[0]
    ]


def assert_every_row_once(found, expected):
    found = found.sort_by("row_id")
    assert found["row_id"].to_pylist() == expected["row_id"].to_pylist()
    for name in ("local_naturalness_status", "local_naturalness_spec", "num_tokens", "prompt_key"):
        assert found[name].to_pylist() == expected[name].to_pylist(), name
    assert found["local_naturalness"].to_pylist() == pytest.approx(
        expected["local_naturalness"].to_pylist(), abs=1e-5
    )


def scored_with(disturb, dataset):
    """The rows of a scored dataset, with a disturbance after the first batch."""
    batches = dataset.iter_batches(batch_size=8, batch_format="pyarrow", prefetch_batches=0)
    found = [next(iterator := iter(batches))]
    disturb()
    return pa.concat_tables([*found, *iterator])


def test_a_node_is_removed(cluster, expected):
    dataset = score(ray.data.from_arrow(TABLE), LocalScorer(student_path()), num_actors=2, batch_size=8)
    found = scored_with(lambda: cluster.remove_node(cluster.second, allow_graceful=False), dataset)
    assert_every_row_once(found, expected)


def test_an_actor_is_killed(cluster, expected, tmp_path):
    scorer = LocalScorer(student_path(), store=tmp_path)
    killed = []

    def kill():
        killed.extend(actors())
        killed[0].kill()

    dataset = score(ray.data.from_arrow(TABLE), scorer, num_actors=2, batch_size=8)
    assert_every_row_once(scored_with(kill, dataset), expected)
    assert killed


def test_a_block_that_raises_is_told(cluster):
    """Not skipped: a row that cannot be read is no row without a score."""
    broken = ray.data.from_arrow(TABLE.set_column(2, "response", TABLE["row_id"]))
    with pytest.raises(Exception, match="The column 'response' must hold texts, found"):
        score(broken, LocalScorer(student_path()), num_actors=2, together=False).materialize()


def test_a_task_is_out_of_memory(tmp_path, monkeypatch):
    """Ray kills the actor that takes too much and gives its rows to it again once it has started anew."""
    from greedy_template import GIGABYTES, greedy

    memory = psutil.virtual_memory()
    if memory.available < (GIGABYTES + 3) << 30:
        pytest.skip("needs memory to take")
    limit = (memory.total - memory.available) / memory.total + (GIGABYTES - 1) * (1 << 30) / memory.total
    monkeypatch.setenv("RAY_memory_usage_threshold", f"{limit:.3f}")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "50")
    monkeypatch.setenv("GREEDY_ONCE", str(tmp_path / "was_greedy"))
    environment = {name: os.environ[name] for name in ("GREEDY_ONCE",)} | {"PYTHONPATH": str(SUPPORT)}
    scorer = LocalScorer(student_path(), prompt_template=greedy)
    with started():
        found = score(
            ray.data.from_arrow(TABLE.slice(0, 64)),
            scorer,
            num_actors=1,
            batch_size=8,
            runtime_env={"env_vars": environment},
        )
        found = pa.concat_tables(found.iter_batches(batch_size=None, batch_format="pyarrow"))
    starts = (tmp_path / "was_greedy").read_text().split()
    assert len(starts) == 2, "the actor was not killed"
    assert_every_row_once(found, LocalScorer(student_path(), prompt_template=greedy)(TABLE.slice(0, 64)))


def killed_and_run_again(command, shards, environment=None):
    """The number of shards that were kept; the second run must succeed."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as driver:
        until = time.monotonic() + HANGS
        while len(shards()) < 3:
            assert driver.poll() is None and time.monotonic() < until
            time.sleep(0.2)
        left = psutil.Process(driver.pid).children(recursive=True)
        driver.send_signal(signal.SIGKILL)
    kept = len(shards())
    psutil.wait_procs(left, timeout=60)  # Ray's processes end with their driver
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANGS, env=environment)
    assert done.returncode == 0, done.stderr
    return kept


def assert_each_content_once(shards):
    """Nothing was scored twice."""
    keys = [key for shard in shards() for key in pq.read_table(shard)["key"].to_pylist()]
    contents = set(zip(TABLE["prompt"].to_pylist(), TABLE["response"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys)) == len(contents)


def test_a_driver_is_killed_and_run_again(expected, tmp_path):
    source, store, output = tmp_path / "rows.parquet", tmp_path / "store", tmp_path / "scored"
    pq.write_table(TABLE, source)

    def shards():
        return sorted(store.glob("*.parquet"))

    kept = killed_and_run_again(
        [sys.executable, SUPPORT / "score_with_ray.py", source, store, output], shards
    )
    assert_every_row_once(pq.read_table(output), expected)
    assert len(shards()) > kept
    assert_each_content_once(shards)


def test_the_command_is_killed_and_run_again(expected, tmp_path):
    source, output = tmp_path / "rows.parquet", tmp_path / "scored"
    pq.write_table(TABLE, source)

    def shards():
        return sorted((output / ".local_naturalness" / "scores").glob("*.parquet"))

    words = ["score", source, "--student", student_path(), "--output", output, "--shard-rows", "8"]
    with tempfile.TemporaryDirectory(prefix="ray_") as folder:
        killed_and_run_again(
            [sys.executable, "-m", "local_naturalness", *words, "--ray", "--num-actors", "1"],
            shards,
            os.environ | {"RAY_TMPDIR": folder},
        )
    found = pq.read_table(output / "scored.parquet")
    assert found["row_id"].to_pylist() == TABLE["row_id"].to_pylist()  # in the order of the input
    assert_every_row_once(found, expected)
    assert_each_content_once(shards)
