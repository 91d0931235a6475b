"""Full stops that end an abbreviation or an initial, and not a sentence."""

import re

# Something always follows these.
ALWAYS = frozenset("a.k.a cf dr e.g i.e mr mrs ms ph.d prof resp s.t st u.k u.s viz vs w.r.t".split())
# These refer to what a number, a formula or a bracket names: `Eq. (3)`.
BEFORE_NUMBER = frozenset(
    "al alg app approx art ca ch chap cor def eq eqn eqns eqs ex fig figs lem no nos p pp prob "
    "prop ref refs sec sect tab thm vol".split()
)
LONGEST = max(map(len, ALWAYS | BEFORE_NUMBER))
# A lone capital is an initial beside another one, and the end of a sentence (`So it is A.`) alone.
INITIAL = re.compile(r"\b[A-Z]\.(?=\s[A-Z]\.)|(?<=\b[A-Z]\.\s)[A-Z]\.")


def is_abbreviation(text: str, position: int, following: str) -> bool:
    """Tell whether the full stop at ``position`` belongs to the word before it."""
    # This settles nearly half of the cases in a fraction of the time.
    last = text[position - 1 : position]
    if not (last.isalpha() or last.isspace()):
        return False
    words = text[max(0, position - LONGEST - 3) : position].rsplit(maxsplit=1)
    word = words[-1].lstrip("([{*_\"'“").lower() if words else ""
    if word in ALWAYS:
        return True
    if word in BEFORE_NUMBER:
        return not following.isalpha()
    return last.isupper() and INITIAL.match(text, position - 1) is not None
