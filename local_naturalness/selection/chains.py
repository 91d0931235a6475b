"""Surplus picks moved along chains of teachers that share prompts."""

import numpy as np

from local_naturalness.selection.candidates import Ranking


def move_surplus(ranking: Ranking, picked: np.ndarray, teacher: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Exchange picks until no teacher has more than its limit, as far as possible.

    Surplus picks move along the shortest chain of teachers that share prompts: these are the augmenting
    paths of a flow from teachers above their limit to teachers below it, so that what no chain can move no
    exchange can. Among possible exchanges those with the smallest gap go first.

    Args:
        ranking: The candidates.
        picked: Shape [eligible rows].
        teacher: Shape [eligible rows], teacher codes.
        limit: Shape [teachers].

    Returns:
        The new picks, shape [eligible rows]; as many per prompt as before.
    """
    picked = picked.copy()
    while True:
        surplus = np.bincount(teacher[picked], minlength=len(limit)) - limit
        if not (surplus > 0).any():
            return picked
        gives, takes = _exchanges(ranking, picked, teacher)
        edges = teacher[gives] * len(limit) + teacher[takes]
        chain = _shortest_chain(surplus, np.unique(edges), len(limit))
        if not chain:
            return picked
        moves = [_one_per_prompt(ranking, np.flatnonzero(edges == edge), gives) for edge in chain]
        source, target = chain[0] // len(limit), chain[-1] % len(limit)
        number = min(surplus[source], -surplus[target], *(len(move) for move in moves))
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
