"""What an error advises can be typed as it stands."""

import shlex

import pytest

from local_naturalness.cli.error_messages import told


@pytest.mark.parametrize(
    "value", ["is_correct", "a = 'yes'", "\"my verdict\" = 'yes'", "n > 0.5", "\"it's 5\" <> '\\'"]
)
def test_an_option_is_quoted_for_the_shell(value):
    for python in (f'"{value}"', f"'{value}'"):
        sentence = told(ValueError(f"Write `where={python}` instead."), {"--where"})
        assert shlex.split(sentence.removeprefix("Write ").removesuffix(" instead.")) == ["--where", value]


def test_other_arguments_stay_as_they_are():
    assert told(ValueError('Write `where="a > 1"`.'), {"--by"}) == 'Write `where="a > 1"`.'
