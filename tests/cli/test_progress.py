"""What a scoring run says about how far it is."""

import io
import json
import re

import pytest
from datasets import load_dataset

from local_naturalness.cli import main, progress
from local_naturalness.cli.progress import Progress
from local_naturalness.embedded import student_path

OFTEN, NEVER = 0, 10_000


def test_lines_in_a_log_tell_rows_tokens_and_time():
    log = io.StringIO()
    shown = Progress(2000, "Scoring", log, is_bar=False, seconds_between_lines=OFTEN)
    shown.add(500, 10_000)
    shown.add(1500, 30_000)
    shown.close()
    lines = log.getvalue().splitlines()
    assert len(lines) == 3  # the last one is not said again
    assert lines[0] == "Scoring: 0 of 2,000 rows"
    assert re.fullmatch(r"Scoring: 500 of 2,000 rows, [\d,]+ tokens/s, ETA [\d:]+", lines[1])
    assert re.fullmatch(r"Scoring: 2,000 of 2,000 rows, [\d,]+ tokens/s, ETA 00:00", lines[-1])
    assert "\r" not in log.getvalue()


def test_the_time_left_goes_by_work_and_not_by_rows():
    now = [1000.0]
    log = io.StringIO()
    shown = Progress(10, "Scoring", log, is_bar=False, seconds_between_lines=OFTEN, work=1000)
    shown._bar._time = lambda: now[0]
    shown._bar.start_t = shown._bar.last_print_t = now[0]
    for seconds, rows, work in [(10, 9, 100), (10, 0, 100), (80, 1, 800)]:
        now[0] += seconds
        shown.add(rows, 10 * work, work)
    shown.close()
    lines = log.getvalue().splitlines()
    # Nine of ten rows are a tenth of the work: it took ten seconds, the others take ninety.
    assert lines[1] == "Scoring: 9 of 10 rows, 100 tokens/s, ETA 01:30"
    assert lines[2] == "Scoring: 9 of 10 rows, 100 tokens/s, ETA 01:20"
    assert lines[3] == "Scoring: 10 of 10 rows, 100 tokens/s, ETA 00:00"


def test_a_log_is_not_flooded():
    log = io.StringIO()
    shown = Progress(100, "Scoring", log, is_bar=False, seconds_between_lines=NEVER)
    for _ in range(100):
        shown.add(1, 10)
    shown.close()
    assert [line.split(" rows")[0] for line in log.getvalue().splitlines()] == [
        "Scoring: 0 of 100",
        "Scoring: 100 of 100",
    ]


def test_a_terminal_gets_a_bar_that_is_written_over_itself():
    terminal = io.StringIO()
    shown = Progress(2, "Scoring", terminal, is_bar=True)
    shown.add(2, 10)
    shown.close()
    assert terminal.getvalue().startswith("\rScoring:   0%|")
    assert terminal.getvalue().count("\n") == 1
    assert re.search(r"\rScoring: 100%\|.+\| 2 of 2 rows, [\d,]+ tokens/s", terminal.getvalue())


@pytest.mark.parametrize("is_bar", [True, False])
def test_more_rows_than_were_announced_do_no_harm(is_bar):
    log = io.StringIO()
    shown = Progress(2, "Scoring", log, is_bar, seconds_between_lines=OFTEN)
    shown.add(3, 10)
    shown.close()
    assert "3 of 2 rows" in log.getvalue()


@pytest.fixture
def added(monkeypatch):
    """Rows and tokens that were counted while scoring."""
    counts = []
    add = Progress.add

    def noted(shown, rows, tokens, work):
        counts.append((rows, tokens))
        add(shown, rows, tokens, work)

    monkeypatch.setattr(progress.Progress, "add", noted)
    return counts


@pytest.fixture(scope="module")
def rows(candidates):
    return [json.loads(line) for line in candidates.read_text().splitlines()]


@pytest.mark.parametrize("workers", [[], ["--num-proc", "2"]])
@pytest.mark.parametrize("suffix", ["", "_w"])
def test_a_resumed_run_counts_only_what_it_scores(workers, suffix, rows, tmp_path, capsys, added):
    source = tmp_path / "candidates.jsonl"
    words = ["score", str(source), "--student", student_path(), "--output", str(tmp_path / "output")]
    words += ["--shard-rows", "1", "--suffix", suffix, *workers]

    def run(some):
        source.write_text("".join(json.dumps(row) + "\n" for row in some))
        added.clear()
        assert main(words) == 0
        tokens = load_dataset("parquet", data_files=str(tmp_path / "output" / "*.parquet"), split="train")[
            f"num_tokens{suffix}"
        ]
        sums = tuple(sum(counts) for counts in zip(*added, strict=True))
        return capsys.readouterr(), sums, tokens[:]

    said, sums, tokens = run(rows[1:3])
    assert said.out.startswith("Scored before: 0 of 2 rows; left: 2.\n")
    assert re.search(r"^Scoring with student: 2 of 2 rows, [\d,]+ tokens/s", said.err, re.MULTILINE)
    assert sums == (2, sum(tokens))

    # The rows that are new stand around those that are there: one has no response, so no tokens either.
    said, sums, tokens = run([rows[0], *rows[1:3], rows[3]])
    assert said.out.startswith("Scored before: 2 of 4 rows; left: 2.\n")
    assert "2 of 2 rows" in said.err
    assert sums == (2, tokens[0])

    said, sums, _ = run(rows[:3])
    assert said.out.startswith("Scored before: 3 of 3 rows; left: 0.\n")
    assert "Scoring" not in said.err and sums == (0, 0)


@pytest.mark.parametrize("workers", [[], ["--num-proc", "2"]])
@pytest.mark.parametrize("as_messages", [False, True])
def test_the_work_is_the_length_of_the_rows_that_are_left(workers, as_messages, tmp_path, monkeypatch):
    ended, close = [], Progress.close

    def closed(shown):
        ended.append((shown._bar.n, shown._bar.total))
        close(shown)

    monkeypatch.setattr(progress.Progress, "close", closed)
    texts = [[f"What is {n}?", "So it is. " * n + "Größe."] for n in range(1, 5)]
    roles = ["user", "assistant"]
    if as_messages:
        table = [
            {"messages": [{"role": r, "content": c} for r, c in zip(roles, text, strict=True)]}
            for text in texts
        ]
        work = [1 + sum(len(part.encode()) for part in [*text, *roles]) for text in texts]
    else:
        table = [{"prompt": prompt, "response": response} for prompt, response in texts]
        work = [1 + len(response.encode()) for _, response in texts]
    source = tmp_path / "rows.jsonl"
    words = ["score", str(source), "--student", student_path(), "--output", str(tmp_path / "output")]
    for until in (3, 4):
        source.write_text("".join(json.dumps(row) + "\n" for row in table[:until]))
        assert main([*words, "--shard-rows", "2", *workers]) == 0
    assert ended == [(sum(work[:3]), sum(work[:3])), (work[3], work[3])]


def test_tokens_that_another_scorer_has_counted_are_not_scored(scored, rows, tmp_path, added, monkeypatch):
    words = ["score", str(scored), "--student", student_path(), "--output", str(tmp_path / "output")]
    monkeypatch.setattr(
        "local_naturalness.scorers.global_scorer.GlobalScorer._plan", lambda *_: "too_long_for_global"
    )
    assert main([*words, "--scorer", "global"]) == 0
    assert added == [(len(rows), 0)]


@pytest.mark.parametrize("is_resumed", [False, True])
@pytest.mark.parametrize(
    "options", [[], ["--num-proc", "2"], ["--shard-index", "1", "--num-shards", "2"]], ids=str
)
def test_bad_steps_are_told_with_their_row_of_the_table(options, is_resumed, tmp_path, capsys):
    row = {"prompt": "Why?", "response": "So it is.", "steps": ["So it is."]}
    source, output = tmp_path / "rows.jsonl", str(tmp_path / "scored")
    command = ["score", str(source), "--student", student_path(), "--output", output, "--shard-rows", "2"]
    for bad in [*([[]] if is_resumed else []), [7]]:
        rows = [row | ({"steps": ["Not so."]} if number in bad else {}) for number in range(8)]
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        code = main([*command, "--steps-column", "steps", *options])
        assert code == (2 if bad else 0)
    assert "Row 7, column 'steps': Step 0, 'Not so.', does not stand" in capsys.readouterr().err
