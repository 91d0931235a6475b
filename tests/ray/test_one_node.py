"""Scoring with Ray Data on one node gives what a call gives, with the same types."""

import json
import logging
import re
import socket
import sys
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness import LocalScorer
from local_naturalness.cli import main, on_ray
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.estimation.repeated_prompts import prompt_cost, scattered_share
from local_naturalness.ray import score
from local_naturalness.ray.actor import ScoringActor
from local_naturalness.ray.cluster import check_room
from local_naturalness.scorers.scorer import Scorer

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
        num_cpus=3,
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
    assert "1 actor with 1 CPU each in float32, 8 rows a task, rows sorted by prompt" in caplog.text
    found = pa.parquet.read_table(tmp_path / "scored").sort_by("row_id")
    assert found.schema.remove_metadata() == expected.schema
    for name in set(expected.column_names) - {"local_naturalness"}:
        assert found[name].to_pylist() == expected[name].to_pylist(), name
    pairs = zip(*(t["local_naturalness"].to_pylist() for t in (found, expected)), strict=True)
    assert all(one == other or one == pytest.approx(other, abs=1e-5) for one, other in pairs)
    assert all(scorer.is_stored(TABLE))


@pytest.mark.parametrize("together", [True, False])
def test_blocks_of_pandas_and_of_arrow(cluster, together):
    rows = TABLE.select(["prompt", "response", "row_id"])
    frame = rows.slice(0, 4).to_pandas()
    blocks = ray.data.from_pandas(frame).union(ray.data.from_arrow([rows.slice(4, 4), rows.slice(50, 2)]))
    scored = score(blocks, LocalScorer(student_path()), num_actors=1, batch_size=4, together=together)
    found = sorted(scored.take_all(), key=lambda row: row["row_id"])
    expected = LocalScorer(student_path())(
        pa.concat_tables([rows.slice(0, 8), rows.slice(50, 2)])
    ).to_pylist()
    for one, other in zip(found, expected, strict=True):
        assert one == other | {"local_naturalness": pytest.approx(other["local_naturalness"], abs=1e-5)}


def test_an_actor_that_would_compute_in_another_number_type(cluster, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # which the actor sets
    sent = ray.cloudpickle.dumps(LocalScorer(student_path()))
    with pytest.raises(RuntimeError, match="in float32, on the others in bfloat16, and such scores must not"):
        ScoringActor(sent, "bfloat16")


def test_actors_that_take_all_cpus(cluster):
    with pytest.raises(ValueError, match=r"no CPU is left to read rows.*`num_actors=2`"):
        score(ray.data.from_arrow(TABLE), LocalScorer(student_path()), num_actors=3)


def test_gpus_that_are_not_there(cluster):
    with pytest.raises(ValueError, match=r"2 actors with CPU 1, GPU 1 each do not fit .* GPU 0 .*: 0 do"):
        score(ray.data.from_arrow(TABLE), LocalScorer(student_path()), num_actors=2, num_gpus=1)


@pytest.fixture
def command(tmp_path):
    """`score` of conversations, one without a response, into an output folder."""
    rows = [
        {
            "row_id": number,
            "messages": [
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": None if number == 3 else row["response"]},
            ],
            "tags": None if number == 13 else [row["response"]],
        }
        for number, row in enumerate(ROWS[:20])
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["score", str(source), "--student", student_path(), "--shard-rows", "4", "--output"]
    return lambda name, *more: main([*words, str(tmp_path / name), *more])


def test_the_command_writes_what_it_writes_without_a_cluster(cluster, command, tmp_path, capsys, monkeypatch):
    assert command("one") == 0
    monkeypatch.setattr(Scorer, "_score", None)  # nothing is scored in this process
    assert command("other", "--ray", "--num-actors", "2") == 0
    said = capsys.readouterr()
    assert "Scored before: 0 of 20 rows; left: 20." in said.out
    # Whatever lengths they have: the time left goes by the text that is left.
    assert re.search(r"Scoring with student: 20 of 20 rows, [\d,]+ tokens/s, ETA 00:00\n", said.err)
    one, other = (pq.read_table(tmp_path / name / "scored.parquet") for name in ("one", "other"))
    assert one.schema.equals(other.schema)
    for name in set(one.column_names) - {"local_naturalness"}:
        assert one[name].to_pylist() == other[name].to_pylist(), name
    pairs = zip(*(t["local_naturalness"].to_pylist() for t in (one, other)), strict=True)
    assert all(a == b or a == pytest.approx(b, abs=1e-5) for a, b in pairs)
    hidden = tmp_path / "other" / ".local_naturalness"
    assert sorted(path.name for path in hidden.iterdir()) == ["00000-of-00001.lock", "scores"]
    # Then no cluster is needed, and one without room does no harm.
    assert command("other", "--ray", "--num-actors", "9") == command("other") == 0
    assert "Scored before: 20 of 20 rows; left: 0." in capsys.readouterr().out


def test_a_folder_that_is_finished_in_another_number_type(cluster, command):
    """Decided by the machines that have scored it, not by this one."""
    assert command("one", "--dtype", "bfloat16") == 0
    assert command("one", "--ray", "--num-actors", "9") == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--ray"], "--ray needs --num-actors"),
        (["--num-actors", "2"], "--num-actors is for a Ray cluster: add --ray"),
        (["--ray", "--num-actors", "2", "--num-proc", "2"], "--num-proc divides the rows in another way"),
        (
            ["--ray", "--num-actors", "3"],
            "leave one: pass --num-actors 2, let each take less, or add a machine",
        ),
        (["--ray", "--num-actors", "2", "--gpus-per-actor", "1"], "has CPU 3, GPU 0 on 1 machine: 0 do"),
    ],
    ids=" ".join,
)
def test_the_command_refuses_in_a_sentence(words, says, cluster, command, tmp_path, capsys):
    assert command("output", *words) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


def test_a_folder_that_actors_do_not_see(cluster, command, monkeypatch, capsys):
    monkeypatch.setattr("local_naturalness.ray.cluster.is_there", lambda path: False)
    assert command("output", "--ray", "--num-actors", "2") == 2
    assert "is not the same one on" in capsys.readouterr().err


def test_wrong_steps_are_told_as_without_a_cluster(cluster, command, capsys):
    said = []
    for name, words in (("one", []), ("other", ["--ray", "--num-actors", "2"])):
        assert command(name, "--steps-column", "tags", *words) == 2
        said.append(capsys.readouterr().err.splitlines()[-1])
    assert said[0] == said[1] and "Row 13, column 'tags'" in said[0]


def with_nobody():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def greeting(first):
    """An address where somebody says something as soon as a connection is made."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        with server, server.accept()[0] as connection:
            if first:
                connection.sendall(first)
            connection.recv(1000)
            connection.recv(1000)

    Thread(target=answer, daemon=True).start()
    return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (with_nobody, "Connection refused"),
        (lambda: greeting(b""), "timed out"),
        (lambda: greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "something else"),
    ],
    ids=["nobody", "silence", "another server"],
)
def test_an_address_where_no_cluster_answers(address, says, monkeypatch):
    monkeypatch.setattr(on_ray, "_SECONDS_TO_ANSWER", 0.5)
    monkeypatch.setattr(ray.util, "get_node_ip_address", lambda: "127.0.0.1")
    monkeypatch.setattr(ray, "init", None)  # would try for a quarter of an hour
    with pytest.raises(ValueError, match=f"No Ray cluster answers at '127.0.0.1:.*{says}.*ray start"):
        on_ray._connect(address())


def test_a_cluster_answers(cluster):
    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    on_ray._check_answers(host, int(port))


def test_what_an_actor_refuses_is_told_in_its_words():
    outer = RuntimeError("ray::map() failed, pid=7")
    outer.__cause__ = middle = Exception("in the task")
    middle.cause = ValueError("A row has `tools`.")
    assert str(on_ray._own(outer)) == "A row has `tools`." and isinstance(on_ray._own(outer), ValueError)
    assert on_ray._own(gone := RuntimeError("the cluster is gone")) is gone


def test_ray_that_is_not_installed(command, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert command("output", "--ray", "--num-actors", "2") == 2
    assert "error: Ray is not installed: pip install 'local_naturalness[ray]'." in capsys.readouterr().err


def test_columns_that_are_missing_are_told_at_once(cluster):
    rows = ray.data.from_arrow(TABLE.rename_columns(["question", "text", "row_id"]))
    with pytest.raises(ValueError, match="needs the columns 'prompt' and 'response'"):
        score(rows, LocalScorer(student_path()), num_actors=1)


@pytest.mark.parametrize(
    ("nodes", "actors", "needs", "message"),
    [
        ([{"CPU": 8, "GPU": 8}], 8, {"CPU": 1, "GPU": 1}, "At most 7"),
        ([{"CPU": 16, "GPU": 8}], 9, {"CPU": 1, "GPU": 1}, ": 8 do"),
        ([{"CPU": 3}, {"CPU": 3}], 3, {"CPU": 2}, ": 2 do"),
        ([{"CPU": 1}], 1, {"CPU": 1}, "At most 0 actors leave one: let each take less"),
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
