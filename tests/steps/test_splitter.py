import functools
import pickle
import re
import subprocess
import sys

import dill
import pytest

from local_naturalness.steps import Splitter, resolve_splitter, split_steps


def words(text):
    return text.split()


class Halves:
    def __call__(self, text):
        return [text[: len(text) // 2], text[len(text) // 2 :]]


@pytest.mark.parametrize(
    ("splitter", "name"),
    [
        ("sentence", r"sentence/\d+"),
        ("line", r"line/\d+"),
        ("paragraph", r"paragraph/\d+"),
        (re.compile(r"\. "), r"regex/[0-9a-f]{8}"),
        (words, r"[\w.]*test_splitter\.words/[0-9a-f]{8}"),
        (Halves(), r"[\w.]*test_splitter\.Halves/[0-9a-f]{8}"),
        (functools.partial(words), r"functools\.partial/[0-9a-f]{8}"),
    ],
)
def test_names(splitter, name):
    assert re.fullmatch(name, resolve_splitter(splitter).name)
    assert resolve_splitter(splitter).name == resolve_splitter(splitter).name


def test_names_tell_expressions_and_functions_apart():
    splitters = [
        re.compile("a"),
        re.compile("b"),
        re.compile("a", re.IGNORECASE),
        re.compile("\ud800"),
        lambda text: [text],
        lambda text: text.split(),
    ]
    assert len({resolve_splitter(splitter).name for splitter in splitters}) == len(splitters)


def test_a_splitter_is_returned_as_it_is():
    splitter = Splitter("mine/1", lambda text: [(0, len(text))])
    assert resolve_splitter(splitter) is splitter
    assert split_steps("One. Two.", splitter) == ["One. Two."]


@pytest.mark.parametrize("pickler", [pickle, dill])
@pytest.mark.parametrize("splitter", ["sentence", "line", "paragraph", re.compile(r"\. "), words])
def test_splitters_are_pickled(pickler, splitter):
    original = resolve_splitter(splitter)
    copy = pickler.loads(pickler.dumps(original))
    assert copy.name == original.name
    assert copy.spans("One. Two.\n\nThree.") == original.spans("One. Two.\n\nThree.")


def test_an_unknown_name_says_what_is_allowed_and_nearest():
    with pytest.raises(ValueError, match=r"'sentence', 'line', 'paragraph'.*mean 'sentence'"):
        resolve_splitter("sentences")
    with pytest.raises(ValueError, match=r"'xyz'.*'paragraph', 'blank-line'\.$"):
        resolve_splitter("xyz")


@pytest.mark.parametrize("splitter", [None, 3, re.compile(rb"\. ")])
def test_what_cannot_split_is_refused(splitter):
    with pytest.raises(TypeError, match="compiled regular expression over str"):
        resolve_splitter(splitter)


def test_a_text_that_is_no_string():
    with pytest.raises(TypeError, match="`text` must be a string, got NoneType"):
        split_steps(None)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(\. |\? )", ["One.", " Two?", " Three."]),
        (r"[.?]", ["One.", " Two?", " Three."]),
        (r"(?=T)", ["One.", " Two?", " Three."]),
        (r"Tw", ["One. Tw", "o? Three."]),
        (r"xyz", ["One. Two? Three."]),
    ],
)
def test_an_expression_splits_at_the_end_of_its_matches(pattern, expected):
    assert split_steps("One. Two? Three.", re.compile(pattern)) == expected


@pytest.mark.parametrize("pattern", ["", r"\n*", r"\s*", "x|", "(?:)"])
def test_an_expression_that_matches_everywhere_is_refused(pattern):
    with pytest.raises(ValueError, match="between any two letters"):
        split_steps("One. Two? Three.", re.compile(pattern))


@pytest.mark.parametrize("pieces", ["One. Two.", None, 3])
def test_a_function_returns_a_list(pieces):
    with pytest.raises(TypeError, match="must be a list of strings"):
        split_steps("One. Two.", lambda text: pieces)


def test_a_function_may_leave_out_white_space_but_nothing_else():
    assert split_steps("One.\n\nTwo.", lambda text: text.split()) == ["One.\n\n", "Two."]
    with pytest.raises(ValueError, match=r"Step 0, 'one\.'"):
        split_steps("One.\n\nTwo.", lambda text: text.lower().split())


def test_importing_loads_no_heavy_package():
    code = (
        "import sys, local_naturalness.steps\nprint({'torch', 'transformers', 'datasets'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert printed.strip() == "set()"
