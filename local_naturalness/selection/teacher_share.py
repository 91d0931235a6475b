"""Picks exchanged between teachers: a cap on one teacher's share, and a given mixture."""

import heapq
import logging
import math
from collections.abc import Sequence

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.selection.candidates import Ranking
from local_naturalness.selection.chains import move_surplus

logger = logging.getLogger(__name__)


def cap_teacher_share(
    ranking: Ranking, picked: np.ndarray, teacher: np.ndarray, share: float, names: Sequence[str]
) -> np.ndarray:
    """Exchange picks until no teacher holds more than `share` of them.

    While a teacher is above the share, its pick with the smallest gap to the next candidate of
    another teacher (one that has room) is exchanged for that candidate. Equal gaps: the earlier
    prompt. If only teachers without room are left, these pass picks on to others.

    Args:
        ranking: The candidates.
        picked: Shape [eligible rows].
        teacher: Shape [eligible rows], codes into `names`.
        share: Above 0, at most 1.

    Returns:
        The new picks, shape [eligible rows]; as many as before.

    Raises:
        ValueError: So few teachers cannot all stay below the share.
    """
    num_picks, num_teachers = int(picked.sum()), len(np.unique(teacher))
    if share * num_teachers < 1 - 1e-9:
        raise ValueError(
            f"`max_teacher_share={share}` cannot be met by {counted(num_teachers, 'teacher')}: "
            f"one of them holds at least {1 / num_teachers:.3g} of the picks. Raise the share, or add "
            "candidates of other teachers."
        )
    # The guard keeps a product like 0.29 * 100 = 28.999999999999996 from costing a pick.
    room = int(share * num_picks + 1e-9)
    if room * num_teachers < num_picks:
        room = math.ceil(num_picks / num_teachers)
        logger.warning(
            "`max_teacher_share=%s`: %s cannot be divided so evenly among %s; the closest is up to %d "
            "(%.3f) for one teacher.",
            share,
            counted(num_picks, "pick"),
            counted(num_teachers, "teacher"),
            room,
            room / num_picks,
        )
    picked = _exchange_nearest(ranking, picked, teacher, room, len(names))
    picked = _lowest_peak(ranking, picked, teacher, room, len(names))
    counts = np.bincount(teacher[picked], minlength=len(names))
    if (counts > room).any():
        worst = int(counts.argmax())
        logger.warning(
            "`max_teacher_share=%s` could not be met: %s still has %d of %s (%.3f), %d more than "
            "allowed, because no candidate of another teacher is left to exchange for them. Raise the share "
            "or relax the filters.",
            share,
            names[worst],
            counts[worst],
            counted(num_picks, "pick"),
            counts[worst] / num_picks,
            counts[worst] - room,
        )
    return picked


def _lowest_peak(
    ranking: Ranking, picked: np.ndarray, teacher: np.ndarray, room: int, num_teachers: int
) -> np.ndarray:
    """Picks of which no teacher has more than `room`, or than the smallest possible number."""
    low, high = room, int(np.bincount(teacher[picked], minlength=num_teachers).max())
    while low < high:
        # The first try is the room itself, which mostly succeeds; then the gap is halved.
        limit = low if low == room else (low + high) // 2
        tried = move_surplus(ranking, picked, teacher, np.full(num_teachers, limit))
        if np.bincount(teacher[tried]).max() <= limit:
            picked, high = tried, limit
        else:
            low = limit + 1
    return picked


def _exchange_nearest(
    ranking: Ranking, picked: np.ndarray, teacher: np.ndarray, room: int, num_teachers: int
) -> np.ndarray:
    picked = picked.copy()
    counts = np.bincount(teacher[picked], minlength=num_teachers)
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
    return picked


def match_teacher_counts(
    ranking: Ranking,
    picked: np.ndarray,
    teacher: np.ndarray,
    target: np.ndarray,
    names: Sequence[str],
) -> np.ndarray:
    """Exchange picks until each teacher has its target count.

    Args:
        ranking: The candidates; with random values the result is a random selection.
        picked: Shape [eligible rows].
        teacher: Shape [eligible rows], codes into `names`.
        target: Shape [teachers], summing to the number of picks.

    Returns:
        The new picks, shape [eligible rows].
    """
    picked = move_surplus(ranking, picked, teacher, target)
    surplus = np.bincount(teacher[picked], minlength=len(names)) - target
    if surplus.any():
        missing = {names[i]: int(-surplus[i]) for i in np.flatnonzero(surplus < 0).tolist()}
        logger.warning(
            "The teacher shares of `match` could not be met. Of %d picks, these teachers have too few, and "
            "no further exchange is possible: %s.",
            picked.sum(),
            missing,
        )
    return picked
