"""Numbers with their nouns, for sentences."""


def counted(number: float, noun: str, plural: str = "") -> str:
    """A number and its noun, in the plural unless it is one.

    Args:
        number: The number. Large numbers are printed with commas.
        noun: The noun in the singular.
        plural: The plural, if it is not the noun with an s.

    >>> counted(1, "row"), counted(0, "row"), counted(1200, "response"), counted(2, "reply", "replies")
    ('1 row', '0 rows', '1,200 responses', '2 replies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
