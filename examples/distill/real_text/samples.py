"""Which rows of the tables are scored: drawn by a seed, before any score is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from real_text.steps import REPETITIVE, compressed_share


@dataclass(frozen=True)
class Sample:
    """Prompts drawn from a table, with all of their responses that have a fitting length.

    Args:
        name: Names the files of its scores.
        file: Name of the table, JSON Lines with `prompt`, `teacher`, `response`, `is_correct`.
        shortest, longest: Characters of a response. Students count tokens differently, characters are the
            same for all of them.
        prompts: Number of prompts; of each domain alike where there is a column `domain`.
        whole: Leave out prompts of which a response does not fit; else only such responses.
        known: Leave out rows whose correctness is not known.
        fewest: Responses that a prompt needs, after that.
        loops: Keep only prompts with a response that repeats itself, see `REPETITIVE`.
    """

    name: str
    file: str
    shortest: int
    longest: int
    prompts: int
    whole: bool = True
    known: bool = True
    fewest: int = 2
    loops: bool = False


# About 1,000 to 8,000 tokens: all traces of the table that a context of 8,192 tokens holds.
LONG = Sample("long", "long_traces.jsonl", 4_000, 20_000, prompts=64, whole=False, known=False, fewest=1)
# Traces that run in circles, beside other answers to the same problems; what a context of 8,192 tokens holds.
LOOPS = Sample(
    "loops", "long_traces.jsonl", 1, 20_000, prompts=24, whole=False, known=False, fewest=2, loops=True
)
MIXED = Sample("mixed", "mixed_multi_teacher.jsonl", 1, 4_000, prompts=120)
GSM8K = Sample("gsm8k", "gsm8k_multi_teacher.jsonl", 1, 4_000, prompts=200)
SAMPLES = (LONG, LOOPS, MIXED, GSM8K)


def reduced(sample: Sample) -> Sample:
    """Few prompts with short responses, for a student with a context of a thousand tokens."""
    if sample is LOOPS:
        return replace(sample, file=MIXED.file, longest=1_600, prompts=2, loops=False)
    if sample is LONG:
        return replace(sample, file=MIXED.file, shortest=600, longest=1_600, prompts=6, known=True, fewest=2)
    return replace(sample, longest=900, prompts=6)


def draw(sample: Sample, folder: Path, seed: int = 0) -> pd.DataFrame:
    """The rows of a sample, its prompts in random order, domains in turn.

    The first rows are a random sample too: scoring may be stopped after any prompt.
    """
    rows = pd.read_json(folder / sample.file, lines=True, dtype=False)
    rows["domain"] = rows.get("domain", pd.Series("all", index=rows.index))
    fits = rows["response"].str.len().between(sample.shortest, sample.longest)
    if sample.known:
        fits &= rows["is_correct"].notna()
    if sample.whole:
        fits &= fits.groupby(rows["prompt"]).transform("all")
    rows = rows[fits]
    if sample.loops:
        loops = rows["response"].map(compressed_share) < REPETITIVE
        rows = rows[loops.groupby(rows["prompt"]).transform("any")]
    rows = rows[rows.groupby("prompt")["prompt"].transform("size") >= sample.fewest]
    order = _in_turn(rows[["domain", "prompt"]].drop_duplicates(), np.random.default_rng(seed))
    place = {prompt: number for number, prompt in enumerate(order[: sample.prompts])}
    rows = rows[rows["prompt"].isin(place)]
    rows = rows.iloc[np.argsort(rows["prompt"].map(place), kind="stable")]
    kept = ["prompt", "teacher", "response", "is_correct", "domain", *rows.columns.intersection(["source"])]
    return rows[kept].reset_index(drop=True)


def _in_turn(prompts: pd.DataFrame, rng: np.random.Generator) -> Sequence[str]:
    """All prompts, a random one of each domain, then a second one of each, and so on."""
    shuffled = prompts.sort_values("prompt").sample(frac=1, random_state=rng)
    turn = shuffled.groupby("domain").cumcount()
    return shuffled.assign(turn=turn).sort_values(["turn", "domain"])["prompt"].tolist()
