"""Sampling of the prompts that a page shows with their texts."""

import numpy as np

from local_naturalness.report.scored_table import ScoredTable

KINDS = {
    "closest": "the best two have almost the same score",
    "clearest": "the best is far ahead",
    "longest": "the longest responses",
    "disagreement": "the other criterion would have chosen another response",
    "single": "fewer than two responses could be chosen, so nothing was compared",
}


def sampled_prompts(table: ScoredTable, rows: int, most: int) -> list[tuple[int, str]]:
    """Prompts of each kind in turn, with the kind, until their candidates would be too many.

    Prompts in which nothing was compared come last. They are only shown if all others are.

    Args:
        table: All rows.
        rows: How many candidates may be shown.
        most: How many of one prompt are shown.
    """
    ranking, better = table.ranking, table.criterion.sign * table.values
    seconds = np.flatnonzero(ranking.position == 1)
    prompts = table.prompt[ranking.rows[seconds]]
    gap = ranking.value[seconds - 1] - ranking.value[seconds]
    of_prompts = np.flatnonzero(ranking.position == 0)
    longest = np.zeros(len(table.picks))
    longest[table.prompt[ranking.rows[of_prompts]]] = (
        np.maximum.reduceat(np.nan_to_num(table.tokens[ranking.rows]), of_prompts) if len(of_prompts) else 0.0
    )
    one, other = table.picks[prompts], table.other_picks[prompts]
    # Where the other criterion has no score for the best response it has not preferred another one.
    differs = (one >= 0) & (other >= 0) & (one != other) & np.isfinite(table.other_values[one])
    lost = np.where(differs & np.isfinite(better[other]), better[one] - better[other], -np.inf)
    orders = {
        "closest": np.argsort(gap, kind="stable"),
        "clearest": np.argsort(-gap, kind="stable"),
        "longest": np.argsort(-longest[prompts], kind="stable"),
        "disagreement": np.argsort(-lost, kind="stable")[: int((lost > -np.inf).sum())],
    }
    size = np.bincount(table.prompt[table.prompt >= 0])
    chosen: dict[int, str] = {}
    queues = {kind: iter(prompts[order].tolist()) for kind, order in orders.items()}
    singles = np.setdiff1d(np.unique(table.prompt[table.prompt >= 0]), prompts).tolist()
    while queues:
        for kind in list(queues):
            prompt = next((one for one in queues[kind] if one not in chosen), None)
            if prompt is None:
                del queues[kind]
                if not queues and kind != "single":
                    queues = {"single": iter(singles)}
                continue
            rows -= min(int(size[prompt]), most)
            if rows < 0 and chosen:
                queues = {}
                break
            chosen[prompt] = kind
    order_of_kinds = list(KINDS)
    return sorted(chosen.items(), key=lambda pair: order_of_kinds.index(pair[1]))
