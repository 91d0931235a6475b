"""A scorer whose scores can be told beforehand, for runs of the command line without a model.

The store, the parts and `merge` are the real ones; what is left out is the reading of input files and the
student.
"""

from types import SimpleNamespace

import pyarrow as pa
import xxhash
from datasets import Dataset

from local_naturalness.cli import main, score, scoring_input
from local_naturalness.encoding.examples import read_examples
from local_naturalness.encoding.map_rows import read_rows
from local_naturalness.store import ScoreStore

TYPES = {"local_naturalness": pa.float64(), "num_tokens": pa.int32()}


def score_of(prompt, response, setting):
    """What every run must give for a row: status, score, number of tokens."""
    if response is None:
        return {"status": "missing_response", "local_naturalness": None, "num_tokens": 0}
    digest = xxhash.xxh3_64_intdigest(f"{setting}\0{prompt}\0{response}".encode())
    return {"status": "ok", "local_naturalness": -digest / 2**64, "num_tokens": len(response)}


class StandIn:
    """Scores by a digest of the row."""

    criterion = "local_naturalness"
    messages_column = None

    def __init__(self, folder, setting, response_column, suffix):
        self.student = SimpleNamespace(name="stand-in", model=lambda: None)
        self.spec = f"student=me/stand-in@0123; scorer=local; setting={setting}; id={setting}"
        self._setting = setting
        self.response_column = response_column
        self._columns = {"prompt_column": "prompt", "response_column": response_column}
        self._folder = folder
        self._suffix = suffix
        self._store = None

    def __call__(self, rows, rank=None):
        rows = read_rows(rows, self._columns, "StandIn")
        scored = self._opened().scores(self._examples(rows), self._score)
        columns = {name: [row[name] for row in scored] for name in TYPES}
        columns["local_naturalness_status"] = [row["status"] for row in scored]
        columns["local_naturalness_spec"] = [self.spec] * len(scored)
        types = {name + self._suffix: TYPES.get(name, pa.string()) for name in columns}
        return rows.answer({name + self._suffix: values for name, values in columns.items()}, types)

    def check_columns_of(self, table):
        """Nothing: the columns of scores that come with the rows of these tests have its own settings."""

    def planned(self, rows):
        """Nothing: prompts are no work."""
        return []

    def is_stored(self, rows):
        return self._opened().is_finished(self._examples(read_rows(rows, self._columns, "StandIn")))

    def _score(self, examples):
        return [score_of(example.prompt, example.response, self._setting) for example in examples]

    def _examples(self, rows):
        return read_examples(rows, "prompt", self._columns["response_column"], None, None)

    def _opened(self):
        if self._store is None:
            self._store = ScoreStore(self._folder, self.spec, TYPES)
        return self._store


def expected(rows, setting, response_column="response"):
    """The table of a fresh run."""
    spec = f"student=me/stand-in@0123; scorer=local; setting={setting}; id={setting}"
    table = []
    for row in rows:
        scores = score_of(row["prompt"], row[response_column], setting)
        status = {"local_naturalness_status": scores.pop("status"), "local_naturalness_spec": spec}
        table.append(row | scores | status)
    return table


def run(rows, folder, *words, setting="a"):
    """`local-naturalness score` on rows in memory; the exit code."""
    before = score.make_scorer, scoring_input.read_rows
    score.make_scorer = lambda options, store: StandIn(
        store, setting, options.response_column or "response", options.suffix
    )
    scoring_input.read_rows = lambda options: Dataset.from_list(rows)
    try:
        return main(["score", "input", "--student", "stand-in", "--output", str(folder), *map(str, words)])
    finally:
        score.make_scorer, scoring_input.read_rows = before
