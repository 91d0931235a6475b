"""Teacher shares: the cap, and the random control with the mixture of another selection."""

from collections import Counter

import numpy as np
import pytest
from datasets import DatasetDict

from local_naturalness.selection import select_responses
from local_naturalness.selection.candidates import rank_rows
from local_naturalness.selection.exchange import match_teacher_counts

HIGH = {"by": "score", "direction": "high"}


def test_cap_exchanges_the_smallest_gap(make):
    # a is best everywhere; the gaps to b are 0.5 (p), 0.1 (q), 0.3 (r), 0.2 (s).
    dataset = make("ppqqrrss", "abababab", score=[1.0, 0.5, 1.0, 0.9, 1.0, 0.7, 1.0, 0.8])
    capped, rejected = select_responses(dataset, max_teacher_share=0.5, return_rejected=True, **HIGH)
    assert capped["teacher"][:] == ["a", "b", "a", "b"]
    assert capped["selection_score"][:] == [1.0, 0.9, 1.0, 0.8]
    assert rejected["rejection_reason"][:] == [
        "not_in_top_k",
        "teacher_share",
        "not_in_top_k",
        "teacher_share",
    ]


def test_cap_does_not_fill_another_teacher_beyond_it(make):
    # Three prompts, room for one pick each: b takes q (gap 0.1), so r goes to c (gap 0.9).
    dataset = make("pppqqqrrr", "abcabcabc", score=[9.0, 5.0, 4.0, 1.0, 0.9, 0.0, 1.0, 0.8, 0.1])
    capped = select_responses(dataset, max_teacher_share=0.34, **HIGH)
    assert capped["teacher"][:] == ["a", "b", "c"]


def test_cap_ranks_and_weighs_the_exchanged_picks(make):
    # Of p two rows of a are picked; the lower one is exchanged for c, which becomes second.
    dataset = make("pppp", "aacb", score=[4.0, 3.0, 2.0, 1.0])
    capped = select_responses(dataset, k=2, max_teacher_share=0.5, weights="chi2", **HIGH)
    assert capped["teacher"][:] == ["a", "c"]
    assert capped["selection_rank"][:] == [1, 2]
    assert capped["selection_weight"][:] == [0.75, 0.25]


def test_cap_applies_to_low_criteria_and_worst(make):
    dataset = make("ppqq", "abab", score=[1.0, 2.0, 1.0, 1.5])
    low = {"by": "score", "direction": "low", "max_teacher_share": 0.5}
    assert select_responses(dataset, **low)["teacher"][:] == ["a", "b"]
    worst = {"mode": "worst", "max_teacher_share": 0.5, **HIGH}
    assert select_responses(dataset, **worst)["teacher"][:] == ["a", "b"]


def test_cap_out_of_reach_is_said(make, caplog):
    capped = select_responses(make("pq", "aa", score=[1.0, 2.0]), max_teacher_share=0.5, **HIGH)
    assert capped["teacher"][:] == ["a", "a"]
    assert "`max_teacher_share=0.5` could not be met: a still has 1.000" in caplog.text


def test_cap_equals_the_plain_greedy_rule(many):
    many = many.select(range(150))
    capped = select_responses(many, max_teacher_share=0.3)
    rows = many.to_pandas()
    groups = [
        group.sort_values("local_naturalness", ascending=False, kind="stable")
        for _, group in rows.groupby("prompt", sort=False)
    ]
    picks = [group.index[0] for group in groups]
    room = int(0.3 * len(picks))
    while True:
        counts = Counter(rows.teacher[picks])
        options = [
            (rows.local_naturalness[pick] - rows.local_naturalness[other], place, other)
            for place, (pick, group) in enumerate(zip(picks, groups, strict=True))
            if counts[rows.teacher[pick]] > room
            for other in group.index
            if counts[rows.teacher[other]] < room and other != pick
        ]
        if not options:
            break
        _, place, other = min(options)
        picks[place] = other
    assert capped["response"][:] == rows.response[picks].tolist()
    assert max(Counter(capped["teacher"][:]).values()) == room


def test_match_has_the_same_counts_and_is_random(many):
    best = select_responses(many)
    control = select_responses(many, by="random", match=best)
    assert Counter(control["teacher"][:]) == Counter(best["teacher"][:])
    assert len(set(control["prompt"][:])) == 400
    agreement = np.mean(np.array(control["response"][:]) == np.array(best["response"][:]))
    # d holds most picks, and where d was picked agreement is likely; chance keeps it below 1.
    assert 0.3 < agreement < 0.9


def test_match_with_two_picks_per_prompt(many):
    best = select_responses(many, k=2)
    control = select_responses(many, by="random", k=2, match=best, seed=5)
    assert Counter(control["teacher"][:]) == Counter(best["teacher"][:])
    assert Counter(control["prompt"][:]) == Counter(best["prompt"][:])


def test_match_scales_to_another_size(many):
    half = select_responses(many).select(range(200))
    control = select_responses(many, by="random", match=half)
    share = Counter(half["teacher"][:])
    for teacher, number in Counter(control["teacher"][:]).items():
        assert abs(number - 2 * share[teacher]) < 1


def test_match_moves_along_a_chain_of_teachers():
    # a and c share no prompt: a's surplus reaches c only through b.
    prompt = np.array([0, 0, 1, 1])
    teacher = np.array([0, 1, 1, 2])
    ranking = rank_rows(prompt, np.array([2.0, 1.0, 2.0, 1.0]), np.ones(4, dtype=bool))
    picked = ranking.position == 0
    target = np.array([0, 1, 1])
    matched = match_teacher_counts(ranking, picked, teacher, target, ["a", "b", "c"])
    assert ranking.rows[matched].tolist() == [1, 3]


def test_match_out_of_reach_is_said(make, caplog):
    dataset = make("ppq", "aba", score=[1.0, 2.0, 3.0])
    wanted = make("pq", "bb", selection_rank=[1, 1])
    control = select_responses(dataset, by="random", match=wanted)
    assert control["teacher"][:] == ["b", "a"]
    assert "out of reach" in caplog.text


def test_match_per_split(many):
    splits = DatasetDict({"one": many.select(range(300)), "two": many.select(range(300, 600))})
    best = select_responses(splits)
    control = select_responses(splits, by="random", match=best)
    for split in splits:
        assert Counter(control[split]["teacher"][:]) == Counter(best[split]["teacher"][:])
    with pytest.raises(ValueError, match="`match` has the splits"):
        select_responses(many, by="random", match=best)


def test_match_arguments(make, many):
    best = select_responses(many)
    with pytest.raises(ValueError, match='pass `by="random"` with it'):
        select_responses(many, match=best)
    with pytest.raises(ValueError, match="drop `max_teacher_share`"):
        select_responses(many, by="random", match=best, max_teacher_share=0.5)
    with pytest.raises(ValueError, match=r"does not: \['z'\]"):
        select_responses(many, by="random", match=make("p", "z", selection_rank=[1]))
    with pytest.raises(ValueError, match=r"'selection_rank'; found: \['prompt', 'teacher'"):
        select_responses(many, by="random", match=many)
    with pytest.raises(ValueError, match="no shares to imitate"):
        select_responses(many, by="random", match=best.select([]))
    with pytest.raises(TypeError, match="must be a selection"):
        select_responses(many, by="random", match={"a": 1.0})


def test_match_from_other_candidates_is_said(many, caplog):
    many = many.add_column("correct", [place % 3 > 0 for place in range(len(many))])
    best = select_responses(many, where="correct")
    select_responses(many, by="random", where="correct", match=best)
    assert "`where=" not in caplog.text
    select_responses(many, by="random", match=best)
    assert "`match` was selected with `where='correct'`, its control with `where=None`" in caplog.text
