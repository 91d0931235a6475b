"""A scorer over a dataset of Ray Data."""

import logging
from typing import TYPE_CHECKING, Any

from local_naturalness.counted import counted
from local_naturalness.estimation.repeated_prompts import WORTHWHILE, prompt_cost, scattered_share
from local_naturalness.ray.actor import PROMPT_COLUMN, ScoringActor, as_arrow, with_prompts
from local_naturalness.ray.cluster import alive_nodes, check_room, check_visible, checked_ray
from local_naturalness.scorers.scorer import Scorer

if TYPE_CHECKING:
    import pyarrow as pa
    import ray.data

logger = logging.getLogger(__name__)

# Rows that tell how long prompts and responses are.
_SAMPLE = 64
# As Ray calls what an actor needs, and as its arguments call it.
_NEEDS = {"CPU": "num_cpus", "GPU": "num_gpus", "memory": "memory"}


def score(
    dataset: "ray.data.Dataset",
    scorer: Scorer,
    *,
    num_actors: int,
    num_gpus: float | None = None,
    batch_size: int = 64,
    together: bool = True,
    **resources: Any,
) -> "ray.data.Dataset":
    """Score the rows of a dataset of Ray Data with actors that load the student once each.

    The dataset gets the same columns as with `datasets.map`, with fixed types, after the existing ones.
    Nothing is computed before the result is consumed, except that the first rows are read to see how long
    prompts and responses are.

    Args:
        dataset (`ray.data.Dataset`):
            Rows in any shape that scorers read.
        scorer (`LocalScorer` or `GlobalScorer`):
            Each actor loads its student, and resolves `device` and `dtype="auto"` on its own machine. A
            student that you passed as a loaded model is read from a copy in the temporary folder of this
            machine. If there are several machines, pass a folder or a hub id instead. With a `store` on a
            shared disk, a run that was stopped can be continued.
        num_actors (`int`):
            Number of students that score at the same time.
        num_gpus (`float`, *optional*):
            GPUs per actor. By default, one if the cluster has any.
        batch_size (`int`, *optional*, defaults to 64):
            Rows per task. The actors finish at about the same time if there are about thirty tasks for
            each. Millions of tasks are a burden for the driver.
        together (`bool`, *optional*, defaults to `True`):
            Sort the rows by prompt if that saves more than a twentieth of the work. To be able to restore
            the order, number the rows in a column of your own beforehand.
        resources:
            Other arguments of `ray.data.Dataset.map_batches`: `num_cpus` (per actor, by default 1), `memory`,
            `resources`, `accelerator_type`, `runtime_env`, ...

    Returns:
        The dataset with the columns of the scorer.

    Raises:
        TypeError: `dataset` is not a dataset of Ray Data, or `scorer` is not a scorer.
        ValueError: a needed column is missing, the cluster has no room, or the store is not on a shared disk.

    Example:

    ```python
    import ray
    from local_naturalness import LocalScorer
    from local_naturalness.ray import score

    rows = ray.data.read_parquet("/shared/candidates")
    scorer = LocalScorer("Qwen/Qwen2.5-7B", store="/shared/scores")
    score(rows, scorer, num_actors=64).write_parquet("/shared/scored", mode="overwrite")
    ```
    """
    ray = checked_ray()
    _check_arguments(dataset, scorer, num_actors, batch_size)
    if not ray.is_initialized():
        ray.init()
    nodes = alive_nodes()
    if num_gpus is None:
        num_gpus = 1 if any(node.get("GPU") for node in nodes) else 0
    resources = {"num_cpus": 1, "num_gpus": num_gpus} | resources
    needs = {name: resources[argument] or 0 for name, argument in _NEEDS.items() if argument in resources}
    check_room(nodes, num_actors, needs | (resources.get("resources") or {}))
    if scorer.store is not None:
        check_visible(scorer.store)

    # Ray joins and cuts blocks of one kind only, and a union may hold pandas and Arrow ones.
    dataset = dataset.map_batches(as_arrow, batch_format="pyarrow", batch_size=None)
    sent = ray.cloudpickle.dumps(scorer)
    dtype = scorer.student.dtype_on("cuda" if num_gpus else "cpu")
    is_sorted, why = _may_be_sorted(_first_rows(dataset), scorer) if together else (False, "as they come")
    if is_sorted:
        keyed = dataset.map_batches(
            with_prompts,  # type: ignore[arg-type] # gets `sent` from `fn_kwargs`
            batch_format="pyarrow",
            batch_size=None,
            fn_kwargs={"sent": sent},
        )
        dataset = keyed.sort(PROMPT_COLUMN)
    logger.warning(
        "Ray: %s with %s in %s, %s a task, rows %s.",
        counted(num_actors, "actor"),
        f"{num_gpus:g} GPU each" if num_gpus else f"{resources['num_cpus']:g} CPU each",
        dtype,
        counted(batch_size, "row"),
        why,
    )
    # A block is a task. Where few blocks hold all rows, few actors would do all the work.
    return dataset.repartition(target_num_rows_per_block=batch_size).map_batches(
        ScoringActor,
        fn_constructor_kwargs={"sent": sent, "dtype": dtype},
        batch_format="pyarrow",
        batch_size=batch_size,
        # What waits at an actor cannot be given to another one that is free.
        compute=ray.data.ActorPoolStrategy(size=num_actors, max_tasks_in_flight_per_actor=1),
        udf_modifying_row_count=False,
        **resources,
    )


def _check_arguments(dataset: Any, scorer: Any, num_actors: Any, batch_size: Any) -> None:
    import ray.data

    if not isinstance(dataset, ray.data.Dataset):
        raise TypeError(
            f"`dataset` must be a `ray.data.Dataset`, found {type(dataset).__module__}."
            f"{type(dataset).__name__}: read it with `ray.data.read_parquet(...)`, or on one machine use "
            "`dataset.map(scorer, batched=True)`."
        )
    if not isinstance(scorer, Scorer):
        raise TypeError(f"`scorer` must be a LocalScorer or a GlobalScorer, found {type(scorer).__name__}.")
    for name, value in (("num_actors", num_actors), ("batch_size", batch_size)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"`{name}` must be a whole number from 1 on, found {value!r}.")


def _first_rows(dataset: "ray.data.Dataset") -> "pa.Table | None":
    batches = dataset.limit(_SAMPLE).iter_batches(batch_size=_SAMPLE, batch_format="pyarrow")
    return next(iter(batches), None)


def _may_be_sorted(rows: "pa.Table | None", scorer: Scorer) -> tuple[bool, str]:
    """Whether rows should be sorted by prompt, and in words what becomes of them and why."""
    if rows is None or not len(rows):
        return False, "as they come"
    share = prompt_cost(scorer, rows).saved(1.0)
    if share < WORTHWHILE:
        return False, f"as they come (prompts are {share:.0%} of the work)"
    keys = scorer.prompt_keys(rows)
    if len(set(keys)) < len(keys) and not scattered_share(keys):
        return False, "as they come (those of a prompt stand together)"
    return True, f"sorted by prompt (prompts are {share:.0%} of the work)"
