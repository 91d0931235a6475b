"""The rows of a random control that imitates the prompts, teachers and lengths of a selection."""

import logging

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.selection.candidates import Ranking
from local_naturalness.selection.matching import Match
from local_naturalness.selection.teacher_share import match_teacher_counts

logger = logging.getLogger(__name__)

# Lengths within this factor of each other are near: among them chance alone decides.
_NEAR = 1.25


def prompts_of(match: Match, prompt_keys: np.ndarray) -> np.ndarray:
    """The prompt number of each row of a selection, -1 where the candidates have no such prompt.

    Args:
        match: The selection.
        prompt_keys: Hash of each prompt of the candidates.

    Raises:
        ValueError: The two have no prompt in common.
    """
    order = np.argsort(prompt_keys)
    place = np.minimum(np.searchsorted(prompt_keys[order], match.prompt_keys), len(order) - 1)
    found = order[place]
    prompt = np.where(prompt_keys[found] == match.prompt_keys, found, -1)
    lost = len(np.unique(match.prompt_keys[prompt < 0]))
    if not (prompt >= 0).any():
        raise ValueError(
            "`match` and the dataset have no prompt in common. Pass a selection made from the same "
            "candidates."
        )
    if lost:
        logger.warning(
            "%d of %s of `match` are not among the candidates: the control leaves them out.",
            lost,
            counted(len(np.unique(match.prompt_keys)), "prompt"),
        )
    return prompt


def wanted_by_prompt(of_match: np.ndarray, num_prompts: int) -> np.ndarray:
    """How many rows each prompt has in a selection, shape [prompts].

    Args:
        of_match: The prompt number of each row of the selection.
        num_prompts: Of the candidates.
    """
    return np.bincount(of_match[of_match >= 0], minlength=num_prompts)


def draw_control(
    ranking: Ranking,
    prompt: np.ndarray,
    teacher: np.ndarray,
    names: list[str],
    tokens: np.ndarray | None,
    match: Match,
    of_match: np.ndarray,
) -> np.ndarray:
    """Draw rows at random that imitate a selection.

    As many rows per prompt as in the selection are drawn at random. Then teachers with too many picks give
    some to those with too few.
    With `tokens` each pick stands for a row of the selection: it is drawn from the candidates whose
    length is within a factor of 1.25 of that row's, else of 1.25 squared, and so on, and exchanges prefer
    candidates that are as near.

    Args:
        ranking: The candidates in random order.
        prompt: Shape [eligible rows].
        teacher: Shape [eligible rows], codes into `names`.
        names: Teachers, the last one standing for rows without.
        tokens: Shape [eligible rows]; `None` if lengths do not matter.
        match: The selection.
        of_match: The prompt number of each of its rows, see `prompts_of`.

    Returns:
        Shape [eligible rows].
    """
    unknown = [name for name in match.names if name not in names]
    if unknown:
        raise ValueError(
            f"`match` has teachers that the dataset does not have: {unknown}; found: {names[:-1]}. "
            "Pass a selection made from the same candidates."
        )
    wanted = wanted_by_prompt(of_match, int(prompt.max()) + 1)
    if tokens is None or match.tokens is None:
        picked = ranking.position < wanted[prompt]
    else:
        picked, distance = _nearest(ranking, prompt, tokens, of_match, match.tokens, wanted)
        ranking = Ranking(ranking.rows, ranking.start, ranking.value - distance)
    missing = int(wanted.sum() - picked.sum())
    if missing:
        short = np.bincount(prompt[picked], minlength=len(wanted)) < wanted
        logger.warning(
            "%d of %s of `match` have no counterpart: for %s there are fewer candidates that may be drawn "
            "than `match` has rows.",
            missing,
            counted(int(wanted.sum()), "row"),
            counted(int(short.sum()), "prompt"),
        )
    place = np.array([*(names.index(name) for name in match.names), len(names) - 1])
    counts = np.bincount(place[match.teacher[of_match >= 0]], minlength=len(names))
    picked = match_teacher_counts(ranking, picked, teacher, _apportion(counts, int(picked.sum())), names)
    cell = prompt[picked] * len(names) + teacher[picked]
    of_selection = (of_match * len(names) + place[match.teacher])[of_match >= 0]
    of_candidates = np.bincount(prompt * len(names) + teacher)
    _tell_overlap(of_candidates[cell[np.isin(cell, of_selection)]], len(cell))
    return picked


def _tell_overlap(num_candidates: np.ndarray, num_rows: int) -> None:
    """Log how many rows the control and the selection have in common.

    Args:
        num_candidates: For each row of the control with the prompt and the teacher of a row of the selection,
            the number of candidates of this prompt and teacher. If it is one, both rows are the same.
        num_rows: Of the control.
    """
    same = int(np.count_nonzero(num_candidates == 1))
    maybe = len(num_candidates) - same
    told = f"The control and `match` share {same} of {counted(num_rows, 'row')}"
    if same:
        told += ", because their teachers have no other candidate for the prompt"
    if maybe:
        told += f"; of {maybe} more, `match` has the prompt and the teacher"
    is_weak = 2 * same >= num_rows
    if is_weak:
        told += (
            f". Only the other {num_rows - same} can make a difference in training. For a stronger control, "
            "have the teachers answer each prompt several times"
        )
    logger.log(logging.WARNING if is_weak else logging.INFO, "%s.", told)


def _nearest(
    ranking: Ranking,
    prompt: np.ndarray,
    tokens: np.ndarray,
    of_match: np.ndarray,
    match_tokens: np.ndarray,
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """One candidate for each row of the selection, and how far each candidate is from the nearest of them."""
    picked = np.zeros(len(ranking.rows), dtype=bool)
    smallest = np.full(len(ranking.rows), np.inf)
    rows = np.flatnonzero(of_match >= 0)
    rows = rows[np.argsort(of_match[rows], kind="stable")]
    starts = np.cumsum(wanted) - wanted
    slot = np.arange(len(rows)) - starts[of_match[rows]]
    for turn in range(int(wanted.max(initial=0))):
        length = np.full(len(wanted), np.nan)
        of_turn = rows[slot == turn]
        length[of_match[of_turn]] = match_tokens[of_turn]
        distance = _steps_apart(tokens, length[prompt])
        smallest = np.fmin(smallest, np.where(turn < wanted[prompt], distance, np.inf))
        free = np.flatnonzero(~picked & (turn < wanted[prompt]))
        order = free[np.lexsort((-ranking.value[free], distance[free], prompt[free]))]
        is_first = np.diff(prompt[order], prepend=-1) != 0
        picked[order[is_first]] = True
    return picked, np.where(np.isfinite(smallest), smallest, 0.0)


def _steps_apart(tokens: np.ndarray, length: np.ndarray) -> np.ndarray:
    """How many factors of 1.25 lie between two lengths, rounded down; many where one is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.floor(np.abs(np.log(tokens / length)) / np.log(_NEAR) + 1e-9)
    return np.where(np.isfinite(apart), apart, 1000.0)


def _apportion(counts: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to `counts` that sum to `total` (largest remainder)."""
    exact = counts * total / counts.sum()
    whole = np.floor(exact).astype(np.int64)
    remainder = np.argsort(whole - exact, kind="stable")
    whole[remainder[: total - whole.sum()]] += 1
    return whole
