"""Scores carry the identity of the weights that are in memory, whatever becomes of the folder meanwhile."""

import logging
import os

import pytest
from changed_weights import rewrite, scaled
from datasets import Dataset

from local_naturalness import LocalScorer, Student


def test_a_loaded_student_stays_what_it_was(folder, row, caplog):
    student = Student(folder)
    before = LocalScorer(student)(row)
    rewrite(folder, scaled)
    with caplog.at_level(logging.WARNING):
        after = [LocalScorer(student)(row) for _ in range(2)]
    assert after == [before, before]
    assert caplog.text.count("has changed since it was loaded") == 1

    fresh = LocalScorer(folder)(row)
    assert fresh["local_naturalness_spec"] != before["local_naturalness_spec"]
    assert abs(fresh["local_naturalness"] - before["local_naturalness"]) > 1e-3


def test_weights_are_not_read_from_a_file_that_is_overwritten_in_place(folder, row):
    scorer = LocalScorer(folder)
    before = scorer(row)
    path = folder / "model.safetensors"
    with path.open("r+b") as file:  # the same file, as seen by whoever has mapped it
        file.seek(path.stat().st_size // 2)
        file.write(bytes(path.stat().st_size // 4))
    assert scorer(row) == before


def test_the_caches_of_others_are_not_filled_with_old_scores(folder, row, tmp_path):
    dataset = Dataset.from_list([row] * 2)
    dataset.save_to_disk(tmp_path / "rows")
    dataset = Dataset.load_from_disk(tmp_path / "rows")
    kept = Student(folder)
    kept.model()
    rewrite(folder, scaled)
    old = dataset.map(LocalScorer(kept), batched=True)
    new = dataset.map(LocalScorer(folder), batched=True)
    assert new[0]["local_naturalness_spec"] != old[0]["local_naturalness_spec"]
    assert new[0]["local_naturalness"] == LocalScorer(folder)(row)["local_naturalness"]


def test_a_folder_that_changed_after_its_identity_was_told_is_refused(folder, row):
    student = Student(folder)
    told = student.identity
    rewrite(folder, scaled)
    assert student.identity == told
    assert not student.is_current
    with pytest.raises(OSError, match="'student' has changed since its identity was recorded"):
        LocalScorer(student)(row)


def test_neither_size_nor_time_hides_a_change(folder):
    path = folder / "model.safetensors"
    stat, before = path.stat(), Student(folder).weights
    rewrite(folder, scaled)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert Student(folder).weights != before


def test_a_folder_that_is_gone(folder, row, caplog):
    scorer = LocalScorer(Student(folder))
    before = scorer(row)
    folder.rename(folder.with_name("elsewhere"))
    assert scorer(row)["local_naturalness"] == before["local_naturalness"]
    assert "has changed since it was loaded" in caplog.text
