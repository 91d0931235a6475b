"""What is seen, and kept, while a batch is scored."""

import datasets
import numpy as np
import pytest
from datasets import Dataset

from local_naturalness import LocalScorer
from local_naturalness.scorers import map_progress, scorer
from local_naturalness.store import ScoreStore

ROWS = {"prompt": ["Hi"] * 5, "response": [f"So it is {i}. And so on." for i in range(5)]}


@pytest.fixture
def bars(monkeypatch):
    """The bars that a scorer opened: how many tokens were to be done, how many were, whether it was shown."""
    opened = []

    class Bar(map_progress.tqdm):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            self.was_updated, self.was_shown = 0, not self.disable
            opened.append(self)

        def update(self, n=1):
            self.was_updated += n
            return super().update(n)

    monkeypatch.setattr(map_progress, "tqdm", Bar)
    return opened


def test_a_batch_shows_the_tokens_that_are_done(model, tokenizer, bars, monkeypatch):
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: False)
    columns = LocalScorer(model, tokenizer=tokenizer)(ROWS)
    (bar,) = bars
    assert bar.was_shown
    assert bar.mininterval >= 30  # standard error is no terminal here: a file keeps every state
    assert bar.was_updated == bar.total == sum(columns["num_tokens"])


@pytest.mark.parametrize("is_stored", [False, True])
def test_the_bars_of_a_map_are_one_run(model, tokenizer, bars, monkeypatch, tmp_path, is_stored):
    """Batches of two rows: the rows that have not come are expected to be as long as those that have."""
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: False)
    monkeypatch.setattr(scorer, "_CHARACTERS_KEPT", 0)  # a store keeps every row by itself
    datasets.enable_progress_bars()
    rows = Dataset.from_dict(
        {"prompt": ["Hi"] * 5, "response": ["So it is. " * length for length in (1, 2, 8, 3, 9)]}
    )
    store = str(tmp_path / "store") if is_stored else None
    local = LocalScorer(model, tokenizer=tokenizer, store=store)
    for _ in range(2 - is_stored):  # a second map begins anew
        bars.clear()
        scored = rows.map(local, batched=True, batch_size=2, load_from_cache_file=False)
        tokens = np.cumsum(scored["num_tokens"][:])
        assert [bar.n for bar in bars] == [tokens[1], tokens[3], tokens[4]]
        totals = [tokens[1] * 5 / 2, tokens[3] * 5 / 4, tokens[4]]
        assert [bar.total for bar in bars] == pytest.approx(totals, abs=0.5)
        assert [bar.desc for bar in bars] == [*["Scoring, total estimated: "] * 2, "Scoring: "]
        assert len({bar.start_t for bar in bars}) == 1
    assert not [bar for bar in map_progress.tqdm._instances if bar in bars]


def test_rows_of_the_store_are_not_to_be_done(model, tokenizer, bars, monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: False)
    rows = Dataset.from_dict(ROWS)
    local = LocalScorer(model, tokenizer=tokenizer, store=str(tmp_path / "store"))
    rows.select(range(3)).map(local, batched=True)
    bars.clear()
    scored = rows.map(local, batched=True, batch_size=4)
    tokens = scored["num_tokens"][:]
    # Of the first four, one is left; the fifth, which has not come, is expected to be as long.
    assert [(bar.n, bar.total) for bar in bars] == [(tokens[3], 2 * tokens[3]), (sum(tokens[3:]),) * 2]


def test_a_batch_of_a_stream_is_a_run_of_its_own(model, tokenizer, bars, monkeypatch):
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: False)
    stream = Dataset.from_dict(ROWS).to_iterable_dataset()
    scored = list(stream.map(LocalScorer(model, tokenizer=tokenizer), batched=True, batch_size=3))
    tokens = [row["num_tokens"] for row in scored]
    assert [(bar.n, bar.total) for bar in bars] == [(sum(tokens[:3]),) * 2, (sum(tokens[3:]),) * 2]


def test_the_bar_is_off_with_those_of_datasets(model, tokenizer, bars, monkeypatch):
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: True)
    LocalScorer(model, tokenizer=tokenizer)(ROWS)
    assert not bars[0].was_shown


def test_finished_rows_of_a_batch_are_kept_before_all_are(model, tokenizer, monkeypatch, tmp_path):
    monkeypatch.setattr(scorer, "_CHARACTERS_KEPT", 1)
    alone = LocalScorer(model, tokenizer=tokenizer)(ROWS)
    kept, scores = [], ScoreStore.scores

    def noted(self, examples, compute):
        kept.append(len(examples))
        return scores(self, examples, compute)

    monkeypatch.setattr(ScoreStore, "scores", noted)
    stored = LocalScorer(model, tokenizer=tokenizer, store=str(tmp_path / "store"), max_tokens_per_batch=30)
    columns = Dataset.from_dict(ROWS).map(stored, batched=True)
    assert kept == [2, 2, 1]
    assert columns["local_naturalness"][:] == pytest.approx(alone["local_naturalness"], abs=1e-6)
