"""`rank_teachers` on cases worked by hand and on noise with a known answer."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict

from local_naturalness.teachers import rank_teachers

HIGH = {"by": "score", "direction": "high"}


def noisy(num_prompts: int = 200, **offsets: float) -> Dataset:
    generator = np.random.default_rng(0)
    rows = []
    for prompt in range(num_prompts):
        level = generator.normal(0, 5)
        for teacher, offset in offsets.items():
            score = level + offset + generator.normal(0, 0.5)
            rows.append({"prompt": f"p{prompt}", "teacher": teacher, "score": score})
    return Dataset.from_list(rows)


def test_two_prompts_three_teachers_by_hand(make):
    dataset = make("pppqqq", "abcabc", score=[1.0, 2.0, 4.0, 3.0, 3.0, 2.0])
    ranking = rank_teachers(dataset, **HIGH)
    table = ranking.to_pandas()
    assert " ".join(table.columns) == (
        "group rank teacher mean low high gap gap_low gap_high p_best win_rate num_prompts num_responses "
        "mean_complete accuracy mean_tokens repeated_step_share"
    )
    assert table["teacher"].tolist() == ["c", "b", "a"]
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["mean"].tolist() == pytest.approx([3.0, 2.5, 2.0])
    assert table["gap"].tolist() == pytest.approx([0.0, -0.5, -1.0])
    # c wins twice and loses twice; b wins, ties, loses, wins; a loses, loses, ties, wins.
    assert table["win_rate"].tolist() == [0.5, 0.625, 0.375]
    assert table["num_prompts"].tolist() == [2, 2, 2]
    assert ranking.best == "c"
    assert ranking.groups[0].teachers == ["c", "b", "a"]


def test_low_criteria_rank_low_first(make):
    dataset = make("pp", "ab", rank_surprisal_ratio=[3.0, 2.0])
    ranking = rank_teachers(dataset, by="rank_surprisal_ratio")
    assert ranking.best == "b"
    assert ranking.direction == "low"
    assert ranking.to_pandas()["win_rate"].tolist() == [1.0, 0.0]


def test_rank_surprisal_ratio_of_a_teacher_is_a_ratio_of_sums(make):
    # a: (2 + 40) / (1 + 4) = 8.4, its mean of ratios is 6. b: (14 + 14) / (2 + 2) = 7.
    dataset = make(
        "ppqq",
        "abab",
        rank_surprisal_ratio=[2.0, 7.0, 10.0, 7.0],
        mean_clipped_rank=[2.0, 14.0, 40.0, 14.0],
        global_naturalness=[-1.0, -2.0, -4.0, -2.0],
    )
    table = rank_teachers(dataset, by="rank_surprisal_ratio").to_pandas()
    assert dict(zip(table["teacher"], table["mean"], strict=True)) == pytest.approx({"b": 7.0, "a": 8.4})
    assert table["win_rate"].tolist() == [0.5, 0.5]
    parts_missing = dataset.remove_columns("mean_clipped_rank")
    assert rank_teachers(parts_missing, by="rank_surprisal_ratio").best == "a"


def test_different_prompts_are_compared_fairly(make):
    # b is 1 better wherever both answered, but alone took on the hard prompt r.
    dataset = make("ppqqr", "ababb", score=[1.0, 2.0, 2.0, 3.0, -9.0])
    ranking = rank_teachers(dataset, **HIGH)
    assert ranking.best == "b"
    table = ranking.to_pandas()
    assert table["gap"].tolist() == pytest.approx([0.0, -1.0])
    assert table["mean_complete"].tolist() == pytest.approx([2.5, 1.5])
    assert ranking.groups[0].num_prompts == 3
    assert ranking.groups[0].num_complete_prompts == 2
    complete = rank_teachers(dataset, complete_only=True, **HIGH)
    assert complete.to_pandas()["mean"].tolist() == pytest.approx([2.5, 1.5])
    assert complete.groups[0].num_prompts == 2
    assert "Only prompts that all teachers" in str(complete)


def test_complete_only_needs_a_complete_prompt(make):
    dataset = make("ppqq", "abbc", score=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match=r"no prompt is answered by all of \['a', 'b', 'c'\]"):
        rank_teachers(dataset, complete_only=True, **HIGH)


def test_complete_only_counts_the_rows_that_it_uses(make):
    rows = make("ppqrr", "abaab", score=[1.0, 2.0, 9.0, 1.0, 2.0])
    table = rank_teachers(rows, complete_only=True, **HIGH).to_pandas()
    assert table[["num_prompts", "num_responses"]].to_numpy().tolist() == [[2, 2], [2, 2]]


def test_another_order_over_complete_prompts_is_said(make):
    # Over p, all three: c, b, a. Fitted over all: a is far ahead of b on q and r.
    dataset = make("pppqqrr", "abcabab", score=[1.0, 2.0, 3.0, 9.0, 1.0, 9.0, 1.0])
    ranking = rank_teachers(dataset, **HIGH)
    assert ranking.best != "c" or ranking.groups[0].teachers[1] != "b"
    assert any("the order differs" in warning for warning in ranking.warnings)


def test_groups_are_ranked_apart(make):
    dataset = make("pprrs", "abcdc", score=[1.0, 2.0, 9.0, 8.0, 7.0])
    ranking = rank_teachers(dataset, **HIGH)
    assert [group.teachers for group in ranking.groups] == [["b", "a"], ["c", "d"]]
    assert ranking.to_pandas()["group"].tolist() == [1, 1, 2, 2]
    assert "Group 2, not comparable with the other groups" in str(ranking)
    with pytest.raises(ValueError, match=r"2 groups of teachers share no prompt.*\['c', 'd'\]"):
        _ = ranking.best


def test_of_many_groups_the_first_are_printed(make):
    names = [f"t{place}" for place in range(23)]
    ranking = rank_teachers(make(names, names, score=[1.0] * 23), num_bootstrap=100, **HIGH)
    for text in (str(ranking), ranking.to_markdown(), ranking._repr_html_()):
        assert "Group 20, not" in text and "Group 21" not in text
        assert "3 more groups of teachers that share no prompt with these" in text
    assert len(ranking.to_pandas()) == len(ranking.to_dict()["groups"]) == 23


def test_chained_teachers_form_one_group(make):
    ranking = rank_teachers(make("ppqqrr", "adcbdc", score=[1.0] * 6), **HIGH)
    assert [sorted(group.teachers) for group in ranking.groups] == [["a", "b", "c", "d"]]


def test_duplicates_are_averaged_and_noted(make):
    dataset = make("ppp", "aab", score=[1.0, 5.0, 2.0])
    ranking = rank_teachers(dataset, **HIGH)
    table = ranking.to_pandas()
    assert table["mean"].tolist() == [3.0, 2.0]
    assert table["num_responses"].tolist() == [2, 1]
    assert ranking.notes == ["Repeated answers of the same teacher to the same prompt are averaged: 1 row."]


def test_rows_without_a_score_are_left_out_and_noted(make):
    dataset = make("ppqq", "abab", score=[1.0, 2.0, float("inf"), None])
    ranking = rank_teachers(dataset, **HIGH)
    assert ranking.to_pandas()["mean"].tolist() == [2.0, 1.0]
    assert ranking.notes == ["Left out, without a valid score: 2 rows."]


def test_what_rows_lack_is_told_and_who_is_not_ranked(make):
    dataset = make("pppqqq", "abcabc", score=[1.0, 2.0, None, 1.0, 2.0, float("nan")])
    dataset = dataset.remove_columns(["prompt", "teacher"])
    dataset = dataset.add_column("prompt", ["p", "p", "p", "q", None, "q"])
    dataset = dataset.add_column("teacher", ["a", "b", "c", None, "b", "c"])
    ranking = rank_teachers(dataset, **HIGH)
    assert ranking.groups[0].teachers == ["b", "a"]
    assert ranking.notes == [
        "Left out, without a prompt: 1 row.",
        "Left out, without a teacher: 1 row.",
        "Left out, without a valid score: 2 rows.",
        "Not ranked, because they have no valid score: c.",
    ]


def test_a_teacher_of_rows_that_are_filtered_out_is_not_missed(make):
    dataset = make("ppp", "abc", score=[1.0, 2.0, None]).select([0, 1])
    assert rank_teachers(dataset, **HIGH).notes == []


def test_one_shared_prompt_makes_nothing_certain(make):
    ranking = rank_teachers(make("ppq", "aba", score=[1.0, 2.0, 3.0]), **HIGH)
    table = ranking.to_pandas()
    assert table[["low", "high", "gap_low", "gap_high", "p_best"]].isna().all(axis=None)
    assert table["gap"].tolist() == [0.0, -1.0]
    assert ranking.warnings[0].startswith("A single prompt compares the teachers. One prompt cannot")
    shown = [line.split() for line in str(ranking).split("\n")]
    assert ["a", "2.0000", "-1.0000", "-", "-", "2"] in shown


def test_a_teacher_with_one_shared_prompt_leaves_the_others_their_figures():
    dataset = [*noisy(50, a=0.0, b=2.0).to_list(), {"prompt": "p0", "teacher": "c", "score": -99.0}]
    table = rank_teachers(Dataset.from_list(dataset), **HIGH).to_pandas()
    assert table["teacher"].tolist() == ["b", "a", "c"]
    assert table["p_best"].tolist()[:2] == [1.0, 0.0]
    assert table[["low", "high", "gap_low", "gap_high", "p_best"]].isna().iloc[2].all()
    assert not table[["low", "high", "gap_low", "gap_high", "p_best"]].isna().iloc[:2].any(axis=None)


@pytest.mark.parametrize(
    ("score", "teachers", "p_best", "says"),
    [
        (99.0, "cba", [None] * 3, "As c is ahead of them, the others have no P(best) either."),
        (-99.0, "bac", [1.0, 0.0, None], "P(best) compares the others only."),
    ],
)
def test_who_is_best_is_not_known_without_an_interval_of_the_leader(score, teachers, p_best, says):
    rows = [*noisy(6, a=0.0, b=9.0).to_list(), {"prompt": "p0", "teacher": "c", "score": score}]
    ranking = rank_teachers(Dataset.from_list(rows), **HIGH)
    assert ranking.groups[0].teachers == list(teachers) and ranking.groups[0].compared_once == ["c"]
    assert [row["p_best"] for row in ranking.to_dict()["groups"][0]["teachers"]] == p_best
    once, few = ranking.warnings
    assert once.startswith("A single prompt compares c with other teachers.") and once.endswith(says)
    assert few == (
        "Only 6 prompts were answered by two teachers or more. Intervals from so few prompts are too narrow."
    )


def test_teachers_that_a_prompt_each_compares_are_listed():
    rows = noisy(6, a=0.0, b=9.0).to_list()
    rows += [{"prompt": f"p{i}", "teacher": name, "score": -99.0 - i} for i, name in enumerate("cd")]
    once, _ = rank_teachers(Dataset.from_list(rows), **HIGH).warnings
    assert once.startswith("A single prompt compares each of these with other teachers: c, d. One prompt")


@pytest.mark.parametrize(("num_prompts", "is_few"), [(9, True), (10, False)])
def test_few_prompts_are_said(num_prompts, is_few):
    warnings = rank_teachers(noisy(num_prompts, a=0.0, b=9.0), **HIGH).warnings
    assert any("Only 9 prompts were answered by two teachers or more" in text for text in warnings) == is_few


@pytest.mark.parametrize("num_prompts", [1, 2, 7, 9, 10, 12, 40])
def test_how_many_prompts_are_enough_is_estimated_from_ten_on(num_prompts):
    ranking = rank_teachers(noisy(num_prompts, a=0.0, b=9.0), **HIGH)
    text = " ".join(str(ranking).split())
    (group,) = ranking.groups
    assert ("Too few prompts to estimate how many are enough." in text) == (num_prompts < 10)
    assert ("are enough to find" in text) == (num_prompts >= 10)
    assert (group.stable_best_from is None) == (group.stable_order_from is None) == (num_prompts < 10)
    assert "another teacher often leads" not in text


def test_prompts_of_a_single_teacher_do_not_tell_how_many_are_enough():
    alone = [{"prompt": f"of b {i}", "teacher": "b", "score": 9.0} for i in range(30)]
    ranking = rank_teachers(Dataset.from_list([*noisy(7, a=0.0, b=9.0).to_list(), *alone]), **HIGH)
    assert ranking.groups[0].num_prompts == 37
    assert ranking.to_dict()["groups"][0]["num_compared_prompts"] == 7
    assert "37 prompts, 7 of them answered by every teacher. Too few prompts to" in " ".join(
        str(ranking).split()
    )


def test_two_pairs_that_hang_on_one_prompt_are_said():
    rows = noisy(20, a=0.0, b=1.0).to_list()
    rows += [{**row, "prompt": "x" + row["prompt"]} for row in noisy(20, c=0.0, d=9.0).to_list()]
    rows += [{"prompt": "bridge", "teacher": teacher, "score": 0.0} for teacher in "bc"]
    warnings = rank_teachers(Dataset.from_list(rows), **HIGH).warnings
    assert any("% of the bootstrap draws leave teachers without a common prompt" in text for text in warnings)


def test_clear_differences_are_certain_and_stable():
    ranking = rank_teachers(noisy(a=0.0, b=0.5, c=1.0), **HIGH)
    table = ranking.to_pandas()
    assert table["teacher"].tolist() == ["c", "b", "a"]
    assert table["p_best"].tolist() == [1.0, 0.0, 0.0]
    assert (table["gap_high"][1:] < 0).all()
    # Prompts vary far more than teachers: paired gaps are narrow where means are wide.
    assert (table["high"] - table["low"]).min() > 3 * (table["gap_high"] - table["gap_low"]).max()
    group = ranking.groups[0]
    assert 5 <= group.stable_best_from <= group.stable_order_from <= 100
    assert ranking.warnings == []


@pytest.mark.parametrize("num_bootstrap", [1, 99])
def test_too_few_draws_give_no_intervals(num_bootstrap):
    values = np.random.default_rng(0).normal([0.0, 0.5], 0.2, (40, 2))
    traits = {"num_tokens": [10, 20, 30, 30] * 20}
    table = {"prompt": np.repeat(np.arange(40), 2), "teacher": ["a", "b"] * 40, "score": values.ravel()}
    few, enough = (
        rank_teachers(Dataset.from_dict({**table, **traits}), num_bootstrap=number, **HIGH)
        for number in (num_bootstrap, 100)
    )
    (warning,) = few.warnings
    assert warning.startswith(f"{num_bootstrap} bootstrap draw") and "`num_bootstrap=1000`" in warning
    uncertain = ["low", "high", "gap_low", "gap_high", "p_best"]
    assert few.to_pandas()[uncertain].isna().all(axis=None)
    assert few.groups[0].explained == []
    assert not enough.warnings and enough.to_pandas()[uncertain].notna().all(axis=None)
    assert "nan" not in str(few)


def test_a_teacher_without_a_name_and_one_that_is_equal(make):
    ranking = rank_teachers(make("ppqq", ["", "b"] * 2, score=[1.0, 1.0, 2.0, 2.0]), **HIGH)
    assert ranking.groups[0].teachers == ["", "b"]
    assert "(no name) and b have the same mean, so neither of them leads." in ranking.warnings
    assert "(no name)  1.5" in str(ranking) and "| (no name) |" in ranking.to_markdown()


def test_undecided_is_said(caplog):
    ranking = rank_teachers(noisy(a=0.0, b=0.01), **HIGH)
    table = ranking.to_pandas()
    assert table["p_best"].sum() == pytest.approx(1.0)
    assert table["gap_low"][1] < 0 < table["gap_high"][1]
    assert "do not separate it reliably from" in ranking.warnings[0]
    # Said once: in the table, not in the log as well.
    assert ranking.warnings[0] not in caplog.text
    assert f"Warning: {ranking.warnings[0]}" in " ".join(str(ranking).split())


def with_gaps(**gaps: list[float]) -> Dataset:
    """A leader at 0 for every prompt, and teachers that are ahead of it by the given scores, repeated."""
    rows = [{"prompt": f"p{p}", "teacher": "leader", "score": 0.0} for p in range(60)]
    for teacher, of_prompts in gaps.items():
        rows += [
            {"prompt": f"p{p}", "teacher": teacher, "score": of_prompts[p % len(of_prompts)]}
            for p in range(60)
        ]
    return Dataset.from_list(rows)


SURELY_BEHIND = [-0.3, -0.4, -0.2]
PERHAPS_AHEAD = [-20.0, *[2.0] * 9, -2.0]
SO_TOO = [5.0, -6.0, 5.0, -5.0, -3.0]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("others", "named"),
    [
        ({"second": SURELY_BEHIND, "third": PERHAPS_AHEAD}, "third"),
        ({"second": SURELY_BEHIND, "third": PERHAPS_AHEAD, "fourth": SO_TOO}, "third and fourth"),
        ({"second": PERHAPS_AHEAD, "third": SO_TOO}, "second and third"),
    ],
)
def test_the_doubt_names_every_teacher_whose_interval_of_the_gap_contains_0(others, named, sign):
    data = with_gaps(**{name: [sign * gap for gap in gaps] for name, gaps in others.items()})
    ranking = rank_teachers(data, by="score", direction="high" if sign > 0 else "low")
    table = ranking.to_pandas().set_index("teacher").iloc[1:]
    contains_0 = (table["gap_low"] <= 0) & (table["gap_high"] >= 0)
    assert set(named.split(" and ")) == set(table.index[contains_0])
    (doubt,) = ranking.warnings
    assert doubt.endswith(f"the data do not separate it reliably from {named}.")


def test_of_many_rivals_that_are_each_behind_the_doubt_names_the_likeliest():
    # Each is best in one draw of forty or less, all of them together in more than one of twenty.
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 1, (60, 6))
    noise = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    # The likeliest, c, has the lowest mean, and the largest spread.
    gaps = (noise - np.array([2.2, 2.25, 2.1, 2.3, 2.3, 2.3]) / 60**0.5) * [1, 1, 3, 1, 1, 1]
    ranking = rank_teachers(with_gaps(**dict(zip("abcdef", gaps.T.tolist(), strict=True))), **HIGH)
    table = ranking.to_pandas().set_index("teacher").iloc[1:]
    assert (table["gap_high"] < 0).all() and table["p_best"].idxmax() == table.index[-1] == "c"
    (doubt,) = ranking.warnings
    assert doubt.endswith("the data do not separate it reliably from c.")


def test_many_rivals_are_counted():
    ranking = rank_teachers(with_gaps(**{f"t{i:02}": PERHAPS_AHEAD for i in range(12)}), **HIGH)
    assert ranking.warnings[0].endswith("t06, t07 and 4 more.")


def test_all_that_share_the_first_mean_are_named(make):
    ranking = rank_teachers(make("ppppqqqq", "abcd" * 2, score=[1.0, 1.0, 1.0, 0.0] * 2), **HIGH)
    assert "a, b and c have the same mean, so none of them leads." in ranking.warnings


def test_all_tied(make):
    table = rank_teachers(make("ppqq", "abab", score=[1.0] * 4), **HIGH).to_pandas()
    assert table["teacher"].tolist() == ["a", "b"]
    assert table["p_best"].tolist() == [0.5, 0.5]
    assert table["win_rate"].tolist() == [0.5, 0.5]


def test_ties_have_no_order_that_fewer_prompts_could_show():
    rows = [
        {"prompt": str(place), "teacher": name, "score": float(name == "c")}
        for place in range(20)
        for name in "abc"
    ]
    (group,) = rank_teachers(Dataset.from_list(rows), **HIGH).groups
    assert (group.best, group.stable_best_from is None, group.stable_order_from) == ("c", False, None)
    (tied,) = rank_teachers(Dataset.from_list(rows).filter(lambda row: row["teacher"] != "c"), **HIGH).groups
    assert tied.stable_best_from is None


def test_teachers_that_few_prompts_link_have_no_order_in_small_samples():
    # Of samples of 6 prompts many hold none that both answered.
    alone = [
        {"prompt": f"{name}{place}", "teacher": name, "score": 1.0} for name in "ab" for place in range(20)
    ]
    linked = [
        {"prompt": f"l{place}", "teacher": name, "score": value}
        for place in range(10)
        for name, value in (("a", 1.0), ("b", 0.0))
    ]
    (group,) = rank_teachers(Dataset.from_list([*alone, *linked]), **HIGH).groups
    assert group.stable_best_from > 6


def test_one_teacher(make):
    ranking = rank_teachers(make("pq", "aa", score=[1.0, 2.0]), **HIGH)
    assert ranking.best == "a"
    assert np.isnan(ranking.to_pandas()["win_rate"][0])
    assert "one teacher, nothing to compare" in str(ranking)
    assert ranking.warnings == []


def test_own_family_is_said(make):
    dataset = make("ppp", "abc", local_naturalness=[-3.0, -2.0, -1.0])
    dataset = dataset.remove_columns("teacher").add_column(
        "teacher", ["llama-3-instruct", "Qwen3-235B", "qwen2.5-math-7b"]
    )
    spec = "student=Qwen/Qwen2.5-7B-Instruct@abc123; scorer=local; window=4"
    dataset = dataset.add_column("local_naturalness_spec", [spec] * 3)
    families = [text for text in rank_teachers(dataset).warnings if "family" in text]
    assert [text.split("may share")[0] for text in families] == [
        "qwen2.5-math-7b leads and ",
        "Qwen3-235B ",
    ]


def test_seed_decides_the_draws():
    dataset = noisy(30, a=0.0, b=0.2)
    one, same = (rank_teachers(dataset, **HIGH).to_pandas() for _ in range(2))
    pd.testing.assert_frame_equal(one, same)
    other = rank_teachers(dataset, seed=1, **HIGH).to_pandas()
    assert one["low"].tolist() != other["low"].tolist()
    assert one["mean"].tolist() == other["mean"].tolist()


def test_class_labels_are_named(make):
    dataset = make("pp", "ab", score=[1.0, 2.0]).class_encode_column("teacher")
    assert rank_teachers(dataset, **HIGH).best == "b"


def test_wrong_input_says_what_to_change(make):
    dataset = make("pp", "ab", score=[1.0, 2.0])
    with pytest.raises(TypeError, match=r"DatasetDict with splits \['x'\]: pass `dataset\['x'\]`"):
        rank_teachers(DatasetDict({"x": dataset}), **HIGH)
    with pytest.raises(TypeError, match=r"got IterableDataset\. Load it without `streaming=True`"):
        rank_teachers(dataset.to_iterable_dataset(), **HIGH)
    with pytest.raises(ValueError, match=r"`teacher_column=\.\.\.`"):
        rank_teachers(dataset.rename_column("teacher", "model"), **HIGH)
    with pytest.raises(ValueError, match="cannot be ranked by random numbers"):
        rank_teachers(dataset, by="random")
    with pytest.raises(ValueError, match="`num_bootstrap` must be at least 1"):
        rank_teachers(dataset, num_bootstrap=0, **HIGH)
    for seed in (-1, 1.5, "1"):
        with pytest.raises(ValueError, match="`seed` must be at least 0 and whole, got"):
            rank_teachers(dataset, seed=seed, **HIGH)
    with pytest.raises(ValueError, match="there is nothing to rank"):
        rank_teachers(make("pp", "ab", score=[None, float("nan")]), **HIGH)


def test_plot_shows_the_gaps(make, tmp_path):
    pytest.importorskip("matplotlib", reason="plots need the extra `plots`")
    ranking = rank_teachers(make("pprr", "abcd", score=[1.0, 2.0, 3.0, 4.0], correct=[1, 0, 1, 1]), **HIGH)
    path = ranking.plot(tmp_path / "teachers.svg")
    text = path.read_text()
    assert all(f"<!-- {word} -->" in text for word in ["a", "b", "c", "d"])
    assert "gap to the leader" in text
    assert "accuracy 100.0%" in text


def test_plot_without_matplotlib_names_the_extra(make, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ranking = rank_teachers(make("pp", "ab", score=[1.0, 2.0]), **HIGH)
    with pytest.raises(ImportError, match=r"pip install 'local_naturalness\[plots\]'"):
        ranking.plot(tmp_path / "teachers.png")


def test_no_heavy_imports():
    code = (
        "import sys, local_naturalness.selection, local_naturalness.comparison;"
        "print([name for name in ('torch', 'transformers', 'matplotlib') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_direction_of_another_column_is_refused(make):
    dataset = make("pp", "ab", score=[1.0, 2.0])
    with pytest.raises(ValueError, match="`direction` names 'typo', not among the criteria: 'score'"):
        rank_teachers(dataset, by="score", direction={"score": "high", "typo": "low"})
