"""The actor that runs on the machines of a cluster: it holds one student and scores tables."""

import functools
import os
import pickle
from typing import Any

import pyarrow as pa

# Column by which rows are sorted; it is gone from what actors give back.
PROMPT_COLUMN = "_local_naturalness_prompt"


class ScoringActor:
    """Holds a scorer with its student loaded, for as long as it lives.

    Args:
        sent: pickle of the scorer, made by `cloudpickle`.
        dtype: number type that all actors compute in.

    Raises:
        RuntimeError: this machine would compute in another one.
    """

    def __init__(self, sent: bytes, dtype: str):
        import ray
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # of loading: hundreds of actors share one log
        # An actor that asked for no GPU sees all of them, and so would every other one on this machine.
        if not ray.get_runtime_context().get_accelerator_ids().get("GPU"):
            os.environ["CUDA_VISIBLE_DEVICES"] = ""
        self._scorer = pickle.loads(sent)
        found = self._scorer.student.dtype
        if found != dtype:
            raise RuntimeError(
                f"On the node {ray.util.get_node_ip_address()} the student would be scored in {found}, on "
                f"the others in {dtype}, and such scores must not be mixed: torch finds no GPU there that "
                f"it can use. Fix that machine, or pass `dtype={found!r}` for all."
            )
        self._scorer.student.model()

    def __call__(self, table: pa.Table) -> pa.Table:
        if PROMPT_COLUMN in table.column_names:
            table = table.drop_columns([PROMPT_COLUMN])
        return self._scorer(table)


def as_arrow(table: pa.Table) -> pa.Table:
    """A table as it comes: Ray has made it of whatever the block was."""
    return table


def with_prompts(table: pa.Table, sent: bytes) -> pa.Table:
    """A table with a key of each row's prompt, to sort by."""
    keys = [key or "" for key in _scorer(sent).prompt_keys(table)]
    return table.append_column(PROMPT_COLUMN, pa.array(keys, pa.string()))


@functools.lru_cache(maxsize=1)
def _scorer(sent: bytes) -> Any:
    return pickle.loads(sent)
