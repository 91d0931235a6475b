import pytest

from local_naturalness.steps import align_steps


@pytest.mark.parametrize(
    ("text", "steps", "expected"),
    [
        ("One. Two.", ["One.", "Two."], ["One.", " Two."]),
        ("One.\n\nTwo.\n", ["One.", "Two."], ["One.\n\n", "Two.\n"]),
        ("One.\n\nTwo.\n", ["One.\n", "\n  Two."], ["One.\n\n", "Two.\n"]),
        ("  One.\n Two.", ["", "One.", " \n", "Two."], ["  One.\n", " Two."]),
        ("ab", ["a", "b"], ["a", "b"]),
        ("aaa", ["a", "aa"], ["a", "aa"]),
        (" \n", [], [" \n"]),
        (" \n", [" "], [" \n"]),
        ("", [], []),
    ],
)
def test_pieces_are_found_in_order(text, steps, expected):
    assert [text[start:end] for start, end in align_steps(text, steps)] == expected


@pytest.mark.parametrize(
    ("text", "steps", "message"),
    [
        ("One. Two.", ["One.", "Three."], r"Step 1, 'Three\.', .* character 5 .* 'Two\.'"),
        ("One. Two.", ["Two.", "One."], r"Step 0, 'Two\.', .* character 0 .* 'One\. Two\.'"),
        ("One. Two.", ["One.", " ", "One."], r"Step 2, 'One\.'"),
        ("One. Two.", ["One."], r"end at character 5 of 9, .* 'Two\.'"),
        ("One.", [], r"end at character 0 of 4"),
        ("a" * 99, ["b" * 99], r"Step 0, 'b{57}\.\.\.', .* 'a{57}\.\.\.'"),
    ],
)
def test_errors_name_the_piece_and_what_was_found(text, steps, message):
    with pytest.raises(ValueError, match=message):
        align_steps(text, steps)


def test_a_piece_that_is_no_string():
    with pytest.raises(TypeError, match="step 1 is a NoneType"):
        align_steps("One.", ["One.", None])


def test_gold_steps_align(read_rows):
    for row in read_rows("steps.jsonl"):
        spans = align_steps(row["text"], row["steps"])
        assert [row["text"][start:end].strip() for start, end in spans] == row["steps"]
