"""Teacher shares: the cap, and the random control with the mixture of another selection."""

import itertools
from collections import Counter

import numpy as np
import pytest
from datasets import DatasetDict

from local_naturalness.selection import select_responses
from local_naturalness.selection.candidates import rank_rows
from local_naturalness.selection.teacher_share import cap_teacher_share, match_teacher_counts

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


def test_cap_that_so_few_teachers_cannot_meet_is_said_before(make):
    dataset = make("pppqqqrrr", "abcabcabc", score=[3.0, 2.0, 1.0] * 3)
    with pytest.raises(ValueError, match=r"cannot be met by 3 teachers: one of them holds at least 0\.333"):
        select_responses(dataset, max_teacher_share=0.33, **HIGH)
    third = select_responses(dataset, max_teacher_share=1 / 3, **HIGH)
    assert sorted(third["teacher"][:]) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="by 1 teacher: one of them holds at least 1 of"):
        select_responses(make("pq", "aa", score=[1.0, 2.0]), max_teacher_share=0.5, **HIGH)


def test_cap_that_whole_picks_cannot_meet_comes_as_near_as_they_can(make, caplog):
    dataset = make("ppqqrr", "ababab", score=[2.0, 1.0] * 3)
    assert select_responses(dataset, max_teacher_share=0.5, **HIGH)["teacher"][:] == ["b", "a", "a"]
    assert "cannot be divided so evenly among 2 teachers; the closest is up to 2 (0.667)" in caplog.text


def test_cap_out_of_reach_is_said_with_numbers(make, caplog):
    capped = select_responses(make("pqrr", "aabc", score=[1.0, 2.0, 4.0, 3.0]), max_teacher_share=0.5, **HIGH)
    assert capped["teacher"][:] == ["a", "a", "b"]
    assert "still has 2 of 3 picks (0.667), 1 more than allowed" in caplog.text


def test_cap_is_met_through_teachers_that_are_full(make):
    # a answered p, q with b alone; b is full with r, s, where only c could take over.
    dataset = make("ppqqrrss", "ababbcbc", score=[2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.5])
    capped = select_responses(dataset, max_teacher_share=0.5, **HIGH)
    assert capped["teacher"][:] == ["a", "a", "b", "b"]
    dataset = make("ppqqrrsstt", "abababbcbc", score=[2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.5])
    capped = select_responses(dataset, max_teacher_share=0.4, **HIGH)
    assert Counter(capped["teacher"][:]) == {"a": 2, "b": 2, "c": 1}
    # The exchange that costs least: c gets t, where it is nearer.
    assert capped["teacher"][4] == "c"


@pytest.mark.parametrize("seed", range(3))
def test_cap_is_met_wherever_a_flow_meets_it(seed):
    """A quarter of the picks for each of four teachers, tried by brute force on small tables."""
    generator = np.random.default_rng(seed)
    for _ in range(30):
        answers = [sorted(generator.choice(4, generator.integers(1, 4), replace=False)) for _ in range(8)]
        if len({teacher for prompt in answers for teacher in prompt}) < 4:
            continue
        best = min(max(Counter(choice).values()) for choice in itertools.product(*answers))
        rows = [(prompt, teacher) for prompt, listed in enumerate(answers) for teacher in listed]
        ranking = rank_rows(
            np.array([prompt for prompt, _ in rows]),
            generator.normal(size=len(rows)),
            np.full(len(rows), True),
        )
        teacher = np.array([teacher for _, teacher in rows])[ranking.rows]
        picked = cap_teacher_share(ranking, ranking.position == 0, teacher, 0.25, list("abcd"))
        assert np.bincount(teacher[picked]).max() == max(best, 2)
        assert (np.bincount(ranking.start[picked], minlength=len(rows)) <= 1).all()


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


@pytest.mark.parametrize("teachers", ["ab", "abcd"])
def test_rows_that_the_control_shares_with_the_selection_are_told(make, teachers, caplog):
    number, generator = 60, np.random.default_rng(0)
    size = number * len(teachers)
    names = [f"p{place // len(teachers)}" for place in range(size)]
    dataset = make(names, teachers * number, score=generator.random(size).tolist())
    best = select_responses(dataset, **HIGH)
    with caplog.at_level("INFO", logger="local_naturalness"):
        control = select_responses(dataset, by="random", match=best)
    same = sum(one == other for one, other in zip(best["teacher"], control["teacher"], strict=True))
    (record,) = [one for one in caplog.records if "share" in one.message.split("; ")[0]]
    assert record.message.startswith(f"The control and `match` share {same} of 60 rows, because")
    assert record.levelname == ("WARNING" if same >= 30 else "INFO")
    assert ("Only the other" in record.message) == (same >= 30)
    # What a control removes follows from the selection: there is no argument to relax.
    counts = next(one for one in caplog.messages if "removed" in one)
    assert "relax" not in counts and "not_in_top_k removed" in counts


def test_rows_that_may_be_shared_are_told_apart(make, caplog):
    dataset = make("ppp", "aab", score=[1.0, 2.0, 0.0], response=["x", "y", "z"])
    best = select_responses(dataset, **HIGH)
    with caplog.at_level("INFO", logger="local_naturalness"):
        select_responses(dataset, by="random", match=best)
    assert "share 0 of 1 row; of 1 more, `match` has the prompt and the teacher." in caplog.text


def test_match_with_two_picks_per_prompt(many):
    best = select_responses(many, k=2)
    control = select_responses(many, by="random", k=2, match=best, seed=5)
    assert Counter(control["teacher"][:]) == Counter(best["teacher"][:])
    assert Counter(control["prompt"][:]) == Counter(best["prompt"][:])


def test_match_takes_the_prompts_of_the_selection(many):
    half = select_responses(many).select(range(200))
    control = select_responses(many, by="random", match=half)
    assert Counter(control["prompt"][:]) == Counter(half["prompt"][:])
    assert Counter(control["teacher"][:]) == Counter(half["teacher"][:])


def test_match_takes_as_many_per_prompt(many):
    # Some prompts have one row, some two, some none.
    chosen = select_responses(many, k=2).filter(lambda row: row["local_naturalness"] > -0.8)
    assert set(Counter(chosen["prompt"][:]).values()) == {1, 2}
    control = select_responses(many, by="random", match=chosen)
    assert Counter(control["prompt"][:]) == Counter(chosen["prompt"][:])
    assert Counter(control["teacher"][:]) == Counter(chosen["teacher"][:])


def test_match_does_not_depend_on_the_order_of_rows(many):
    best = select_responses(many, min_score=-0.8)
    one, other = (
        select_responses(rows, by="random", match=selection)["response"][:]
        for rows, selection in [(many, best), (many.shuffle(seed=1), best.shuffle(seed=2))]
    )
    assert set(one) == set(other)
    assert one != select_responses(many, by="random", match=best, seed=1)["response"][:]


def test_match_without_enough_candidates_is_said(make, caplog):
    wanted = make("ppqz", "abaa", selection_rank=[1, 2, 1, 1])
    dataset = make("ppqr", "abac", score=[1.0, 2.0, 3.0, 4.0], response=list("wxyz"), ok=[1, 0, 1, 1])
    control = select_responses(dataset, by="random", match=wanted, where="ok")
    assert list(zip(control["prompt"], control["teacher"], strict=True)) == [("p", "a"), ("q", "a")]
    assert "1 of 3 prompts of `match` are not among the candidates" in caplog.text
    assert (
        "1 of 3 rows of `match` have no counterpart: for 1 prompt there are fewer candidates" in caplog.text
    )


@pytest.fixture
def uneven(many):
    """Teacher d is long, so that its answers cannot stand for the others'."""
    generator = np.random.default_rng(3)
    lengths = [int(np.exp(generator.normal(5.5 + 0.3 * (name == "d"), 0.4))) for name in many["teacher"]]
    return many.add_column("num_tokens", lengths)


@pytest.mark.parametrize("k", [1, 2])
def test_match_length(uneven, k, caplog):
    longest = select_responses(uneven, by="num_tokens", direction="high", k=k)
    with caplog.at_level("INFO", logger="local_naturalness"):
        plain, near = (
            select_responses(uneven, by="random", match=longest, match_length=flag) for flag in (False, True)
        )
    for control in (plain, near):
        assert Counter(control["prompt"][:]) == Counter(longest["prompt"][:])
        assert Counter(control["teacher"][:]) == Counter(longest["teacher"][:])
    wanted, without, with_length = (np.mean(rows["num_tokens"][:]) for rows in (longest, plain, near))
    assert abs(with_length - wanted) < 0.06 * wanted < abs(without - wanted)
    assert f"The control has {with_length:.1f} tokens a row, `match` has {wanted:.1f}." in caplog.text
    # Random among what is near, and not the selection once more.
    assert near["response"][:] != longest["response"][:]
    other = select_responses(uneven, by="random", match=longest, match_length=True, seed=1)
    assert near["response"][:] != other["response"][:]


def test_match_length_draws_from_the_nearest(make):
    lengths = [100, 110, 124, 300, 900]
    dataset = make(
        "ppppp", "aaaaa", score=[5.0, 4.0, 3.0, 2.0, 1.0], num_tokens=lengths, response=list("vwxyz")
    )
    best = select_responses(dataset, **HIGH)
    controls = [
        select_responses(dataset, by="random", match=best, match_length=True, seed=seed) for seed in range(30)
    ]
    assert {control["num_tokens"][0] for control in controls} == {100, 110, 124}
    # Where nothing is near, the nearest is taken.
    others = dataset.select([3, 4])
    control = select_responses(others, by="random", match=best, match_length=True)
    assert control["num_tokens"][:] == [300]


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
    assert "could not be met. Of 2 picks, these teachers have too few" in caplog.text
    assert "{'b': 1}" in caplog.text


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
    with pytest.raises(ValueError, match=r"does not have: \['z'\]"):
        select_responses(many, by="random", match=make(["question 0"], "z", selection_rank=[1]))
    with pytest.raises(ValueError, match="no prompt in common"):
        select_responses(many, by="random", match=make("p", "a", selection_rank=[1]))
    with pytest.raises(ValueError, match=r"'selection_rank'; found: \['prompt', 'teacher'"):
        select_responses(many, by="random", match=many)
    with pytest.raises(ValueError, match="no shares to imitate"):
        select_responses(many, by="random", match=best.select([]))
    with pytest.raises(TypeError, match="must be a selection"):
        select_responses(many, by="random", match={"a": 1.0})
    with pytest.raises(ValueError, match="up to 1 here: drop `k=3`"):
        select_responses(many, by="random", match=best, k=3)
    with pytest.raises(ValueError, match="needs the lengths that scorers write into the column 'num_tokens'"):
        select_responses(many, by="random", match=best, match_length=True)
    with pytest.raises(ValueError, match="pass it as `match` too"):
        select_responses(many, by="random", match_length=True)
    with pytest.raises(ValueError, match="must see the whole dataset"):
        select_responses(many.to_iterable_dataset(), by="random", match=best)


def test_a_bound_on_random_numbers_is_an_error(many):
    with pytest.raises(ValueError, match=r"`where=\"local_naturalness >= -0.5\"`"):
        select_responses(many, by="random", min_score=-0.5)


def test_the_control_has_the_candidates_of_the_selection(many, caplog):
    many = many.add_column("correct", [place % 3 > 0 for place in range(len(many))])
    best = select_responses(many, where="correct and local_naturalness < 0")
    control = select_responses(many, by="random", match=best)
    assert all(control["correct"][:])
    assert Counter(control["prompt"][:]) == Counter(best["prompt"][:])
    assert "`where=" not in caplog.text
    select_responses(many, by="random", where="correct", match=best)
    assert "`match` was selected with `where='correct and local" in caplog.text
    by_function = select_responses(many, where=lambda row: row["correct"])
    with pytest.raises(ValueError, match="cannot be repeated here: pass the same function"):
        select_responses(many, by="random", match=by_function)
