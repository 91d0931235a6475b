"""`score` takes the shapes that people have and says in one line how it read them."""

import argparse
import json

import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Image

from local_naturalness.cli import main, scoring_options
from local_naturalness.cli.scoring_input import read_rows
from local_naturalness.embedded import student_path

QUESTIONS = ["What is 2 + 3?", "What is 4 + 4?"]
ANSWERS = [["We add. It is 5.", "5."], ["We add. It is 8.", "8."]]
PAIRS = [(QUESTIONS[number], answer) for number in range(2) for answer in ANSWERS[number]]

SHAPES = {
    "rows": [{"prompt": q, "response": a} for q, a in PAIRS],
    "sharegpt": [
        {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]} for q, a in PAIRS
    ],
    "lists": [{"problem": q, "generations": a} for q, a in zip(QUESTIONS, ANSWERS, strict=True)],
    "wide": [{"question": q, "a": a[0], "b": a[1]} for q, a in zip(QUESTIONS, ANSWERS, strict=True)],
}


@pytest.fixture(scope="module")
def scored_shape(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")

    def score(shape, *words):
        source, output = folder / f"{shape}.jsonl", folder / shape
        source.write_text("".join(json.dumps(row) + "\n" for row in SHAPES[shape]))
        if not output.exists():
            named = ["--teacher-columns", "a", "b"] if shape == "wide" else []
            command = ["score", str(source), "--student", student_path(), "--output", str(output)]
            assert main([*command, *named, *words]) == 0
        return output

    return score


def scores(output):
    return pq.read_table(output / "scored.parquet")["local_naturalness"].to_pylist()


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "rows"])
def test_shapes_score_alike(shape, scored_shape, caplog):
    assert scores(scored_shape(shape)) == pytest.approx(scores(scored_shape("rows")), abs=1e-5)
    assert sum(record.message.startswith("Read as") for record in caplog.records) == 1


def test_a_wide_table_goes_all_the_way(scored_shape, tmp_path, capsys):
    output = str(scored_shape("wide"))
    assert main(["teachers", output, "--num-bootstrap", "20"]) == 0
    assert main(["select", output, "--output", str(tmp_path / "best")]) == 0
    assert main(["compare", output]) == 0


def test_names_of_models_are_no_numbers(tmp_path):
    (tmp_path / "rows.csv").write_text("problem,model,response\nq,3.10,It is so.\nq,3.1,It is not.\n")
    named = ("prompt_column", "response_column", "messages_column", "teacher_columns", "reasoning_columns")
    options = argparse.Namespace(
        input=str(tmp_path / "rows.csv"),
        split=None,
        shape=None,
        command="score",
        splitter="sentence",
        **dict.fromkeys(named),
    )
    assert read_rows(options)["model"][:] == ["3.10", "3.1"]


def test_estimate_reads_shapes_too(scored_shape, tmp_path, capsys):
    source = tmp_path / "openr1.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in SHAPES["lists"]))
    assert main(["estimate", str(source), "--student", student_path(), "--calibrate", "0"]) == 0
    assert "From 4 of 4 rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--teacher-columns", "a", "c"], "--teacher-columns names 'c'; the columns are"),
        (["--teacher-columns", "a", "b", "--shape", "lists"], "cannot be read as 'lists'"),
        ([], "needs the column 'response' and found 'question', 'a', 'b'"),
        ([], "If each of these columns holds the answers of one teacher, pass --teacher-columns a b."),
    ],
)
def test_what_is_refused_says_what_to_change(words, says, tmp_path, capsys):
    source = tmp_path / "wide.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in SHAPES["wide"]))
    command = ["score", str(source), "--student", student_path(), "--output", str(tmp_path / "output")]
    assert main([*command, *words]) == 2
    assert says in capsys.readouterr().err


def test_line_breaks_of_templates_on_the_command_line():
    template = scoring_options._template(r"Q: {prompt}\nA \\nu \boxed{{}}:")
    assert template == "Q: {prompt}\nA \\nu \\boxed{{}}:"


@pytest.mark.parametrize("command", ["teachers", "compare"])
def test_answers_of_one_model_have_no_teachers_to_compare(command, scored_shape, capsys, tmp_path):
    output = str(scored_shape("lists"))
    assert main([command, output]) == 2
    error = capsys.readouterr().err
    assert "Column 'teacher' is needed but not there" in error
    assert "If all rows come from one teacher, there is nothing to compare: `select_responses` works" in error
    assert "--teacher-column" in error
    assert main(["select", output, "--output", str(tmp_path / "best")]) == 0


def test_images_are_carried_along(tmp_path):
    rows = {"prompt": QUESTIONS, "response": [answers[0] for answers in ANSWERS]}
    image = {"bytes": b"no image at all", "path": None}
    source, output = tmp_path / "rows.parquet", tmp_path / "scored"
    dataset = Dataset.from_dict(rows | {"image": [image] * 2}).cast_column("image", Image())
    dataset.to_parquet(source)
    words = ["score", str(source), "--student", student_path(), "--output", str(output)]
    assert [main(words), main(words)] == [0, 0]  # the second run looks up what is finished
    assert main(["select", str(output), "--output", str(tmp_path / "best")]) == 0
    for table in (output / "scored.parquet", tmp_path / "best" / "selected.parquet"):
        carried = Dataset.from_parquet(str(table))
        assert carried.features["image"] == Image()
        assert carried.cast_column("image", Image(decode=False))["image"][:] == [image] * 2


def test_hidden_files_that_are_passed_over_are_told_last(tmp_path, capsys):
    folder = tmp_path / "copied"
    (folder / ".git").mkdir(parents=True)
    Dataset.from_dict({"prompt": ["Hi"], "response": ["So it is."]}).to_parquet(folder / "a.parquet")
    (folder / "._a.parquet").write_bytes(b"\0\5\26\7")
    words = ["score", str(folder), "--student", student_path(), "--output", str(tmp_path / "output")]
    assert main(words) == 0
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last == "Ignored, because their names begin with a dot: ._a.parquet"


@pytest.fixture
def file_per_teacher(tmp_path):
    """A folder with one file for each teacher, without a column that names it."""
    folder = tmp_path / "answers"
    folder.mkdir()
    for number, teacher in enumerate(["small", "large"]):
        rows = [{"prompt": q, "response": a[number]} for q, a in zip(QUESTIONS, ANSWERS, strict=True)]
        (folder / f"{teacher}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.parametrize("command", ["estimate", "score", "show", "teachers"])
def test_several_inputs_are_refused_with_the_way_to_pass_them(command, file_per_teacher, capsys):
    words = [command, *map(str, sorted(file_per_teacher.iterdir()))]
    student = [] if command == "teachers" else ["--student", student_path()]
    output = ["--output", str(file_per_teacher.parent / "scored")] if command == "score" else []
    assert main([*words, *student, *output]) == 2
    error = capsys.readouterr().err
    assert "small.jsonl" in error and "name the folder" in error and "teacher=gpt/0.jsonl" in error


def test_a_file_per_teacher_goes_all_the_way(file_per_teacher, tmp_path, capsys, caplog):
    output = str(tmp_path / "scored")
    score = ["score", str(file_per_teacher), "--student", student_path(), "--output", output]
    assert main(score) == 0
    (told,) = [r.getMessage() for r in caplog.records if "names the teacher" in r.getMessage()]
    assert told.startswith("No column names the teacher") and "`teacher=NAME/0.jsonl`" in told
    assert main(["teachers", output]) == 2
    assert "`teacher=NAME/0.jsonl`" in capsys.readouterr().err
    for file in list(file_per_teacher.iterdir()):  # as the messages say
        file.parent.joinpath(f"teacher={file.stem}").mkdir()
        file.rename(file.parent / f"teacher={file.stem}" / "0.jsonl")
    caplog.clear()
    assert main(score) == 0
    assert not [r for r in caplog.records if "names the teacher" in r.getMessage()]
    assert "left: 0." in capsys.readouterr().out
    assert main(["teachers", output, "--num-bootstrap", "20"]) == 0
    assert "small" in capsys.readouterr().out


def test_one_file_of_one_teacher_is_not_sent_into_folders(file_per_teacher, caplog):
    words = [
        "estimate",
        str(file_per_teacher / "small.jsonl"),
        "--student",
        student_path(),
        "--calibrate",
        "0",
    ]
    assert main(words) == 0
    (told,) = [r.getMessage() for r in caplog.records if "names the teacher" in r.getMessage()]
    assert told == "No column names the teacher, so teachers cannot be compared."
