"""Selections become rows to train on."""

import pytest
from datasets import Dataset
from harness.choices import choices, choose
from harness.experiment import Experiment, Selection

SCORED = {
    "prompt": ["p", "p", "p", "q", "q", "q"],
    "teacher": ["a", "b", "c", "a", "b", "c"],
    "response": ["pa", "pb", "pc", "qa", "qb", "qc"],
    "local_naturalness": [-0.9, -0.4, -0.6, -0.2, -0.8, -0.7],
    "num_tokens": [9, 5, 7, 4, 6, 8],
    "is_correct": [True, False, True, True, True, True],
}


@pytest.fixture
def scored():
    return Dataset.from_dict(SCORED)


@pytest.mark.parametrize(
    ("selection", "where", "responses"),
    [
        (Selection("best", by="local_naturalness"), "none", ["pb", "qa"]),
        (Selection("best", by="local_naturalness"), "is_correct", ["pc", "qa"]),
        (Selection("lowest", by="local_naturalness", mode="worst"), "none", ["pa", "qb"]),
        (Selection("longest", by="num_tokens", direction="high"), "none", ["pa", "qc"]),
        (Selection("one teacher", teacher="b"), "none", ["pb", "qb"]),
        (Selection("one teacher", teacher="b"), "is_correct", ["qb"]),
    ],
)
def test_choose(scored, selection, where, responses):
    assert choose(scored, selection, where, seed=0)["response"][:] == responses


def test_all_responses(scored):
    chosen = choose(scored, Selection("all", k="all"), "is_correct", seed=0)
    assert sorted(chosen["response"]) == ["pa", "pc", "qa", "qb", "qc"]


def test_random_is_drawn_anew_for_every_seed(scored):
    drawn = {tuple(choose(scored, Selection("random"), "none", seed)["response"]) for seed in range(20)}
    assert len(drawn) > 3


def test_every_filter_selection_teacher_and_seed_is_there(scored):
    local = Selection("local", by="local_naturalness", seeds=2)
    matched = Selection("matched", match="local")
    experiment = Experiment(
        name="e", student="s", candidates="c", questions="q", answer="boxed",
        filters=("none", "is_correct"), teacher_seeds=1, selections=(matched, local),
    )  # fmt: skip
    made = list(choices(scored, experiment))
    names = [(one.filter, one.selection.name, one.seed) for one in made]
    assert len(names) == len(set(names)) == 2 * (1 + 2 + 3)
    assert ("is_correct", "local", 1) in names and ("none", "teacher c", 0) in names
    by_name = {name: sorted(one.rows["teacher"]) for name, one in zip(names, made, strict=True)}
    for where in experiment.filters:
        assert by_name[where, "matched", 0] == by_name[where, "local", 0]


def test_selections_without_rows_are_told_and_left_out(scored):
    scored = scored.add_column("never", [False] * len(scored))
    experiment = Experiment(
        name="e", student="s", candidates="c", questions="q", answer="boxed", filters=("never", "none"),
        selections=(Selection("local", by="local_naturalness"), Selection("matched", match="local")),
    )  # fmt: skip
    told = []
    made = list(choices(scored, experiment, told.append))
    assert [(one.filter, one.selection.name) for one in made] == [("none", "local"), ("none", "matched")]
    assert [line.split(":")[0] for line in told] == ["local, filter never", "matched, filter never"]
