"""What a student may be, and what is said when it cannot be one."""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from tiny_models import tiny_model

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path

ROW = {"prompt": "Hi", "response": "So it is."}


def test_nothing_is_loaded_before_it_is_needed(tmp_path):
    scorer = LocalScorer(str(tmp_path / "not there yet"))
    with pytest.raises(FileNotFoundError, match="not there yet"):
        scorer.student.model()


@pytest.mark.parametrize(("architecture", "length"), [("llama", 768), ("gpt2", 768), ("gemma3_text", 768)])
def test_context_length(architecture, length, tokenizer):
    assert Student(tiny_model(architecture), tokenizer=tokenizer).context_length == length


def test_a_folder_a_student_and_a_loaded_model_are_scored_alike(student_folder, model, tokenizer):
    students = [student_folder, Student(student_folder), Student(model, tokenizer=tokenizer)]
    scores = {LocalScorer(student)(ROW)["local_naturalness"] for student in students}
    assert len(scores) == 1


def test_a_tokenizer_may_be_a_folder(student_folder, model):
    assert Student(model, tokenizer=student_folder).tokenizer.eos_token == "<eos>"


def test_dtype_of_a_folder(student_folder):
    assert Student(student_folder, device="cpu").dtype == "float32"
    student = Student(student_folder, dtype=torch.bfloat16)
    assert student.dtype == "bfloat16"
    assert student.model().dtype == torch.bfloat16


def test_half_precision_is_near(student_folder):
    exact, half = (LocalScorer(student_folder, dtype=dtype)(ROW) for dtype in ("float32", "bfloat16"))
    assert half["local_naturalness"] == pytest.approx(exact["local_naturalness"], abs=0.1)
    assert half["local_naturalness"] != exact["local_naturalness"]


def test_name_is_no_path(student_folder):
    student = Student(student_folder)
    assert student.label == f"tiny-student@{student.weights[:12]}"
    assert str(Path(student_folder).parent) not in LocalScorer(student).spec


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "comes without its tokenizer: pass `tokenizer=`"),
        (
            {"tokenizer": "x", "dtype": "bfloat16"},
            "`dtype` is bfloat16 and the loaded model is torch.float32",
        ),
        ({"tokenizer": "x", "device": "cuda:1"}, "`device` is cuda:1 and the loaded model is on cpu"),
    ],
)
def test_a_loaded_model_is_taken_as_it_is(model, named, message):
    with pytest.raises(ValueError, match=message):
        Student(model, **named)


def test_a_loaded_model_may_be_told_what_it_is(model, tokenizer):
    student = Student(model, tokenizer=tokenizer, device="cpu", dtype=torch.float32)
    assert student.model() is model


@pytest.mark.parametrize("student", [3, None, torch.nn.Linear(2, 2)])
def test_other_things_are_no_student(student):
    with pytest.raises(
        TypeError, match="hub id, the path of a folder, or a loaded transformers model; found"
    ):
        LocalScorer(student)


def test_unknown_dtype(student_folder):
    with pytest.raises(ValueError, match=r"`dtype` must be 'auto' or a torch dtype .* found 'float33'"):
        Student(student_folder, dtype="float33")


def test_a_student_is_not_changed_by_a_scorer(student_folder):
    with pytest.raises(ValueError, match="`dtype` cannot be changed for a `Student` that exists"):
        LocalScorer(Student(student_folder), dtype="bfloat16")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no student folder at"):
        LocalScorer(str(tmp_path / "nothing"))(ROW)


def test_only_safetensors_are_read(tmp_path, tokenizer):
    tokenizer.save_pretrained(tmp_path)
    model = tiny_model("llama")
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match=r"holds no `model.safetensors`.* other weight formats are not read"):
        LocalScorer(str(tmp_path))(ROW)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": -1}, "`window` must be a number of steps .* found -1"),
        ({"window": 1.5}, "`window` must be"),
        ({"window": True}, "`window` must be"),
        ({"stride": 0}, "`stride` must be at least 1, found 0"),
        ({"stride": 2, "window": None}, "`stride` slides windows of a number of steps, found window=None"),
        ({"max_steps": 0}, "`max_steps` must be at least 1 or None"),
        ({"weighting": "tokens"}, "`weighting` must be 'step' or 'token', found 'tokens'"),
        ({"splitter": "sentences"}, "Did you mean 'sentence'"),
    ],
)
def test_settings_out_of_range(student_folder, settings, message):
    with pytest.raises(ValueError, match=message):
        LocalScorer(student_folder, **settings)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, where bfloat16 is the default")
@pytest.mark.skipif(find_spec("accelerate") is None, reason="spreading a model needs accelerate")
def test_spreading_over_no_gpu_is_the_cpu(student_folder):
    spread = Student(student_folder, device="auto")
    assert spread.dtype == "float32"
    assert LocalScorer(spread)(ROW) == LocalScorer(student_folder, device="cpu")(ROW)


def test_a_number_type_has_one_name(student_folder):
    assert Student(student_folder, dtype="float").dtype == Student(student_folder, dtype="float32").dtype
    assert Student(student_folder, dtype=torch.half).dtype == "float16"


def test_folders_have_no_revisions():
    with pytest.raises(ValueError, match=r"`revision` is 'v1', but the student .* is a local folder"):
        Student(student_path(), revision="v1")
