"""What commands say, so that the next command can be typed: rows, options and columns by their names."""

import json
import logging
import shutil

import numpy as np
import pytest
from datasets import Dataset

from local_naturalness import GlobalScorer, rank_teachers
from local_naturalness.cli import main
from local_naturalness.cli.progress import Noted, num_noted
from local_naturalness.cli.tables import read_table
from local_naturalness.cli.terminal import tell_what_is_logged
from local_naturalness.embedded import student_path
from local_naturalness.selection import export

ROW = {"prompt": "What is 2 + 3?", "teacher": "a", "response": "So 2 + 3 = 5. It is 5."}
SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 3?"}]


@pytest.fixture
def strict_student(tmp_path):
    """A student whose template takes no system message."""
    folder = shutil.copytree(student_path(), tmp_path / "strict")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    refuse = "{%- if messages[0].role == 'system' -%}{{ raise_exception('No system, please') }}{%- endif -%}"
    path.write_text(json.dumps(settings | {"chat_template": refuse + settings["chat_template"]}))
    return str(folder)


def written(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.mark.parametrize("share", [[], ["--shard-index", "1", "--num-shards", "2"]], ids=["all", "share"])
def test_the_first_rows_without_a_score(share, strict_student, tmp_path, capsys):
    asked = [{"role": "user", "content": f"What is {n} + 3?"} for n in range(8)]
    rows = [ROW | {"prompt": [message]} for message in asked]
    rows[3]["response"] = rows[6]["response"] = None
    rows[7]["prompt"] = SYSTEM
    source, output = written(tmp_path / "rows.jsonl", rows), str(tmp_path / "scored")
    command = ["score", source, "--student", strict_student, "--output", output, "--shard-rows", "1"]
    assert main([*command, *share]) == 0
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "without a score" in line]
    assert "row 3 (missing_response), row 7 (template_refused: " in told
    assert "No system, please" in told
    assert main(["show", source, "--student", strict_student, "--row", "7"]) == 0
    assert capsys.readouterr().out.startswith("teacher a\nstatus  template_refused\n")


def test_nothing_is_said_where_all_have_a_score(tmp_path, capsys):
    source = written(tmp_path / "rows.jsonl", [ROW])
    assert main(["score", source, "--student", student_path(), "--output", str(tmp_path / "scored")]) == 0
    assert "without a score" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ([], ["--return-steps"], "was created without --return-steps"),
        (["--return-steps"], [], "was created with --return-steps"),
    ],
)
@pytest.mark.parametrize("scorer", ["local", "global"])
def test_steps_that_are_asked_for_later(first, then, told, scorer, tmp_path, capsys):
    source = written(tmp_path / "rows.jsonl", [ROW])
    command = ["score", source, "--student", student_path(), "--output", str(tmp_path / "scored")]
    command += ["--scorer", scorer]
    assert main([*command, *first]) == 0
    assert main([*command, *then]) == 2
    assert told in (error := capsys.readouterr().err)
    assert "step_scores" not in error


def test_what_is_kept_is_counted_as_it_is_kept(tmp_path):
    """A batch that is stopped in its middle has finished rows already."""
    rows = Dataset.from_dict(
        {"prompt": ["Sum?"] * 6, "response": [f"The answer is {n}. " + "So it is. " * 40 for n in range(6)]}
    )
    scorer = GlobalScorer(student_path(), store=tmp_path / "store", max_tokens_per_batch=8)
    compute, calls = scorer._score, []

    def stopped(examples, rank):
        calls.append(len(examples))
        if sum(calls) > 4:
            raise KeyboardInterrupt
        return compute(examples, rank)

    scorer._score = stopped
    noted = Noted(scorer, np.zeros(6, bool), np.ones(6, int), "", tmp_path / "notes", np.arange(6))
    with pytest.raises(KeyboardInterrupt):
        noted(rows[:], list(range(6)))
    scorer._score = compute
    assert num_noted(tmp_path / "notes") == sum(scorer.is_stored(rows[:])) == 4
    noted._is_finished = np.array(scorer.is_stored(rows[:]))
    noted(rows[:], list(range(6)))
    assert num_noted(tmp_path / "notes") == 6


def test_rows_that_are_not_scored_yet(candidates, tmp_path, capsys):
    for by, command in (
        ("local_naturalness", "`local-naturalness score`"),
        ("rank_surprisal_ratio", "`local-naturalness score --scorer global --statistics rank`"),
        ("learnability", "`local-naturalness score --scorer global --statistics brier`"),
    ):
        assert main(["teachers", str(candidates), "--by", by]) == 2
        error = capsys.readouterr().err
        assert f"They are written by {command}." in error
        assert "found: 'prompt', 'teacher', 'response', 'ok'." in error
        assert "[" not in error
    for words in (["compare"], ["report", "--output", str(tmp_path / "page.html")]):
        assert main([words[0], str(candidates), *words[1:]]) == 2
        assert "Score the rows first with `local-naturalness score`" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--where", "--correct"])
def test_columns_that_look_like_verdicts_are_named(option, scored, tmp_path, capsys):
    rows = read_table(str(scored)).rename_column("ok", "math_verify").add_column("passed_tests", [1, 0, 1, 1])
    rows.to_parquet(tmp_path / "rows.parquet")
    for command in ("teachers", "compare", "select"):
        words = ["--output", str(tmp_path / "best")] if command == "select" else []
        assert main([command, str(tmp_path / "rows.parquet"), option, "is_correct", *words]) == 2
        error = capsys.readouterr().err
        assert "These look like verdicts: 'math_verify', 'passed_tests'. Name the right one" in error
    assert main(["teachers", str(scored), "--where", "num_tokns > 3"]) == 2
    assert "Did you mean 'num_tokens'? Name the right one with --where" in capsys.readouterr().err


@pytest.fixture
def logged(monkeypatch):
    """What a command with `--student` and `--export` logs, as a terminal shows it."""
    logger = logging.getLogger("local_naturalness")
    monkeypatch.setattr(logger, "handlers", [])
    level = logger.level
    tell_what_is_logged(["--student", "--export", "--where", "--output"])
    shown = []
    (handler,) = logger.handlers
    handler.emit = lambda record: shown.append(handler.format(record))
    yield shown
    logger.setLevel(level)


def test_what_is_logged_names_options(logged):
    rows = {"prompt": ["Sum?"], "response": ["It is 5."], "output": ["It is 6."]}
    scored = rows | {"local_naturalness_spec": ["student=me/unknown@0123; id=1"]}
    export(Dataset.from_dict(scored), "messages")
    assert "was not found: pass --student." in logged[0]
    assert "`output` is now `source_output`" in logged[1]  # a column, and no option
    export(Dataset.from_dict(rows), None)
    assert "pass --export trl" in logged[2]


def test_a_share_is_told_as_the_table_has_it():
    rows = [
        {"prompt": f"p{p}", "teacher": teacher, "score": float((p + t) % 2), "ok": p > 0}
        for p in range(12)
        for t, teacher in enumerate("ab")
    ]
    ranking = rank_teachers(Dataset.from_list(rows), by="score", direction="high", where="ok")
    best = ranking.to_pandas()["p_best"].max()
    assert best < 0.95
    text = " ".join(str(ranking).split())
    assert f"P(best) is only {best:.3f}:" in text
    assert text.count(f"{best:.3f}") == 2  # in the table too
    assert "11 of them answered by every teacher after `where`." in text
    everything = rank_teachers(Dataset.from_list(rows), by="score", direction="high")
    assert "12 of them answered by every teacher." in str(everything)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_ranking_advises_what_is_typed_at_a_terminal(form, tmp_path, capsys, monkeypatch):
    rows = [
        {
            "prompt": str(place),
            "teacher": name,
            "local_naturalness": -1.0 - (name == "b") - 0.1 * (place % 3),
            "repeated_step_share": 0.5 * (name == "a") + 0.01 * (place % 5),
        }
        for place in range(20)
        for name in "ab"
    ]
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["teachers", written(tmp_path / "rows.jsonl", rows), "--format", form]) == 0
    text = capsys.readouterr().out.replace('\\"', '"')
    assert '--where "repeated_step_share < 0.2"' in text
    assert "where=" not in text


def test_scores_with_a_suffix_are_named(tmp_path, capsys):
    rows = [ROW, ROW | {"teacher": "b"}]
    source, folder = written(tmp_path / "rows.jsonl", rows), str(tmp_path / "scored")
    command = ["score", "--student", student_path(), "--suffix", "_b", "--output"]
    assert main([*command, folder, source]) == 0
    assert main(["teachers", folder]) == 2
    assert "name 'local_naturalness_b' with --by." in capsys.readouterr().err
    assert main(["teachers", folder, "--by", "local_naturalness_b"]) == 0
    assert main(["compare", folder, "--criteria", "local_naturalness"]) == 2
    assert "name 'local_naturalness_b' with --criteria." in capsys.readouterr().err
    brier = [*command, str(tmp_path / "both"), folder, "--scorer", "global", "--statistics", "brier"]
    assert main(brier) == 0
    capsys.readouterr()
    assert main(["teachers", str(tmp_path / "both"), "--by", "learnability"]) == 2
    assert "name 'learnability_b' with --by." in capsys.readouterr().err


def test_conversations_scored_turn_by_turn(tmp_path, capsys, caplog):
    turns = [
        {"role": "user", "content": "What is 2 + 3?"},
        {"role": "assistant", "content": "It is 5."},
        {"role": "user", "content": "And 2 + 4?"},
        {"role": "assistant", "content": "It is 6."},
    ]
    source = written(tmp_path / "rows.jsonl", [{"messages": turns}])
    show = ["show", source, "--student", student_path()]
    assert main(show) == 0
    assert "the last assistant turn is the response." in caplog.text
    caplog.clear()
    assert main([*show, "--splitter", "turn"]) == 0
    assert "Read as messages: all assistant turns are the response, and each is a step." in caplog.text
    assert "last" not in caplog.text
    capsys.readouterr()
    for columns, allowed in ((["--messages-column", "messages"], True), ([], False)):
        source = written(tmp_path / "rows.jsonl", [{"messages": turns} if columns else ROW])
        assert main([*show, *columns, "--splitter", "turns"]) == 2
        error = capsys.readouterr().err
        assert ("'blank-line', 'turn'. Did you mean 'turn'?" in error) == allowed
        assert ("'turn'" in error) == allowed


def test_a_table_that_loses_rows_or_scores_is_told(tmp_path, capsys, monkeypatch):
    old = written(tmp_path / "old.jsonl", [ROW, ROW | {"teacher": "b", "response": "It is 5. Yes."}])
    new = written(tmp_path / "new.jsonl", [ROW | {"teacher": "c", "response": "5."}])
    folder = str(tmp_path / "scored")
    command = ["score", "--student", student_path(), "--output", folder]
    assert main([*command, old]) == 0
    assert "replaced" not in capsys.readouterr().err
    before = read_table(folder).to_dict()
    assert main([*command, new]) == 0
    told = (
        "It had 2 rows with local_naturalness; now it has 1 row with local_naturalness. Its scores are still"
    )
    assert told in capsys.readouterr().err
    monkeypatch.setattr("local_naturalness.student.student.Student.model", None)  # nothing is loaded
    assert main([*command, old, "--suffix", "_b"]) == 0
    assert main([*command, old]) == 0
    told = "It had 2 rows with local_naturalness_b; now it has 2 rows with local_naturalness. Its scores"
    assert told in capsys.readouterr().err
    assert read_table(folder).to_dict() == before
    other = [*command[:-1], str(tmp_path / "other"), folder, "--window", "2"]
    assert main(other) == 2
    assert "already hold values that were computed with other settings" in capsys.readouterr().err
