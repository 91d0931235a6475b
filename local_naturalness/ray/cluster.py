"""Whether a cluster has room for what is asked of it, and sees the folders that it needs.

Ray waits for ever for what it will never get; it is cheaper to be told.
"""

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Resources = Mapping[str, float]


def check_room(nodes: Sequence[Resources], num_actors: int, needs: Resources) -> None:
    """Refuse actors that would never start, or that would leave no CPU to read rows.

    Args:
        nodes: what each machine of the cluster has.
        num_actors: asked for.
        needs: of each actor.

    Raises:
        ValueError: with the largest number of actors that fit.

    >>> check_room([{"CPU": 4}, {"CPU": 4}], 7, {"CPU": 1})
    >>> check_room([{"CPU": 4}, {"CPU": 4}], 8, {"CPU": 1})
    Traceback (most recent call last):
    ...
    ValueError: 8 actors with CPU 1 each would take all of the cluster's CPU 8, and Ray waits for ever if \
no CPU is left to read rows. At most 7 actors leave one: pass `num_actors=7`, let each take less, or add a \
machine.
    """
    fitting = sum(_fitting(node, needs) for node in nodes)
    asked, there = _listed(needs), _listed({name: sum(n.get(name, 0) for n in nodes) for name in needs})
    if fitting < num_actors:
        raise ValueError(
            f"{num_actors} actors with {asked} each do not fit into the cluster, which has {there} on "
            f"{len(nodes)} machine{'s' * (len(nodes) != 1)}: {fitting} do. Pass a smaller `num_actors=` or "
            "smaller needs, or add machines."
        )
    with_reads = max(
        (
            fitting - _fitting(node, needs) + _fitting({**node, "CPU": node["CPU"] - 1}, needs)
            for node in nodes
            if node.get("CPU", 0) >= 1
        ),
        default=0,
    )
    if with_reads < num_actors:
        mend = f"pass `num_actors={with_reads}`, " if with_reads else ""
        raise ValueError(
            f"{num_actors} actors with {asked} each would take all of the cluster's {there}, and Ray waits "
            f"for ever if no CPU is left to read rows. At most {with_reads} actors leave one: {mend}let "
            "each take less, or add a machine."
        )


def checked_ray() -> Any:
    """The module `ray`.

    Raises:
        ImportError: it is not installed; the message names the extra.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ImportError("Ray is not installed: pip install 'local_naturalness[ray]'.") from error
    return ray


def alive_nodes() -> list[dict[str, float]]:
    """What each machine of the cluster has, those that are gone left out."""
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def check_visible(folder: str | os.PathLike[str]) -> None:
    """Refuse a folder that a machine of the cluster does not see.

    Raises:
        ValueError: with the address of that machine.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    token = Path(folder).absolute() / f".seen-{uuid.uuid4().hex}"
    token.parent.mkdir(parents=True, exist_ok=True)
    token.touch()
    try:
        exists: Any = ray.remote(num_cpus=0)(is_there)
        addresses = {n["NodeID"]: n["NodeManagerAddress"] for n in ray.nodes() if n["Alive"]}
        seen = {
            node: exists.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote(
                str(token)
            )
            for node in addresses
        }
        blind = sorted({addresses[node] for node, found in seen.items() if not ray.get(found)})
    finally:
        token.unlink()
    if blind:
        raise ValueError(
            f"The folder {str(folder)!r} is not the same one on {', '.join(blind)}: actors there could "
            "neither read nor keep scores. Choose a folder on a disk that all machines share."
        )


def is_there(path: str) -> bool:
    """Whether this machine sees a file."""
    return os.path.exists(path)


def _fitting(node: Resources, needs: Resources) -> int:
    """Actors for which one machine has room."""
    counts = [int(node.get(name, 0) / need + 1e-9) for name, need in needs.items() if need]
    return min(counts, default=1_000_000)


def _listed(resources: Resources) -> str:
    return ", ".join(f"{name} {amount:g}" for name, amount in resources.items())
