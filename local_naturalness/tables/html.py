"""Tables and sentences for browsers and notebooks. Text from data is escaped."""

from collections.abc import Iterable

import pandas as pd
from markupsafe import Markup

from local_naturalness.visible import visible

# Teachers' names may be anything: a cell has to hold a word of a hundred thousand characters.
_LONGEST = 200


def text_html(text: object, longest: int | None = None) -> Markup:
    r"""Escape a text for HTML. No markup in it acts, and marks of direction are written out.

    >>> print(text_html("<b> \u202egnp"))
    &lt;b&gt; \u202egnp
    """
    whole = str(text)
    is_cut = longest is not None and len(whole) > longest
    return Markup.escape(visible(f"{whole[:longest]}…" if is_cut else whole))


def table_html(frame: pd.DataFrame, first: str, caption: str = "") -> Markup:
    """A table of texts, its index as the first column.

    >>> print(table_html(pd.DataFrame({"mean": ["-0.5"]}, index=["a<b"]), "teacher"))
    <table><thead><tr><th scope="col">teacher</th><th scope="col">mean</th></tr></thead>
    <tbody><tr><th scope="row">a&lt;b</th><td>-0.5</td></tr></tbody></table>
    """
    headings = Markup("").join(
        Markup('<th scope="col">{}</th>').format(text_html(name, _LONGEST))
        for name in (first, *frame.columns)
    )
    rows = Markup("\n").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            text_html(name, _LONGEST),
            Markup("").join(Markup("<td>{}</td>").format(text_html(cell, _LONGEST)) for cell in cells),
        )
        for name, cells in zip(frame.index, frame.to_numpy(), strict=True)
    )
    above = Markup("<caption>{}</caption>").format(text_html(caption)) if caption else Markup("")
    return Markup("<table>{}<thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table>").format(
        above, headings, rows
    )


def list_html(sentences: Iterable[str]) -> Markup:
    """Sentences as a list; an empty text for none.

    >>> print(list_html(["One.", "Two."]))
    <ul><li>One.</li><li>Two.</li></ul>
    """
    items = Markup("").join(Markup("<li>{}</li>").format(text_html(sentence)) for sentence in sentences)
    return Markup("<ul>{}</ul>").format(items) if items else items
