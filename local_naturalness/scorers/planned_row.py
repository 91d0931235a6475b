"""A row that can be scored: its windows for the engine, and the statistics of its tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.encoding.example_encoder import EncodedExample
from local_naturalness.encoding.examples import Example
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.engine.windows import WindowPlan
from local_naturalness.scorers.aggregation import repeated_step_share
from local_naturalness.scorers.map_progress import MapProgress
from local_naturalness.student.suitability import check_token_ids

# Statistic -> its values, shape [tokens of the response that belong to steps].
TokenStatistics = dict[str, np.ndarray]


@dataclass(frozen=True)
class PlannedRow:
    """A row's text, its tokens and its windows."""

    example: Example
    encoded: EncodedExample
    plan: WindowPlan

    @property
    def repeated_step_share(self) -> float:
        """Share of the response's tokens in steps that repeat an earlier one, see `repeated_step_share`."""
        texts = [self.encoded.text[start:end] for start, end in self.encoded.spans]
        return repeated_step_share(texts, [end - start for start, end in self.encoded.steps])

    def windows(self) -> list[Window]:
        """The windows in the form for the engine."""
        prompt, response = self.encoded.prompt, self.encoded.response
        return [
            Window(prompt, response[span.begin : span.end], span.first_scored - span.begin)
            for span in self.plan.spans
        ]

    def gathered(
        self, results: Iterator[TokenStatistics], statistics: Sequence[str]
    ) -> TokenStatistics | None:
        """The statistics of the row's tokens, gathered from its windows. `None` if a number is not finite.

        Args:
            results: results of the windows of all rows. Those of this row are taken from the iterator.
            statistics: names of the requested statistics.
        """
        tokens = {name: np.full(len(self.encoded.response), np.nan) for name in statistics}
        is_finite = True
        for span in self.plan.spans:
            for name, values in next(results).items():
                tokens[name][span.first_scored : span.end] = values
                is_finite = is_finite and bool(np.isfinite(values).all())
        return {name: self.encoded.owned(values) for name, values in tokens.items()} if is_finite else None


def run(
    rows: Sequence[PlannedRow], engine: Engine, statistics: Sequence[str], progress: MapProgress
) -> list[TokenStatistics | None]:
    """Score all windows of a batch together, then gather the tokens of each row.

    Returns:
        For each row its statistics, or `None` if the student returned NaN or infinity.

    Raises:
        ValueError: the student has no embedding for a token.
    """
    check_token_ids(engine.model, (ids for row in rows for ids in (row.encoded.prompt, row.encoded.response)))
    windows = [window for row in rows for window in row.windows()]
    progress.plan(len(rows), sum(map(_num_scored, windows)))
    scores = engine.score(windows, statistics, lambda window: progress.done(_num_scored(window)))
    if len(scores) != len(windows):
        raise RuntimeError(f"{counted(len(windows), 'window')} to be scored, {len(scores)} came back.")
    results = iter(scores)
    return [row.gathered(results, statistics) for row in rows]


def _num_scored(window: Window) -> int:
    return len(window.scored)
