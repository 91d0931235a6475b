"""Real text, in small: the embedded student and its candidates stand for real ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

pytest.importorskip("matplotlib", reason="needs the extra 'plots'")

import plot_findings
import report_real_text
import score_real_text
from real_text.agreement import pairs_of, same_pick, tau_between
from real_text.certainty import over_prompts
from real_text.criteria import BY_STEP, GLOBAL, LOCAL, SCORED, values_of
from real_text.positions import Places, by_position
from real_text.samples import GSM8K, LONG, LOOPS, MIXED, draw, reduced
from real_text.sampling import by_sampling
from real_text.tables import loops_first
from safetensors.torch import load_file
from save_student import save_student
from transformers import AutoTokenizer

from local_naturalness.embedded import candidates_path, student_path

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"


def start(monkeypatch, script, *arguments):
    monkeypatch.setattr("sys.argv", [script.__name__, *map(str, arguments)])
    script.main()


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for sample in (GSM8K, LONG, MIXED):
        shutil.copy(candidates_path(), folder / sample.file)
    return folder


@pytest.fixture(scope="module")
def results(tables, tmp_path_factory):
    """Scores of a reduced run, and what the report makes of them."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        for part in ("long", "loops", "mixed", "gsm8k", "settings", "float32"):
            start(
                patch, score_real_text, "--student", student_path(), "--name", "embedded", "--reduced",
                "--tables", tables, "--output", folder / "scores", "--parts", part,
                "--dtype", "float32" if part in ("long", "loops") else "bfloat16",
            )  # fmt: skip
        start(
            patch, report_real_text, "--reduced", "--scores", folder / "scores",
            "--summary", folder / "summary.json", "--output", folder / "report",
        )  # fmt: skip
    return folder


def test_a_reduced_run_answers_every_question(results):
    found = json.loads((results / "summary.json").read_text())["students"]["embedded"]
    assert all(one["rows"] for one in found["samples"].values())
    assert found["positions"]["changes"]["all"]["windows"]["responses"] > 0
    assert any(group["local, window 4 / global"]["pairs"] for group in found["agreement by length"])
    # The first steps share their window with the full pass, so that both give most pairs the same order.
    assert found["settings"]["stride4"]["tau"]["tau"] > 0.5
    assert 0 < found["bfloat16"]["global_naturalness"]["largest difference"] < 0.2
    names = {path.name for path in (results / "report").iterdir()}
    assert {
        "real-text-curves.svg",
        "real-text-lengths.svg",
        "real-text-auc.md",
        "real-text-costs.md",
        "real-text-short-changes.md",
    } <= names
    short = (results / "report" / "real-text-short-curves.md").read_text()
    assert {"gsm8k", "mixed"} == {line.split(" | ")[1] for line in short.splitlines()[2:]}
    loops = (results / "report" / "real-text-loops.md").read_text()
    assert loops.count("embedded") == found["samples"]["loops"]["rows"]
    first = (results / "report" / "real-text-loops-first.md").read_text()
    assert first.count(" prompts |") == len(SCORED)
    assert "NaN" not in (results / "summary.json").read_text()


def test_figures_of_the_first_screen(results, tmp_path, monkeypatch):
    shutil.copy(results / "summary.json", tmp_path / "real-text.json")
    shutil.copy(EVIDENCE / "teachers-criteria.json", tmp_path)
    start(monkeypatch, plot_findings, tmp_path)
    assert "embedded, " in (tmp_path / "finding-position.svg").read_text()
    assert "local_naturalness_w2" in (tmp_path / "finding-teachers.svg").read_text()


def test_what_was_scored_is_not_scored_again(results, tables, monkeypatch):
    part = results / "scores" / "embedded" / "long.parquet"
    before = pd.read_parquet(part)
    monkeypatch.setattr("local_naturalness.engine.engine.Engine.score", None)
    start(
        monkeypatch, score_real_text, "--student", student_path(), "--name", "embedded", "--reduced",
        "--tables", tables, "--output", results / "scores", "--parts", "long", "--dtype", "float32",
    )  # fmt: skip
    pd.testing.assert_frame_equal(pd.read_parquet(part), before)


def test_a_full_pass_and_windows_of_all_steps_give_the_same_scores(results):
    rows = pd.read_parquet(results / "scores" / "embedded" / "loops.parquet")
    assert [sum(counts) for counts in rows["step_tokens"]] == rows["num_tokens_full"].tolist()
    passed = values_of(rows)
    from_steps = values_of(rows.drop(columns="global_naturalness"))
    for name in (GLOBAL, BY_STEP):
        np.testing.assert_allclose(from_steps[name], passed[name], atol=1e-5)


def test_every_criterion_tells_right_from_wrong_or_not(results):
    table = (results / "report" / "real-text-auc.md").read_text()
    assert all(f"| {name} |" in table for name, _ in SCORED.values())


def test_how_often_a_loop_is_first_by_hand():
    rows = [(1, 0.1, -0.3, -2.0), (1, 0.4, -1.0, -1.0), (2, 0.19, -0.5, -1.0), (2, 0.2, -0.6, -2.0)]
    loops = [dict(zip(("prompt", "compresses to", GLOBAL, LOCAL), row, strict=True)) for row in rows]
    table = loops_first({"students": {"s": {"loops": loops}}}).set_index("criterion").squeeze()
    assert table.to_dict() == {GLOBAL: "2 of 2 prompts", LOCAL: "1 of 2 prompts"}


def test_positions_and_changes_by_hand():
    # Steps of 2, 2 and 4 tokens at positions 0, 2 and 4; the second response ends before the late part.
    rows = pd.DataFrame(
        {
            "prompt": ["p", "q"],
            "response": ["abc " * 50, "xyz"],
            "teacher": ["t", "t"],
            "domain": ["d", "d"],
            "is_correct": [True, None],
            "step_tokens": [[2, 2, 4], [2]],
            "step_scores_full": [[-4.0, -2.0, -1.0], [-2.0]],
            "step_scores_w4": [[-4.0, None, -3.0], [-2.0]],
        }
    )
    found = by_position(rows, Places(edges=(0, 4), early=4, late=4))
    # Of the steps that both have scored: p -4 and q -2, then p alone.
    assert [point["mean"] for point in found["curves"]["full"]] == [-3.0, -1.0]
    assert [point["mean"] for point in found["curves"]["windows"]] == [-3.0, -3.0]
    change = found["changes"]["all"]
    assert [change[name]["mean"] for name in ("full", "windows", "full minus windows")] == [3.0, 1.0, 2.0]
    assert change["windows"]["responses"] == 1
    assert found["changes"]["repetitive"]["windows"]["responses"] == 1
    assert found["changes"]["wrong"]["windows"]["responses"] == 0


def test_samples_of_steps_by_hand():
    # The second response is better but for one step in twenty, which outweighs all others.
    rows = pd.DataFrame({"prompt": ["p", "p"], "step_scores_w4": [[0.0] * 20, [0.1] * 19 + [-10.0]]})
    twelve, _, all_of_them = by_sampling(rows)
    # A sample of twelve holds that step in 12 of 20 cases: 0.6 with the full order, 0.4 against it.
    assert twelve["tau"]["tau"] == pytest.approx(0.2, abs=0.15) and twelve["responses"] == 2
    assert (all_of_them["tau"]["tau"], all_of_them["responses"]) == (1.0, 0)


def test_intervals_hold_prompts_together():
    many = over_prompts([0.0, 1.0] * 50, [f"p{number // 10}" for number in range(100)])
    assert many.low == many.high == 0.5 and (many.prompts, many.responses) == (10, 100)
    assert np.isnan(over_prompts([0.0, 1.0], ["p", "q"]).low)
    rows = pd.DataFrame(
        {"prompt": list("ppqq"), "tokens": 1, "a": [1.0, 2.0, 1.0, 2.0], "b": [1.0, 2.0, 9.0, 0.0]}
    )
    assert tau_between(pairs_of(rows, ["a", "b"]), "a", "b").tau == 0
    assert same_pick(rows, "a", "b") == 0.5


def test_a_sample_is_fixed_by_its_seed_and_holds_domains_in_turn(tables):
    sample = reduced(MIXED)
    rows = draw(sample, tables)
    pd.testing.assert_frame_equal(rows, draw(sample, tables))
    assert rows["prompt"].unique().tolist() != draw(sample, tables, seed=1)["prompt"].unique().tolist()
    domains = rows.drop_duplicates("prompt")["domain"].tolist()
    number = len(set(domains))
    assert number > 1 and len(set(domains[:number])) == number
    assert rows["response"].str.len().max() <= sample.longest
    assert rows.groupby("prompt").size().min() > 1


def test_loops_are_drawn_with_the_other_answers_to_their_prompts(tmp_path):
    texts = {("p", "a"): "so it goes on " * 60, ("p", "b"): "Two and three make five.", ("q", "a"): "Six."}
    texts["q", "b"] = "No circle here, and nothing that is said twice in it."
    rows = [
        {"prompt": prompt, "teacher": teacher, "response": text, "is_correct": None}
        for (prompt, teacher), text in texts.items()
    ]
    pd.DataFrame(rows).to_json(tmp_path / LOOPS.file, orient="records", lines=True)
    assert draw(LOOPS, tmp_path)["teacher"].tolist() == ["a", "b"]
    assert draw(LOOPS, tmp_path)["prompt"].unique().tolist() == ["p"]


def test_a_saved_student_is_the_same_student(tmp_path):
    saved = tmp_path / "saved"
    count = save_student(str(student_path()), saved)
    weights, given = (load_file(Path(path) / "model.safetensors") for path in (saved, student_path()))
    assert count == sum(weight.numel() for weight in weights.values())
    assert weights.keys() == given.keys()
    assert all(torch.equal(weights[name], given[name]) for name in given)
    tokenizer = AutoTokenizer.from_pretrained(saved)
    before = AutoTokenizer.from_pretrained(student_path())
    assert tokenizer("2 + 3 = 5").input_ids == before("2 + 3 = 5").input_ids
