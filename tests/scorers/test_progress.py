"""What is seen, and kept, while a batch is scored."""

import datasets
import pytest
from datasets import Dataset

from local_naturalness import LocalScorer
from local_naturalness.scorers import progress, scorer
from local_naturalness.store import ScoreStore

ROWS = {"prompt": ["Hi"] * 5, "response": [f"So it is {i}. And so on." for i in range(5)]}


@pytest.fixture
def bars(monkeypatch):
    """The bars that a scorer opened: how many tokens were to be done, how many were, whether it was shown."""
    opened = []

    class Bar(progress.tqdm):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            self.was_updated, self.was_shown = 0, not self.disable
            opened.append(self)

        def update(self, n=1):
            self.was_updated += n
            return super().update(n)

    monkeypatch.setattr(progress, "tqdm", Bar)
    return opened


def test_a_batch_shows_the_tokens_that_are_done(model, tokenizer, bars, monkeypatch):
    monkeypatch.setattr(datasets, "are_progress_bars_disabled", lambda: False)
    columns = LocalScorer(model, tokenizer=tokenizer)(ROWS)
    (bar,) = bars
    assert bar.was_shown
    assert bar.mininterval >= 30  # standard error is no terminal here: a file keeps every state
    assert bar.was_updated == bar.total == sum(columns["num_tokens"])


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
