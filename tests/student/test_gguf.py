"""GGUF files: weights, configuration and tokenizer in one file, named with `gguf_file`."""

import pytest

from local_naturalness import GlobalScorer, Student
from local_naturalness.embedded import student_path

gguf_students = pytest.importorskip("gguf_students", reason="needs the package gguf")
pytest.importorskip("accelerate", reason="transformers reads GGUF files with accelerate")


@pytest.fixture
def gguf_folder(own_model, tmp_path):
    gguf_students.write_gguf(tmp_path / "tiny-f32.gguf", own_model)
    return tmp_path


def loaded(folder, **settings):
    return Student(folder, gguf_file="tiny-f32.gguf", tokenizer=student_path(), **settings)


def test_scores_are_those_of_the_weights_in_the_file(gguf_folder, own_model, own_tokenizer, row):
    right = GlobalScorer(Student(own_model, tokenizer=own_tokenizer))(row)["global_naturalness"]
    assert GlobalScorer(loaded(gguf_folder))(row)["global_naturalness"] == pytest.approx(right, abs=1e-5)


def test_the_tokenizer_is_in_the_file(gguf_folder, own_model):
    student = Student(gguf_folder, gguf_file="tiny-f32.gguf")
    assert len(student.tokenizer) == own_model.config.vocab_size


def test_other_weights_are_another_student(gguf_folder, own_model):
    before = loaded(gguf_folder).identity
    own_model.model.norm.weight.data.mul_(1.1)
    gguf_students.write_gguf(gguf_folder / "tiny-f32.gguf", own_model)
    assert loaded(gguf_folder).identity != before


def test_a_file_that_is_not_there(gguf_folder, row):
    with pytest.raises(FileNotFoundError, match=r"other.gguf"):
        GlobalScorer(Student(gguf_folder, gguf_file="other.gguf", tokenizer=student_path()))(row)


def test_a_file_that_is_cut_short(gguf_folder, row):
    path = gguf_folder / "tiny-f32.gguf"
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(ValueError, match="could not be loaded"):
        GlobalScorer(loaded(gguf_folder))(row)
