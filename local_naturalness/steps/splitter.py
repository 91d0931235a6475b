"""The interface to all ways of splitting: a name for the spec, and a function from text to spans."""

import difflib
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from local_naturalness.steps.alignment import align_steps
from local_naturalness.steps.paragraphs import blank_line_spans, line_spans, paragraph_spans
from local_naturalness.steps.sentences import sentence_spans
from local_naturalness.steps.tiling import Span, tile


@dataclass(frozen=True)
class Splitter:
    """A way of splitting: ``name`` identifies it, ``spans(text)`` tiles the text."""

    name: str
    spans: Callable[[str], list[Span]]


def split_steps(
    text: str,
    splitter: "str | re.Pattern[str] | Callable[[str], list[str]] | Splitter" = "sentence",
) -> list[str]:
    """Split a response into reasoning steps.

    Joined together, the steps are exactly the text, and no step is empty. A step begins with the space
    before its first word and ends with the newlines after its last one.

    Args:
        text: the response.
        splitter: what a step is.

            - ``"sentence"``: a sentence, line, code block or table. LaTeX, code, quotations,
              abbreviations, decimals and list markers are not cut.
            - ``"line"``: a line. Display equations, code blocks and tables are not cut.
            - ``"paragraph"``: the text between blank lines. Display equations, code blocks and tables
              are not cut.
            - ``"blank-line"``: the text between blank lines, or a line if there are no blank lines. It
              may cut equations and code, like the scripts of some papers.
            - a compiled regular expression: the end of each match is a boundary.
            - a function from a text to a list of its pieces, in order. White space between the pieces
              may be missing.

    Returns:
        The steps. An empty text has no step, a text of white space only has one.

    Raises:
        ValueError: the name is unknown, or the pieces that a function returns are not those of the text.
        TypeError: ``text`` is not a string, or ``splitter`` is none of the above.

    >>> split_steps("Let $x. y$ be 1.5, i.e. small. Then:\\n\\n1. Add it.\\n2. Stop here.")
    ['Let $x. y$ be 1.5, i.e. small.', ' Then:\\n\\n1. Add it.\\n', '2. Stop here.']
    >>> split_steps("One. Two? Three.", re.compile(r"(\\. |\\? )"))
    ['One.', ' Two?', ' Three.']
    """
    if not isinstance(text, str):
        raise TypeError(f"`text` must be a string, got {type(text).__name__}.")
    return [text[start:end] for start, end in resolve_splitter(splitter).spans(text)]


def resolve_splitter(
    splitter: "str | re.Pattern[str] | Callable[[str], list[str]] | Splitter",
    others: Sequence[str] = (),
) -> Splitter:
    """Return the ``Splitter`` that a name, a compiled expression or a function stands for.

    Args:
        splitter: as of ``split_steps``.
        others: names that the caller takes besides, for messages.

    Raises:
        ValueError: the name is unknown, or an expression matches between any two letters.
        TypeError: the argument is nothing that can split.

    >>> resolve_splitter("line").name
    'line/2'
    """
    match splitter:
        case Splitter():
            return splitter
        case str():
            return _named(splitter, others)
        case re.Pattern(pattern=str()):
            if (between := splitter.match("aa", 1)) and not between.group():
                raise ValueError(
                    f"The expression {splitter.pattern!r} matches nothing between any two letters, so every "
                    "character would be a step: write `+` in place of `*`, or require a character."
                )
            digest = _digest(repr((splitter.pattern, splitter.flags)))
            return Splitter(f"regex/{digest}", partial(_split_after, splitter))
    if isinstance(splitter, re.Pattern) or not callable(splitter):
        raise TypeError(
            f"`splitter` must be one of {_allowed(others)}, a compiled regular expression over str, or a "
            f"function from a text to its pieces; got {splitter!r}."
        )
    return Splitter(_callable_name(splitter), partial(_split_by, splitter))


def _split_after(pattern: re.Pattern[str], text: str) -> list[Span]:
    return tile(text, (match.end() for match in pattern.finditer(text)))


def _split_by(function: Callable[[str], list[str]], text: str) -> list[Span]:
    return align_steps(text, function(text))


# Raise a version whenever the splitter's boundaries change: scores depend on them.
_NAMED = {
    "sentence": Splitter("sentence/2", sentence_spans),
    "line": Splitter("line/2", line_spans),
    "paragraph": Splitter("paragraph/2", paragraph_spans),
    "blank-line": Splitter("blank-line/1", blank_line_spans),
}


def _named(name: str, others: Sequence[str]) -> Splitter:
    if name in _NAMED:
        return _NAMED[name]
    nearest = difflib.get_close_matches(name, [*_NAMED, *others], n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ValueError(f"Unknown splitter {name!r}; named splitters are {_allowed(others)}.{hint}")


def _allowed(others: Sequence[str]) -> str:
    return ", ".join(map(repr, [*_NAMED, *others]))


def _callable_name(function: Callable[[str], list[str]]) -> str:
    from datasets.fingerprint import Hasher  # heavy, and only functions need it

    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}/{Hasher.hash(function)[:8]}"


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:8]
