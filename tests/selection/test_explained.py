"""How much of the gaps between teachers is explained by length, repetition and correctness."""

import itertools

import numpy as np
import pytest
from datasets import Dataset

from local_naturalness.report import write_report
from local_naturalness.teachers import rank_teachers
from local_naturalness.teachers.bootstrap_interval import interval, student_t
from local_naturalness.teachers.explained import Decomposition, decompose
from local_naturalness.teachers.explained_gap import ExplainedGap, explained_sentences
from local_naturalness.teachers.ranked_group import GroupValues
from local_naturalness.teachers.same_family import student_words
from local_naturalness.teachers.traits import look_at_traits

NAMES = "abcdefgh"


def plain_parts(values, traits, weights, first):
    """The same by one regression on dummies for prompts and teachers, as a textbook would do it."""
    num_prompts, num_teachers = values.shape
    known = np.isfinite([values, *traits]).all(axis=0)
    rows = [cell for cell in itertools.product(range(num_prompts), range(num_teachers)) if known[cell]]
    design = np.zeros((len(rows), num_prompts + num_teachers + len(traits)))
    effects = np.zeros((len(rows), num_prompts + num_teachers))
    for row, (prompt, teacher) in enumerate(rows):
        effects[row, [prompt, num_prompts + teacher]] = 1
        design[row, : num_prompts + num_teachers] = effects[row]
        design[row, num_prompts + num_teachers :] = [trait[prompt, teacher] for trait in traits]
    root = np.sqrt([weights[prompt] for prompt, _ in rows])

    def fitted(columns, target):
        return np.linalg.lstsq(columns * root[:, None], target * root, rcond=None)[0]

    slope = fitted(design, np.array([values[cell] for cell in rows]))[num_prompts + num_teachers :]
    part = np.zeros(num_teachers)
    for beta, trait in zip(slope, traits, strict=True):
        of_teacher = fitted(effects, np.array([trait[cell] for cell in rows]))[num_prompts:]
        part += beta * (of_teacher[first] - of_teacher)
    return part


@pytest.mark.parametrize("share_missing", [0.0, 0.3])
def test_parts_equal_a_regression_on_dummies(share_missing):
    generator = np.random.default_rng(0)
    traits = [generator.normal(size=(25, 4)) + np.arange(4) * 0.3 for _ in range(2)]
    values = generator.normal(size=(25, 4)) - 0.7 * traits[0] + 0.2 * traits[1]
    values[generator.random(values.shape) < share_missing] = np.nan
    found = decompose(values, traits, sign=-1.0, first=2, num_draws=20, seed=0)
    expected = -plain_parts(values, traits, np.ones(25), first=2)
    np.testing.assert_allclose(found.part, expected, atol=1e-9)
    # The draws by hand, with the very weights of the bootstrap.
    from local_naturalness.teachers.bootstrap import bootstrap_weights

    is_shared = np.isfinite(values).sum(axis=1) > 1
    weights = bootstrap_weights(20, seed=0)(int(is_shared.sum()))
    used = values[is_shared], [trait[is_shared] for trait in traits]
    draws = np.array([-plain_parts(*used, one, first=2) for one in weights])
    low, high = interval(draws, int(is_shared.sum()))
    np.testing.assert_allclose([found.low, found.high], [low, high], atol=1e-4)


def test_a_trait_that_only_teachers_differ_in_tells_nothing():
    values = np.random.default_rng(0).normal(size=(20, 3))
    found = decompose(values, [np.tile([1.0, 2.0, 3.0], (20, 1))], 1.0, first=0, num_draws=50, seed=0)
    assert np.isnan([found.part, found.low, found.high])[:, 1:].all()
    assert found.is_separable.tolist() == [True, False, False]


def lengths(kind):
    """Lengths of the answers of a, b and c to 30 prompts."""
    generator = np.random.default_rng(0)
    of_prompt = np.exp(generator.normal(5, 0.5, (30, 1)))
    varied = of_prompt * np.exp(generator.normal(0, 0.3, (30, 3)) + 0.3 * np.arange(3))
    return {
        "alike": np.full((30, 3), 100.0),
        "apart": np.tile([100.0, 200.0, 400.0], (30, 1)),
        "only b apart": np.tile([100.0, 400.0, 100.0], (30, 1)),
        "apart by a factor at every prompt": of_prompt * [1.0, 2.0, 4.0],
        "varied": varied,
        "varied like tokens": varied / 10,
        "varied like tokens, but a teacher's steps have one length": varied / [10.0, 20.0, 40.0],
    }[kind]


@pytest.mark.parametrize(
    ("tokens", "steps", "says"),
    [
        ("apart", None, "inseparable"),
        ("apart", "apart", "inseparable"),
        ("apart", "varied", "inseparable"),  # the steps alone would explain next to nothing
        ("varied", "apart", "inseparable"),
        ("apart by a factor at every prompt", None, "inseparable"),
        ("varied", "varied like tokens, but a teacher's steps have one length", "inseparable"),
        ("alike", None, "nothing"),
        ("alike", "alike", "nothing"),
        ("only b apart", None, "nothing"),
        ("only b apart", "varied", "number"),
        ("varied", "varied like tokens", "number"),
        ("varied", None, "number"),
    ],
)
@pytest.mark.parametrize("num_prompts", [30, 4])
def test_length_that_cannot_be_told_from_the_teacher_may_explain_the_whole_gap(
    tokens, steps, says, num_prompts
):
    table = {
        "prompt": np.repeat(np.arange(30), 3),
        "teacher": ["a", "b", "c"] * 30,
        "score": np.ravel(np.random.default_rng(1).normal([2.0, 1.0, 0.0], 0.1, (30, 3))),
        "num_tokens": lengths(tokens).ravel(),
        **({"num_steps": lengths(steps).ravel()} if steps else {}),
    }
    dataset = Dataset.from_dict(table).select(range(3 * num_prompts))
    ranking = rank_teachers(dataset, by="score", direction="high", num_bootstrap=200)
    found = [
        "inseparable" if not line.is_separable else "number" if line.is_told or num_prompts < 10 else "?"
        for line in ranking.groups[0].explained
    ]
    assert (found or ["nothing"]) == [says]
    text = " ".join(str(ranking).split())
    inseparable = (
        "The two differ in it in the same way at every prompt, so the data cannot separate it "
        "from the teacher."
    )
    assert (inseparable in text) == (says == "inseparable")
    assert says != "inseparable" or ranking.to_dict()["groups"][0]["explained"][0]["part"] is None


def test_what_a_single_prompt_decides_is_not_told():
    values = np.random.default_rng(0).normal(size=(20, 2))
    trait = np.zeros((20, 2))
    trait[7] = [1.0, 0.0]
    found = decompose(values, [trait], 1.0, first=0, num_draws=200, seed=0)
    assert np.isnan(found.part).all()
    # The trait's own means are known in every draw.
    assert found.trait == pytest.approx([0.05, 0.0])
    assert len(found.trait_draws) == 200


def test_t_quantiles_of_tables():
    # Degrees of freedom and quantiles as printed tables have them.
    for degrees, expected in [(4, 2.776), (9, 2.262), (29, 2.045), (200, 1.972)]:
        assert student_t(0.975, degrees) == pytest.approx(expected, abs=0.03 / degrees)


def simulated(kind: str, num_teachers: int, seed: int, num_prompts: int = 60) -> Dataset:
    """Teachers that write at different lengths; the score is chance, the teacher, or length alone."""
    generator = np.random.default_rng(seed)
    shape = (num_prompts, num_teachers)
    tokens = np.exp(
        5
        + generator.normal(0, 0.5, (num_prompts, 1))
        + generator.normal(0, 0.4, num_teachers)
        + generator.normal(0, 0.3, shape)
    )
    score = generator.normal(0, 1, (num_prompts, 1)) + generator.normal(0, 0.3, shape)
    if kind == "teacher":
        score = score + generator.normal(0, 0.3, num_teachers)
    elif kind == "length":
        score = score - 0.4 * np.log(tokens)
    return Dataset.from_dict(
        {
            "prompt": np.repeat(np.arange(num_prompts), num_teachers),
            "teacher": list(NAMES[:num_teachers]) * num_prompts,
            "local_naturalness": score.ravel(),
            "num_tokens": np.round(tokens).ravel(),
            "num_steps": np.ceil(tokens / 15).ravel(),
        }
    )


def share_of_doubts(kind: str, num_teachers: int, runs: int) -> float:
    found = [
        rank_teachers(simulated(kind, num_teachers, seed), num_bootstrap=200).warnings for seed in range(runs)
    ]
    return float(np.mean([any("Length (tok" in text for text in warnings) for warnings in found]))


@pytest.mark.parametrize(
    ("runs", "num_teachers"),
    [(15, 3), *(pytest.param(300, number, marks=pytest.mark.slow) for number in (3, 5, 8))],
)
def test_doubts_about_length_have_an_error_rate(runs, num_teachers):
    # 5 % of 300 runs and two standard errors, as 15 runs would not tell 5 % from 10 %.
    allowed = 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)
    assert share_of_doubts("chance", num_teachers, runs) <= allowed
    assert share_of_doubts("teacher", num_teachers, runs) <= allowed
    assert share_of_doubts("length", num_teachers, runs) >= 0.8


def test_a_doubt_is_a_line_with_numbers():
    ranking = rank_teachers(simulated("length", 5, seed=1))
    (line,) = ranking.groups[0].explained
    assert line.trait == "length"
    assert line.low < line.part < line.high
    assert 0.5 * line.gap < line.part < 1.5 * line.gap
    assert str(line) in ranking.warnings
    text = " ".join(str(ranking).split())
    said = (
        f"explains {100 * line.part / line.gap:.0f}% of the gap of {line.gap:.2g} nats between {line.first}"
    )
    assert (
        text.count(f"Warning: Length (tokens, steps, tokens per step) {said} and {line.last} (95% int") == 1
    )
    assert text.count("The criterion may be measuring length.") == 1


def with_part(low, high, num_prompts=60, gap=1.0):
    """The line about length for a part of the gap whose interval is given."""
    values = GroupValues([np.zeros((2, 2))], np.zeros((2, 2)), 1.0, {"tokens": np.ones((2, 2))})
    found = Decomposition(
        gap=np.array([0.0, gap]),
        part=np.array([0.0, (low + high) / 2]),
        is_separable=np.array([True, True]),
        low=np.array([0.0, low]),
        high=np.array([0.0, high]),
        trait=np.zeros(2),
        trait_draws=np.zeros((5, 2)),
        num_prompts=num_prompts,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("local_naturalness.teachers.traits.decompose", lambda *settings: found)
        return look_at_traits(
            values, "ab", np.array([0, 1]), measures_length=False, unit="nats", num_draws=1, seed=0
        )


@pytest.mark.parametrize(
    ("low", "high", "num_prompts", "says"),
    [
        (-0.1, 0.8, 60, "part"),  # at most 0.8 of it
        (0.3, 1.6, 60, "doubt"),  # wide, but length has a part in it
        (0.05, 0.25, 60, "part"),  # a small part
        (-1.6, -0.3, 60, "part"),  # length makes the gap smaller
        (-0.1, 1.2, 60, "nothing"),  # none of it, all of it, anything between
        (-3.0, 0.5, 60, "nothing"),
        (0.3, 0.8, 9, "nothing"),
        (0.3, 0.8, 10, "doubt"),
    ],
)
def test_an_interval_that_says_nothing_is_worded_so(low, high, num_prompts, says):
    findings = with_part(low, high, num_prompts)
    (line,) = findings.explained
    assert (line.low, line.high, line.num_prompts) == (low, high, num_prompts)
    is_worded_so = str(line) == (
        f"{num_prompts} prompts cannot show how much of the gap of 1.0 nats between a and b is explained by "
        "length (tokens, steps, tokens per step)."
    )
    assert (is_worded_so, line.is_told, line.is_doubt) == (
        says == "nothing",
        says != "nothing",
        says == "doubt",
    )
    assert list(findings.doubts) == ([str(line)] if says == "doubt" else [])


def test_a_gap_that_turns_round_where_lengths_are_known_is_not_split():
    assert with_part(-0.4, -0.2, gap=-0.3).explained == []


def test_the_table_says_that_few_prompts_do_not_tell_the_part_of_length():
    ranking = rank_teachers(simulated("length", 3, seed=1, num_prompts=7))
    (line,) = ranking.groups[0].explained
    assert str(line).startswith("7 prompts cannot show how much of the gap")
    assert str(line) in " ".join(str(ranking).split())
    assert str(line) not in ranking.warnings
    assert ranking.to_dict()["groups"][0]["explained"][0]["is_told"] is False


def gap_line(trait, **changes):
    known = {"first": "a", "last": "b", "gap": 0.5, "part": 0.1, "low": -1.0, "high": 1.0, "unit": "nats"}
    flags = {"num_prompts": 40, "is_separable": True, "is_told": False, "is_doubt": False}
    return ExplainedGap(trait, **known | flags | changes)


TELLS = {"is_told": True, "low": 0.05, "high": 0.2}
ALIKE = {"is_separable": False}
LENGTH = "length (tokens, steps, tokens per step)"
REPETITION = "repetition (tokens in repeated steps)"
CORRECTNESS = "correctness (correct answers)"
GAP = "the gap of 0.50 nats between a and b"
CANNOT = f"prompts cannot show how much of {GAP} is explained"


@pytest.mark.parametrize(
    ("length", "repetition", "correctness", "says"),
    [
        ({}, {}, {}, [f"40 {CANNOT} by {LENGTH}, by {REPETITION} or by {CORRECTNESS}."]),
        (
            {},
            TELLS,
            {"num_prompts": 1238},  # correctness is known of more answers
            [
                f"40 to 1,238 {CANNOT} by {LENGTH} or by {CORRECTNESS}.",
                f"Repetition (tokens in repeated steps) explains 20% of {GAP} (95% interval: 10% to 40%).",
            ],
        ),
        (
            ALIKE,
            {"is_doubt": True, **TELLS},  # told as a warning
            ALIKE,
            [
                f"Length (tokens, steps, tokens per step) and {CORRECTNESS} may explain all or nothing of "
                f"{GAP}. The two differ in them in the same way at every prompt, so the data cannot separate "
                "them from the teacher."
            ],
        ),
        (TELLS, TELLS, TELLS, 3),
        (ALIKE, {}, {"gap": 0.9}, 3),  # another gap, over the prompts that correctness is known of
    ],
)
def test_traits_of_which_as_little_is_known_share_a_sentence(length, repetition, correctness, says):
    traits = {"length": length, "repetition": repetition, "correctness": correctness}
    lines = [gap_line(trait, **changes) for trait, changes in traits.items()]
    told = explained_sentences(lines)
    assert told == says if isinstance(says, list) else told == [str(line) for line in lines]


def test_the_ranking_and_the_report_join_the_traits(tmp_path):
    dataset = simulated("length", 3, seed=1, num_prompts=7)
    dataset = dataset.add_column(
        "repeated_step_share", np.random.default_rng(0).random(len(dataset)).tolist()
    )
    ranking = rank_teachers(dataset)
    (sentence,) = explained_sentences(ranking.groups[0].explained)
    assert "(tokens, steps, tokens per step) or by repetition" in sentence
    page = write_report(dataset.add_column("response", ["Yes."] * len(dataset)), tmp_path / "report.html")
    for text in (str(ranking), ranking.to_markdown(), ranking._repr_html_(), page.read_text()):
        assert text.count("cannot show how much") == 1 and sentence in " ".join(text.split())


def test_nothing_is_said_about_length_when_length_is_the_criterion():
    dataset = simulated("length", 3, seed=1).rename_column("local_naturalness", "score")
    for by in ("num_tokens", "num_steps"):
        assert rank_teachers(dataset, by=by, direction="high").groups[0].explained == []
    assert rank_teachers(dataset, by="score", direction="high").groups[0].explained


def test_unknown_lengths_are_passed_over():
    dataset = simulated("length", 3, seed=1).remove_columns("num_steps")
    only_tokens = rank_teachers(dataset).groups[0].explained
    nulls = dataset.add_column("num_steps", [None] * len(dataset))
    assert rank_teachers(nulls).groups[0].explained == only_tokens
    assert rank_teachers(dataset.remove_columns("num_tokens")).groups[0].explained == []


def test_a_leader_that_repeats_itself_is_said(make):
    generator = np.random.default_rng(0)
    loops = np.where(np.arange(60) % 2, 0.5, 0.0) + 0.02 * generator.random(60)
    clean = 0.02 * generator.random(60)
    dataset = make(
        [f"p{i // 2}" for i in range(120)],
        "ab" * 60,
        local_naturalness=np.ravel(np.column_stack([-1 + loops, -1 + clean + generator.normal(0, 0.1, 60)])),
        repeated_step_share=np.ravel(np.column_stack([loops, clean])),
    )
    ranking = rank_teachers(dataset)
    assert ranking.best == "a"
    explained, doubt = (text for text in ranking.warnings if "repe" in text)
    assert explained.startswith("Repetition (tokens in repeated steps) explains")
    assert "a leads and repeats itself more than the others: 26." in doubt
    table = ranking.to_pandas().set_index("teacher")
    assert table["repeated_step_share"].to_dict() == pytest.approx({"a": loops.mean(), "b": clean.mean()})


@pytest.mark.parametrize(("every", "is_told"), [(20, False), (4, True)])
def test_a_difference_that_may_be_chance_is_no_warning(every, is_told, make):
    """a has loops, and is wrong, in 3 or 15 of 60 prompts, b in none: 5 points or more in both cases."""
    at_some = np.arange(60) % every == 0
    noise = np.random.default_rng(0).normal(0, 0.1, 60)
    ranking = rank_teachers(
        make(
            [f"p{i // 2}" for i in range(120)],
            "ab" * 60,
            local_naturalness=np.ravel(np.column_stack([np.full(60, -0.5), -1 + noise])),
            repeated_step_share=np.ravel(
                np.column_stack([at_some * (1.0 if every == 20 else 0.5), 0 * noise])
            ),
            is_correct=np.ravel(np.column_stack([~at_some, np.full(60, True)])),
        )
    )
    assert ranking.best == "a"
    assert any("repeats itself more" in warning for warning in ranking.warnings) is is_told
    assert is_told is any("but is correct in" in warning for warning in ranking.warnings)


def test_a_leader_that_is_often_wrong_is_said(make):
    generator = np.random.default_rng(0)
    right = np.column_stack([np.arange(50) % 2 == 0, np.arange(50) % 10 > 0])
    dataset = make(
        [f"p{i // 2}" for i in range(100)],
        "ab" * 50,
        score=np.ravel(generator.normal([1.0, 0.0], 0.1, (50, 2))),
        right=right.ravel(),
    )
    settings = {"by": "score", "direction": "high"}
    assert not [text for text in rank_teachers(dataset, **settings).warnings if "right" in text]
    ranking = rank_teachers(dataset, correct="right", **settings)
    assert ranking.to_pandas()["accuracy"].tolist() == [0.5, 0.9]
    assert "is correct in 50% of its answers to the same prompts, and b in 90%" in ranking.warnings[-1]
    assert "90.0%" in str(ranking)
    # Named like a verdict, the column is found; of two such columns none is.
    named = dataset.rename_column("right", "is_correct")
    assert rank_teachers(named, **settings).to_pandas()["accuracy"].tolist() == [0.5, 0.9]
    doubled = named.add_column("correct", [True] * 100)
    assert rank_teachers(doubled, **settings).to_pandas()["accuracy"].isna().all()
    # A text of that name is the right answer and no verdict.
    texts = dataset.add_column("correct", ["12"] * 100)
    assert rank_teachers(texts, **settings).to_pandas()["accuracy"].isna().all()
    with pytest.raises(TypeError, match="Column 'correct' must hold bools, or 0 and 1"):
        rank_teachers(texts, correct="correct", **settings)


def test_where_counts_what_it_keeps_of_each_teacher(make):
    dataset = make("ppqqrr", "ababab", score=[1.0, 2.0, 1.0, 9.0, 3.0, 2.0], ok=[1, 1, 1, 0, 1, None])
    ranking = rank_teachers(dataset, by="score", direction="high", where="ok")
    assert ranking.groups[0].teachers == ["b", "a"]
    assert ranking.to_pandas()["num_responses"].tolist() == [1, 3]
    assert ranking.notes == ["`where` keeps 4 of 6 rows: a 3 of 3 and b 1 of 3."]
    with pytest.raises(ValueError, match="No row passes `where`: none of 6"):
        rank_teachers(dataset, by="score", direction="high", where="score > 100")


@pytest.mark.parametrize(
    ("spec", "is_qwen"),
    [
        ("student=me/mine@0123; scorer=local", False),
        ("student=me/Qwen2.5-mine@0123; scorer=local", True),
        ("student=me/mine@0123; model_type=qwen3_moe", True),
        ("student=me/mine@0123; tokenizer_class=Qwen2TokenizerFast", False),
        ("student=mine", False),
    ],
)
def test_the_family_of_a_student(spec, is_qwen):
    assert ("qwen" in student_words(spec)) == is_qwen


def test_a_shared_architecture_is_no_family():
    assert "llama" not in student_words("student=me/x; model_type=llama; tokenizer_class=GPT2Tokenizer")
    assert "llama" in student_words("student=me/x; model_type=llama; tokenizer_class=LlamaTokenizerFast")


def test_the_configuration_in_the_cache_tells_the_family(tmp_path, monkeypatch):
    import json

    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = tmp_path / "models--me--mine" / "snapshots" / commit
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert "qwen" in student_words(f"student=me/mine@{commit[:12]}; scorer=local")
    assert "qwen" not in student_words("student=me/mine@ffff; scorer=local")
