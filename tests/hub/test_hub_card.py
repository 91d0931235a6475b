"""The card as a whole, and what must never get into it."""

import getpass
import re
from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict, concatenate_datasets
from huggingface_hub import DatasetCard
from some_selections import SPEC, make_candidates, make_selection

from local_naturalness import __version__
from local_naturalness.hub import push_selection
from local_naturalness.hub.card import updated_card
from local_naturalness.hub.provenance import gather
from local_naturalness.hub.snippet import training_snippet
from local_naturalness.report import summarize_selection
from local_naturalness.selection import select_responses

EMPTY = "---\n{}\n---\n"


def write_card(selection: Dataset | DatasetDict, text: str = EMPTY, **changes: object) -> str:
    splits = selection if isinstance(selection, DatasetDict) else {"train": selection}
    given = {"snippet": "train()", "licence": None, "source_datasets": []} | changes
    return updated_card(DatasetCard(text), gather(splits, None, None), repo_id="me/c", **given)


def cell(text: str, fact: str) -> str:
    """What the table of facts says, as it would be shown."""
    return re.search(rf"^\| {re.escape(fact)} \| (.*) \|$", text, re.MULTILINE)[1]


def test_the_whole_card(hub):
    candidates = make_candidates(
        8,
        local_naturalness=lambda p, t: None if (p, t) == (0, 0) else -1.0 - 0.125 * p - 0.25 * t,
        local_naturalness_status=lambda p, t: (
            "missing_response" if (p, t) == (0, 0) else "context_trimmed" if p == 7 else "ok"
        ),
        verified=lambda p, t: t != 1,
    )
    best = select_responses(candidates, k=2, where="verified", min_score=-2.25)
    push_selection(best, "me/curated", licence="apache-2.0", source_datasets=["GAIR/LIMO"])

    pattern = re.escape((Path(__file__).parent / "expected_card.md").read_text())
    pattern = pattern.replace("<VERSION>", re.escape(__version__)).replace("<NUMBER>", r"\d+")
    card = hub.repos["me/curated"].head.files["README.md"].decode()
    assert re.fullmatch(pattern, card), card


@pytest.mark.parametrize("export", ["trl", "prompt-completion", "messages", None])
def test_the_snippet_trains_on_answers_alone(export):
    """TRL takes the loss of whole conversations, unless it is told not to."""
    snippet = training_snippet("me/c", "train", export, [])
    compile(snippet, "snippet", "exec")
    assert ("assistant_only_loss=True" in snippet) == (export == "messages")


def test_text_from_data_shows_as_itself():
    hostile = "a|b`c` <img src=x onerror=alert(1)> [d](javascript:e) **f** __g__\n\n# h <!-- i -->"
    text = write_card(make_selection(teacher=lambda p, t: hostile))

    row = next(line for line in text.splitlines() if line.startswith("| a"))
    assert row == (
        r"| a\|b\`c\` &lt;img src=x onerror=alert(1)&gt; \[d\](javascript:e) \*\*f\*\* \_\_g\_\_ "
        "# h &lt;!-- i --&gt; | 100.0% | 100.0% | -1.312 |"
    )


def test_text_from_specs_and_settings_shows_as_itself():
    spec = "student=a<b>/c@`d`; scorer=|; splitter=*s*/1; local_naturalness=_0_; window=[4]"
    odd = make_candidates(local_naturalness_spec=lambda p, t: spec, **{"o|k": lambda p, t: True})
    text = write_card(select_responses(odd, where="o|k"))

    assert cell(text, "Student") == "a&lt;b&gt;/c"
    assert cell(text, "Student commit or digest") == r"\`d\`"
    assert cell(text, "Splitter and version") == r"\*s\*/1"
    assert cell(text, "Scoring settings") == r"scorer = \|, window = \[4\]"
    assert cell(text, "Scored with") == r"`local_naturalness` \_0\_"
    assert cell(text, "Other settings") == r"where = o\|k"


def test_nothing_private_gets_into_the_card():
    home, user = str(Path.home()), getpass.getuser()
    private = f"/srv/{user}x/models/tiny"
    spec = SPEC.replace("Qwen/Qwen2.5-7B", private).replace("sentence/2", f"{home}/split.py/2")
    candidates = make_candidates(
        local_naturalness_spec=lambda p, t: spec,
        teacher=lambda p, t: [f"{home}/teacher one/b", "hf_abcdefghijklmnop", "C:\\Users\\al\\m"][t],
    )
    text = write_card(select_responses(candidates), source_datasets=[])

    for secret in ("/srv", f"{user}x", home, "models/", "hf_abc", "Users", "teacher one"):
        assert secret not in text
    assert cell(text, "Student") == "tiny"
    assert cell(text, "Splitter and version") == "2"
    assert "| b |" in text
    assert "| (token removed) |" in text
    assert "| m |" in text


def test_a_local_path_among_the_sources_keeps_its_last_part_only():
    text = write_card(make_selection(), source_datasets=["/home/al/limo", "GAIR/LIMO"])

    sources = DatasetCard(text).data.to_dict()["source_datasets"]
    assert sources == ["limo", "GAIR/LIMO"]
    assert cell(text, "Source datasets") == "limo, GAIR/LIMO"
    assert "/home" not in text


def test_a_combination_is_told_with_weights_and_directions():
    candidates = make_candidates(length=lambda p, t: float(p + t))
    best = select_responses(
        candidates,
        by={"local_naturalness": 2, "length": 0.5},
        direction={"length": "low"},
        normalize="rank",
        weights="chi2",
        max_teacher_share=0.5,
    )
    text = write_card(best)

    assert cell(text, "Criterion") == (
        "2 × local_naturalness (high is better) + 0.5 × length (low is better)"
    )
    assert cell(text, "Other settings") == ("max_teacher_share = 0.5, normalize = rank, weights = chi2")


def test_a_control_is_told_to_be_random():
    imitated = make_selection()
    text = write_card(select_responses(make_candidates(), by="random", match=imitated, seed=3))

    assert cell(text, "Criterion") == "random"
    assert cell(text, "Picked") == (
        "as many at random for each prompt as in another selection, with its teacher shares"
    )
    assert cell(text, "Other settings") == "seed = 3"


def test_right_answers_and_repetition_stand_beside_the_mean():
    # brief is picked for even prompts and always right there; careful for none.
    candidates = make_candidates(
        local_naturalness=lambda p, t: -1.0 - (t - 2 * (p % 2)) ** 2,
        is_correct=lambda p, t: t == 0 or p == 1,
        repeated_step_share=lambda p, t: 0.25 * (t == 2),
    )
    selection = select_responses(candidates, where="num_tokens > 0")
    text = write_card(selection)
    assert cell(text, "Right answers") == "66.7% of the selection, 44.4% of its candidates"
    assert cell(text, "Tokens in repeated steps") == "12.5% of the selection, 8.3% of its candidates"
    assert cell(text, "Other settings") == "where = num_tokens &gt; 0"
    teachers = [line for line in text.splitlines() if line.startswith(("| Teacher", "| brief", "| chatty"))]
    assert teachers == [
        "| Teacher | Share of the candidates | Share of the selection | Mean score | Right answers | "
        "Repeated steps |",
        "| brief | 33.3% | 50.0% | -1 | 100.0% | 0.0% |",
        "| chatty | 33.3% | 50.0% | -1 | 33.3% | 25.0% |",
    ]
    # Splits are averaged by their rows, and a verdict of another name is noted by the selection.
    both = DatasetDict(
        train=select_responses(candidates.rename_column("is_correct", "ok"), correct="ok"),
        test=select_responses(candidates.rename_column("is_correct", "ok").select(range(3)), correct="ok"),
    )
    assert cell(write_card(both), "Right answers") == "71.4% of the selection, 42.9% of its candidates"


def test_means_of_splits_are_weighted_by_candidates_not_by_rows():
    # brief alone is right; in the first split it is the only one that passes `where`.
    rows = make_candidates(ok=lambda p, t: p > 2 or t == 0, is_correct=lambda p, t: t == 0)
    both = DatasetDict(train=rows.select(range(9)), test=rows.select(range(9, 18)))
    text = write_card(select_responses(both, where="ok", by="num_tokens", direction="low"))
    assert cell(text, "Right answers") == "100.0% of the selection, 50.0% of its candidates"


def test_of_many_teachers_no_share_is_made_up():
    # t0 to t59 have two candidates each but are never chosen, and u0 to u59 one, which always is.
    rows = [
        {
            "prompt": f"{place}",
            "teacher": f"{kind}{place}",
            "response": f"{kind}{i}",
            "local_naturalness": -float(kind == "t"),
        }
        for place in range(60)
        for kind, i in (("t", 0), ("t", 1), ("u", 0))
    ]
    selection = select_responses(Dataset.from_list(rows))
    text = write_card(selection)
    shares = [line for line in text.splitlines() if line.startswith("| u")]
    assert len(shares) == 50 and all("| 0.6% | 1.7% |" in line for line in shares)
    teachers = summarize_selection(selection).teachers
    assert set(teachers.loc["t0"]) == {"1.1%", "0.0%"} and set(teachers.loc["u0"]) == {"0.6%", "1.7%"}
    # Of two such splits the record does not know all teachers.
    other = Dataset.from_list([row | {"teacher": f"v{row['teacher']}"} for row in rows])
    text = write_card(DatasetDict(train=selection, test=select_responses(other)))
    shares = [line for line in text.splitlines() if line.startswith("| u")]
    assert shares and all("| not recorded | 0.8% |" in line for line in shares)


def test_selections_in_sequence_are_all_told():
    first = select_responses(make_candidates(length=lambda p, t: float(t)), k=2)
    text = write_card(select_responses(first, by="length", direction="low", k=1))

    assert cell(text, "Criterion") == "length (low is better)"
    assert cell(text, "Chosen before that by") == (
        "local_naturalness (high is better); the 2 best responses to each prompt"
    )


def test_a_criterion_whose_columns_were_dropped_is_told_from_the_record():
    kept = ["prompt", "teacher", "response", "selection_score", "selection_rank"]
    text = write_card(make_selection().select_columns(kept))

    assert cell(text, "Criterion") == "local_naturalness (high is better)"
    assert cell(text, "Student") == "Qwen/Qwen2.5-7B"


def test_without_record_the_columns_tell_what_they_can():
    bare = Dataset.from_dict(make_selection()[:])
    text = write_card(bare)

    assert cell(text, "Criterion").startswith("not recorded")
    assert cell(text, "Student") == "Qwen/Qwen2.5-7B"
    assert cell(text, "Candidates") == "not recorded"
    assert cell(text, "Rows") == "train 6"
    assert cell(text, "Prompts") == "6"
    assert "| brief | not recorded | 33.3% |" in text


def test_splits_are_told_together():
    both = DatasetDict(train=make_selection(9), test=make_selection(3))
    text = write_card(both)

    assert cell(text, "Rows") == "train 9, test 3"
    assert cell(text, "Candidates") == "36 responses to 12 prompts"
    assert cell(text, "Rejected") == "not_in_top_k 24"
    assert cell(text, "Unscored by reason") == "none"


def test_reasons_for_missing_scores_are_added_up_over_splits():
    def without(reason):
        return select_responses(
            make_candidates(
                local_naturalness=lambda p, t: None if t == 0 else -1.0,
                local_naturalness_status=lambda p, t: reason if t == 0 and p < 4 else "prompt_too_long",
            )
        )

    text = write_card(DatasetDict(train=without("missing_response"), test=without("a|b")))

    assert cell(text, "Unscored by reason") == r"missing_response 4, prompt_too_long 4, a\|b 4"


def test_reasons_are_told_apart_by_scorer():
    candidates = make_candidates(
        local_naturalness=lambda p, t: None if t == 0 else -1.0,
        local_naturalness_status=lambda p, t: "ok" if t else "missing_response",
        global_naturalness=lambda p, t: None if t == 1 else -1.0,
        global_naturalness_status=lambda p, t: "too_long_for_global" if t == 1 else "ok",
    )
    text = write_card(select_responses(candidates, by={"local_naturalness": 1, "global_naturalness": 1}))

    assert cell(text, "Unscored by reason (local_naturalness_status)") == "missing_response 6"
    assert cell(text, "Unscored by reason (global_naturalness_status)") == "too_long_for_global 6"


@pytest.mark.parametrize("is_recorded", [True, False])
def test_scores_of_two_settings_are_refused(is_recorded):
    other = SPEC.replace("window=4", "window=8")
    parts = [make_selection(), make_selection(local_naturalness_spec=lambda p, t: other)]
    if not is_recorded:
        parts = [Dataset.from_dict(part[:]) for part in parts]

    with pytest.raises(ValueError, match=rf"mixes rankings.*{SPEC}.*{other}.*select again"):
        write_card(concatenate_datasets(parts))
    with pytest.raises(ValueError, match=rf"mixes rankings.*{SPEC}.*{other}"):
        write_card(DatasetDict(train=parts[0], test=parts[1]))


def test_two_criteria_are_refused():
    candidates = make_candidates(length=lambda p, t: float(t))
    parts = [select_responses(candidates), select_responses(candidates, "length", direction="low")]

    with pytest.raises(ValueError, match=r"mixes.*'by': 'local_naturalness'.*'by': 'length'"):
        write_card(concatenate_datasets(parts))


def test_another_scorers_settings_may_differ():
    mixed = make_candidates(global_naturalness_spec=lambda p, t: f"student=a/b@{t}; scorer=global; id={t}")
    assert cell(write_card(select_responses(mixed)), "Student") == "Qwen/Qwen2.5-7B"


def test_a_card_written_by_people_keeps_every_character():
    by_hand = "---\npretty_name: Mine\n---\n\n\n#  Title \n\n* a\r\n* b\n\n\n"
    once = write_card(make_selection(), by_hand)
    twice = write_card(make_selection(), once)

    assert once.startswith("---\npretty_name: Mine\ntags:")
    assert "\n---\n\n\n#  Title \n\n* a\r\n* b\n\n<!-- local_naturalness:begin -->" in once
    assert twice == once


@pytest.mark.parametrize("stray", ["<!-- local_naturalness:begin -->", "<!-- local_naturalness:end -->"])
def test_a_stray_mark_swallows_no_text(stray):
    once = write_card(make_selection(), f"---\n{{}}\n---\n\nAbove\n{stray}\nBelow\n")
    twice = write_card(make_selection(), once)

    assert f"Above\n{stray}\nBelow" in twice
    assert twice == once


def test_tags_of_people_stay_and_are_not_doubled():
    text = write_card(make_selection(), "---\ntags: distillation\n---\n")

    tags = DatasetCard(text).data.to_dict()["tags"]
    assert tags == ["distillation", "local-naturalness", "data-selection"]
