"""A row that can be scored: its windows for the engine, and the statistics of its tokens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.encoding.example_encoder import EncodedExample, ExampleEncoder
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.row_doubts import OBJECT_AS_TEXT
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.engine.windows import WindowPlan
from local_naturalness.scorers.aggregation import repeated_step_share
from local_naturalness.scorers.map_progress import MapProgress
from local_naturalness.shapes.served import is_object_as_text
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


def plan_row(
    example: Example,
    encoder: ExampleEncoder,
    context_length: int | None,
    plan: Callable[[EncodedExample, int, Example], WindowPlan | str],
) -> PlannedRow | str:
    """A row with its windows, or the status that says why it has none.

    Args:
        example: the row.
        encoder: turns it into tokens and steps.
        context_length: of the student, in tokens. `None` where it has no limit.
        plan: chooses the windows, given how many tokens fit behind the prompt.
    """
    encoded = encoder.encode(example)
    if isinstance(encoded, str):
        return encoded
    texts = (text for text in (example.prompt, example.response) if isinstance(text, str))
    if any(map(is_object_as_text, texts)):
        encoded = replace(encoded, doubts=encoded.doubts | {OBJECT_AS_TEXT})
    room = len(encoded.response) if context_length is None else context_length - len(encoded.prompt)
    if room < 1:
        return "prompt_too_long"
    windows = plan(encoded, room, example)
    return windows if isinstance(windows, str) else PlannedRow(example, encoded, windows)


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
