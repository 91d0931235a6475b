"""What a table shows about itself, beside every result: that it is a selection, or scored by two students."""

import numpy as np
import pytest

from local_naturalness import compare_criteria, rank_teachers, select_responses

LONE = "No prompt has scored responses of two teachers, so teachers cannot be compared."
SELECTION = "The table is a selection, as its column 'selection_score' shows"
STUDENTS = (
    "The table has scores of several students: local_naturalness is of me/small@01, local_naturalness_7b is "
    "of me/large@02."
)


@pytest.fixture
def of_two(scored):
    for suffix, student in (("", "me/small@01"), ("_7b", "me/large@02")):
        if suffix:
            scored = scored.add_column("local_naturalness_7b", np.arange(6.0))
        spec = f"student={student}; scorer=local; id={student[-2:]}"
        scored = scored.add_column(f"local_naturalness_spec{suffix}", [spec] * len(scored))
    return scored


def notes_of(dataset, caplog):
    caplog.clear()
    with caplog.at_level("INFO", "local_naturalness"):
        select_responses(dataset)
    return [rank_teachers(dataset).notes, compare_criteria(dataset).notes, caplog.messages]


def test_a_table_of_candidates_needs_no_note(scored, caplog):
    for notes in notes_of(scored, caplog):
        assert not [note for note in notes if note.startswith(("No prompt", "The table"))]


@pytest.mark.parametrize("k", [1, 2])
def test_a_selection_cannot_compare_teachers(scored, k, caplog):
    selected = select_responses(scored, k=k)
    for notes in notes_of(selected, caplog):
        assert any(note.startswith(SELECTION) for note in notes)
    ranking = rank_teachers(selected)
    printed = " ".join(str(ranking).split())  # lines are as long as the terminal is wide
    assert (LONE in ranking.notes) == (k == 1) and (LONE in printed) == (k == 1)


def test_prompts_with_one_teacher_each_compare_nobody(make):
    dataset = make("pqqr", "abbc", local_naturalness=[-1.0, -2.0, -3.0, -1.0])
    assert LONE in rank_teachers(dataset).notes
    assert LONE not in rank_teachers(dataset.select([1, 2])).notes  # one teacher alone is no surprise
    assert LONE not in rank_teachers(make("ppq", "abc", local_naturalness=[-1.0, -2.0, -3.0])).notes


def test_the_students_behind_names_of_columns_are_told(of_two, caplog):
    for notes in notes_of(of_two, caplog):
        assert STUDENTS in notes
    assert rank_teachers(of_two, by="local_naturalness_7b").best == "c"


def test_one_student_with_two_settings_is_not_told(scored, caplog):
    for suffix in ("", "_w1"):
        if suffix:
            scored = scored.add_column("local_naturalness_w1", np.arange(6.0))
        scored = scored.add_column(f"local_naturalness_spec{suffix}", ["student=me/small@01; id=1"] * 6)
    for notes in notes_of(scored, caplog):
        assert not [note for note in notes if "several students" in note]
