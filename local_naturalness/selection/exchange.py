"""Picks exchanged between teachers: a cap on one teacher's share, and a given mixture."""

import heapq
import logging
from collections.abc import Sequence

import numpy as np

from local_naturalness.selection.candidates import Ranking

logger = logging.getLogger(__name__)


def cap_teacher_share(
    ranking: Ranking, picked: np.ndarray, teacher: np.ndarray, share: float, names: Sequence[str]
) -> np.ndarray:
    """Exchange picks until no teacher holds more than `share` of them.

    While a teacher is above the share, its pick with the smallest gap to the next candidate of
    another teacher (one that has room) is exchanged for that candidate. Equal gaps: the earlier
    prompt.

    Args:
        ranking: The candidates.
        picked: Shape [eligible rows].
        teacher: Shape [eligible rows], codes into `names`.
        share: Above 0, at most 1.

    Returns:
        The new picks, shape [eligible rows]; as many as before.
    """
    picked = picked.copy()
    counts = np.bincount(teacher[picked], minlength=len(names))
    # The guard keeps a product like 0.29 * 100 = 28.999999999999996 from costing a pick.
    room = int(share * picked.sum() + 1e-9)
    end = len(ranking.rows)

    def exchange(pick: int) -> tuple[float, int, int] | None:
        place = int(ranking.start[pick])
        while place < end and ranking.start[place] == ranking.start[pick]:
            if not picked[place] and counts[teacher[place]] < room:
                return float(ranking.value[pick] - ranking.value[place]), pick, place
            place += 1
        return None

    above = np.flatnonzero(picked & (counts > room)[teacher])
    waiting = [found for pick in above.tolist() if (found := exchange(pick))]
    heapq.heapify(waiting)
    while waiting:
        _, pick, place = heapq.heappop(waiting)
        if counts[teacher[pick]] <= room:
            continue
        if picked[place] or counts[teacher[place]] >= room:
            # Taken or full since it was queued; a later candidate has a larger gap.
            if found := exchange(pick):
                heapq.heappush(waiting, found)
            continue
        picked[pick], picked[place] = False, True
        counts[teacher[pick]] -= 1
        counts[teacher[place]] += 1
    if (counts > room).any():
        worst = int(counts.argmax())
        logger.warning(
            "`max_teacher_share=%s` could not be met: %s still has %.3f of the picks, because no "
            "other teacher has a candidate left to exchange. Raise the share or relax the filters.",
            share,
            names[worst],
            counts[worst] / picked.sum(),
        )
    return picked


def match_teacher_counts(
    ranking: Ranking,
    picked: np.ndarray,
    teacher: np.ndarray,
    target: np.ndarray,
    names: Sequence[str],
) -> np.ndarray:
    """Exchange picks until each teacher has its target count.

    Surplus picks move along the shortest chain of teachers that share prompts, so a target that is
    attainable at all is attained. Among possible exchanges those with the smallest gap go first.

    Args:
        ranking: The candidates; with random values the result is a random selection.
        picked: Shape [eligible rows].
        teacher: Shape [eligible rows], codes into `names`.
        target: Shape [teachers], summing to the number of picks.

    Returns:
        The new picks, shape [eligible rows].
    """
    picked = picked.copy()
    while True:
        surplus = np.bincount(teacher[picked], minlength=len(names)) - target
        if not (surplus > 0).any():
            return picked
        gives, takes = _exchanges(ranking, picked, teacher)
        edges = teacher[gives] * len(names) + teacher[takes]
        chain = _shortest_chain(surplus, np.unique(edges), len(names))
        if not chain:
            missing = {names[i]: int(-surplus[i]) for i in np.flatnonzero(surplus < 0)}
            logger.warning(
                "The teacher shares of `match` are out of reach: no exchange left to give these "
                "teachers their missing picks: %s.",
                missing,
            )
            return picked
        moves = [_one_per_prompt(ranking, np.flatnonzero(edges == edge), gives) for edge in chain]
        source, target_teacher = chain[0] // len(names), chain[-1] % len(names)
        number = min(surplus[source], -surplus[target_teacher], *(len(move) for move in moves))
        for move in moves:
            picked[gives[move[:number]]] = False
            picked[takes[move[:number]]] = True


def _exchanges(ranking: Ranking, picked: np.ndarray, teacher: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All (pick, other candidate of the prompt by another teacher), smallest gap first."""
    gives, takes = [], []
    place = np.arange(len(picked))
    for offset in range(1, int(ranking.position.max(initial=0)) + 1):
        first = place[:-offset][ranking.start[:-offset] == ranking.start[offset:]]
        second = first + offset
        differ = (teacher[first] != teacher[second]) & (picked[first] != picked[second])
        first, second = first[differ], second[differ]
        gives.append(np.where(picked[first], first, second))
        takes.append(np.where(picked[first], second, first))
    give, take = (np.concatenate(parts or [place[:0]]) for parts in (gives, takes))
    order = np.lexsort((give, ranking.value[give] - ranking.value[take]))
    return give[order], take[order]


def _one_per_prompt(ranking: Ranking, candidates: np.ndarray, gives: np.ndarray) -> np.ndarray:
    _, first = np.unique(ranking.start[gives[candidates]], return_index=True)
    return candidates[np.sort(first)]


def _shortest_chain(surplus: np.ndarray, edges: np.ndarray, num_teachers: int) -> list[int]:
    """Edges (giver * num_teachers + taker) from a teacher with surplus to one with a deficit."""
    came_by: dict[int, int] = {}
    frontier = [int(teacher) for teacher in np.flatnonzero(surplus > 0)]
    seen = set(frontier)
    while frontier:
        reached = []
        for edge in edges:
            giver, taker = divmod(int(edge), num_teachers)
            if giver not in frontier or taker in seen:
                continue
            seen.add(taker)
            reached.append(taker)
            came_by[taker] = int(edge)
            if surplus[taker] < 0:
                chain = [int(edge)]
                while (giver := chain[0] // num_teachers) in came_by:
                    chain.insert(0, came_by[giver])
                return chain
        frontier = reached
    return []
