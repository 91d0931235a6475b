"""`score --ray`: actors of a Ray cluster score the rows, and this process writes the table.

Actors put their scores into the store of the output folder. Then the table is written as in any other run,
which finds every row in the store. So the format, the statuses and resuming are the same.
"""

import argparse
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from local_naturalness.cli.error_messages import option_name
from local_naturalness.cli.work_order import response_column, work_in
from local_naturalness.scorers.written_columns import SCORED

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

    from local_naturalness.scorers.scorer import Scorer

# Blocks in a file that a task reads. With this size, there are enough files for many tasks, and few enough to
# list.
_BLOCKS_OF_A_FILE = 64
_SECONDS_TO_ANSWER = 10.0
# HTTP/2 connections begin with this greeting, and both sides send a settings frame first (RFC 9113, 3.4).
_SETTINGS = b"\4"
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0" + _SETTINGS + b"\0" * 5
# Column with the work in each row, to estimate the time left.
_WORK = "_local_naturalness_work"


def check_cluster_options(options: argparse.Namespace) -> None:
    """Check that the options fit together.

    Raises:
        ValueError: an option is missing, or cannot be combined with the others.
    """
    if options.ray is None:
        for option in ("num_actors", "gpus_per_actor"):
            if getattr(options, option) is not None:
                raise ValueError(f"{option_name(option)} is for a Ray cluster: add --ray.")
        return
    if options.num_actors is None:
        raise ValueError("--ray needs --num-actors, the number of students that score at the same time.")
    for option in ("num_proc", "shard_index", "num_shards"):
        if getattr(options, option) is not None:
            raise ValueError(
                f"{option_name(option)} divides the rows in another way than --ray: leave one of the two out."
            )


@contextmanager
def cluster(options: argparse.Namespace, dataset: "Dataset", scores: Path) -> Iterator[None]:
    """Connect to the cluster that the options name, if any row is left to score. Nothing is written yet.

    If `--dtype` is `auto`, it is set to the dtype for the machines that score, because this machine may have
    another kind of device.

    Args:
        options: options of the command.
        dataset: rows to score.
        scores: store of the output folder.

    Raises:
        ImportError: Ray is not installed.
        ValueError: no cluster answers, or it has no room.
    """
    if options.ray is not None and _is_finished(options, dataset, scores):
        options.ray = None
    if options.ray is None:
        yield
        return
    from local_naturalness.ray.cluster import alive_nodes, check_room, checked_ray
    from local_naturalness.student.devices import dtype_name

    ray = checked_ray()
    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(options.ray or os.environ.get("RAY_ADDRESS"))
    # Ray logs its execution plans. This command prints its own decisions.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        nodes = alive_nodes()
        if options.gpus_per_actor is None:
            options.gpus_per_actor = 1 if any(node.get("GPU") for node in nodes) else 0
        check_room(nodes, options.num_actors, {"CPU": 1, "GPU": options.gpus_per_actor})
        if options.dtype == "auto":
            device = options.device or ("cuda" if options.gpus_per_actor else "cpu")
            options.dtype = dtype_name("auto", device)
        yield
    finally:
        if is_ours:
            ray.shutdown()


def _is_finished(options: argparse.Namespace, dataset: "Dataset", scores: Path) -> bool:
    """Whether every row has a score in the store. If so, `options.dtype` becomes the dtype of the scores."""
    from local_naturalness.cli.scored_rows import is_all_finished
    from local_naturalness.cli.scoring_options import make_scorer
    from local_naturalness.spec import read_spec
    from local_naturalness.store.manifest import kept_spec

    if (spec := kept_spec(scores)) is None:
        return False
    dtype = read_spec(spec)["dtype"] if options.dtype == "auto" else options.dtype
    named = argparse.Namespace(**vars(options) | {"dtype": dtype})
    if is_finished := is_all_finished(dataset, make_scorer(named, store=scores)):
        options.dtype = dtype
    return is_finished


def _connect(address: str | None) -> None:
    import ray

    try:
        if found := re.fullmatch(r"([\w.-]+):(\d+)", address or ""):
            _check_answers(found[1], int(found[2]))
        ray.init(address=address, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"No Ray cluster answers at {address!r} ({' '.join(str(error).split())}). Start one with "
            "`ray start`, or leave out the address to use this machine alone."
        ) from error


def _check_answers(host: str, port: int) -> None:
    """Check that a Ray cluster may be listening. Ray itself would try to connect for a quarter of an hour.

    Raises:
        OSError: nothing listens there, or it does not speak HTTP/2, which Ray's protocol is based on.
    """
    import ray

    if host in ("localhost", "127.0.0.1"):
        host = ray.util.get_node_ip_address()  # as Ray does
    with socket.create_connection((host, port), _SECONDS_TO_ANSWER) as connection:
        if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
            return
        connection.sendall(_HTTP2_GREETING)
        if connection.recv(9)[3:4] != _SETTINGS:
            raise OSError("what listens there is something else")


def fill_store(
    dataset: "Dataset",
    scorer: "Scorer",
    place: Path,
    options: argparse.Namespace,
    note: Callable[[int, int, int], object],
) -> None:
    """Score rows on the cluster. Afterwards, their scores are in the scorer's store.

    Args:
        dataset: rows that have no score yet.
        scorer: a scorer with a store on a disk that all machines share.
        place: folder for temporary files, on the same disk.
        options: options of the command.
        note: called with the number of rows, tokens and units of work that were just done.
    """
    import ray.data

    from local_naturalness.ray import score

    ray.data.DataContext.get_current().enable_progress_bars = False
    files = _written(dataset, place, options.shard_rows * _BLOCKS_OF_A_FILE)
    status, tokens = f"{scorer.criterion}_status{options.suffix}", f"num_tokens{options.suffix}"
    scored = score(
        ray.data.read_parquet(files).map_batches(
            with_work,  # type: ignore[arg-type] # gets `column` from `fn_kwargs`
            batch_format="pyarrow",
            batch_size=None,
            fn_kwargs={"column": response_column(scorer)},
        ),
        scorer,
        num_actors=options.num_actors,
        num_gpus=options.gpus_per_actor,
        batch_size=options.shard_rows,
        together=False,  # the rows are in the order of work
    ).select_columns([status, tokens, _WORK])
    try:
        for batch in scored.iter_batches(batch_size=None, batch_format="pyarrow"):
            note(len(batch), _scored_tokens(batch, status, tokens), pc.sum(batch[_WORK]).as_py())
    except Exception as error:
        raise _own(error) from error


def _written(dataset: "Dataset", place: Path, rows_of_a_file: int) -> list[str]:
    """Write the rows to Parquet files that the machines of the cluster can read."""
    from local_naturalness.cli.scored_rows import write_rows
    from local_naturalness.store.part import part_name

    starts = range(0, len(dataset), rows_of_a_file)
    files = [place / f"{part_name(number, len(starts))}.parquet" for number in range(len(starts))]
    for start, file in zip(starts, files, strict=True):
        write_rows(dataset.select(range(start, min(start + rows_of_a_file, len(dataset)))), file)
    return list(map(str, files))


def with_work(table: "pa.Table", column: str) -> "pa.Table":
    """A table with a column for the work in each row."""
    return table.append_column(_WORK, [work_in(table[column])])


def _scored_tokens(batch: "pa.Table", status: str, tokens: str) -> int:
    has_score = np.isin(batch[status].to_pylist(), list(SCORED))
    return int(np.array(batch[tokens].to_pylist())[has_score].sum())


def _own(error: Exception) -> Exception:
    """The error that an actor raised, without the errors that Ray wraps around it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError | TypeError | ValueError) and type(cause).__module__ != "ray.exceptions":
            return type(cause)(*cause.args)
        cause = getattr(cause, "cause", None) or cause.__cause__
    return error
