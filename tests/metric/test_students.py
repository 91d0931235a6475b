"""Which student scores, and how often it is loaded."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from local_naturalness import LocalNaturalness, Student
from local_naturalness.embedded import student_path
from local_naturalness.metric import students


@pytest.fixture
def loads(monkeypatch):
    """Every model that is loaded from now on."""
    monkeypatch.setattr(students, "_kept", {})
    loaded = []
    load = AutoModelForCausalLM.from_pretrained

    def counted(*arguments, **settings):
        loaded.append(settings["dtype"])
        return load(*arguments, **settings)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", counted)
    return loaded


def test_a_student_is_loaded_once_for_all_calls_and_metrics(loads, metric, texts):
    for window in (1, 4):
        metric.compute(**texts, model_id=student_path(), window=window)
    LocalNaturalness(keep_in_memory=True).compute(**texts, model_id=student_path())
    assert loads == [torch.float32]


def test_other_loading_settings_are_another_student(loads, metric, texts):
    for dtype in ("float32", "bfloat16", "float32"):
        metric.compute(**texts, model_id=student_path(), dtype=dtype)
    assert loads == [torch.float32, torch.bfloat16]


def test_a_checkpoint_that_was_overwritten_is_loaded_again(loads, metric, texts, tmp_path):
    folder = tmp_path / "checkpoint"
    shutil.copytree(student_path(), folder)
    before = metric.compute(**texts, model_id=str(folder))
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: 2 * value for name, value in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    after = metric.compute(**texts, model_id=str(folder))
    assert len(loads) == 2 and len(students._kept) == 1
    assert after["mean_local_naturalness"] != before["mean_local_naturalness"]


def test_a_given_student_is_not_kept(loads, metric, texts):
    metric.compute(**texts, student=Student(student_path()))
    assert students._kept == {}


def test_what_was_added_survives_a_student_that_cannot_be_loaded(metric, texts):
    metric.add_batch(**texts)
    with pytest.raises(FileNotFoundError, match="There is no student folder at"):
        metric.compute(model_id="./nowhere")
    assert len(metric.compute(model_id=student_path())["local_naturalness"]) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "either `model_id=` .* or `student=` .* found neither"),
        ({"model_id": "a", "student": "b"}, "found both"),
        ({"student": student_path()}, "`student` must be a `Student`, found str"),
        ({"model_id": 3}, "`model_id` must be a hub id or a folder, found int"),
        ({"student": Student(student_path()), "dtype": "float32"}, "`dtype` cannot be changed"),
        ({"student": Student(student_path()), "trust_remote_code": True}, "`trust_remote_code` cannot be"),
        ({"model_id": student_path(), "window": -1}, "`window` must be"),
    ],
)
def test_wrong_students_and_settings(metric, texts, given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        metric.compute(**texts, **given)
