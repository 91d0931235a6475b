"""`write_report`: the page as one file."""

import base64
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import Dataset
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from local_naturalness.comparison import compare_criteria
from local_naturalness.comparison.text import shown_tables
from local_naturalness.report import charts, findings
from local_naturalness.report.best_teacher import cleaned, doubts, verdict
from local_naturalness.report.control import chosen_beside_random
from local_naturalness.report.curve import step_sample
from local_naturalness.report.decisions import decisions
from local_naturalness.report.length import WinsByLength
from local_naturalness.report.prompts_shown import KINDS
from local_naturalness.report.sample import WHERE, NumbersOfPrompts
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.texts import TextColumns
from local_naturalness.report.tint import Tints
from local_naturalness.report.views import views_of
from local_naturalness.store.atomic_files import write_whole
from local_naturalness.tables import Columns, Where, require_dataset
from local_naturalness.tables.html import table_html, text_html
from local_naturalness.tables.text import number_text
from local_naturalness.teachers.cells import linked_groups
from local_naturalness.teachers.rank import rank_groups
from local_naturalness.teachers.result import TeacherGroup, TeacherRanking
from local_naturalness.teachers.scored import read_scored
from local_naturalness.teachers.text import shown_table, size_sentence
from local_naturalness.version import __version__

_TEACHERS_LISTED = 50
_GROUPS_LISTED = 20


def write_report(
    dataset: Dataset,
    path: str | Path,
    *,
    selection: Dataset | None = None,
    rows: int = 40,
    where: Where | None = None,
    correct: str | None = None,
    prompt_column: str | None = None,
    teacher_column: str = "teacher",
    response_column: str = "response",
    messages_column: str | None = None,
) -> Path:
    """Write a web page that shows which teacher and which responses come first, and why.

    The page needs no network and no other file. It stays below 5 MB for tables of any size, because it shows
    the texts of a sample of rows only. If the rows were scored with `LocalScorer(..., return_steps=True)`,
    each step is coloured by its score. With `GlobalScorer(..., return_steps=True)` as well, the page shows
    where in a trace the two criteria differ.

    Args:
        dataset: Scored rows.
        path: The file to write. An existing file is replaced.
        selection: The selection that `select_responses` made from these rows. Without one, the best response
            to each prompt by the first criterion is marked as chosen.
        rows: Largest number of responses that are shown with their text.
        where: Which rows count, as for `rank_teachers`: a column of bools or of 0 and 1, an SQL expression,
            or a function of a row. `None` uses the `where` of the selection, if that was a column or an
            expression; otherwise, all rows count. The traces show the other candidates too.
        correct: The column that says which responses are correct, to show the accuracy. By default, it is
            `is_correct` or `correct`, if there is one.
        prompt_column: The column that identifies prompts. `None` is `prompt_key`, which scorers write, or
            `prompt` if there is none.
        teacher_column: The column of the teachers' names.
        response_column: The column of the responses. Responses in conversations, or under other names that
            scorers know, are found without it.
        messages_column: The column of conversations, as for scorers.

    Returns:
        The path of the page.

    Raises:
        ValueError: A column is missing, the dataset has no criterion, or no row that counts has a score.
        IsADirectoryError: `path` is a folder.
        TypeError: `dataset` or `selection` is not a `Dataset`, or `where` or `correct` is of the wrong type.

    Example:

    >>> import tempfile
    >>> from datasets import Dataset
    >>> from local_naturalness.report import write_report
    >>> scored = Dataset.from_dict({
    ...     "prompt": ["p", "p", "q", "q"],
    ...     "teacher": ["a", "b", "a", "b"],
    ...     "response": ["One.", "Two.", "Three.", "Four."],
    ...     "local_naturalness": [-0.9, -0.4, -0.6, -0.2],
    ... })
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     "b comes first" in write_report(scored, f"{folder}/report.html").read_text()
    True
    """
    require_dataset(dataset, "write_report")
    if selection is not None:
        require_dataset(selection, "write_report")
    if rows < 1:
        raise ValueError(f"`rows` must be at least 1, got {rows!r}.")
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"The page is one file, and {str(path)!r} is a folder: name a file in it.")
    table = ScoredTable.of(dataset, selection, prompt_column, teacher_column, where, correct)
    texts = TextColumns.of(dataset, response_column, messages_column)
    numbers = NumbersOfPrompts.of(table)
    passes = None if table.counted.passes is None else WHERE
    ranking, num_groups = _ranking(table, Columns.of(numbers.dataset), passes)
    measures = ({"num_tokens": "high"} if "num_tokens" in dataset.column_names else {}) | table.criteria
    comparison = compare_criteria(numbers.dataset, measures, where=passes, correct=table.correct_column)
    shown = dict(zip(table.teachers, table.shown_names, strict=True))
    views = views_of((table.criterion, table.other), dataset.column_names)
    scores, lines = step_sample(table, views)
    tints = Tints.of(views, scores)
    drawn_rows = numbers.rows[table.is_counted[numbers.rows]]
    wins = WinsByLength.of(
        table.criterion.sign * table.values[drawn_rows],
        table.tokens[drawn_rows],
        table.prompt[drawn_rows],
        table.teacher[drawn_rows],
        len(table.teachers),
    )
    names = findings.drawn_names(table)
    known = [(view, of_view) for view, of_view in zip(views, lines, strict=True) if of_view]
    span = charts.span_of(line for _, of_view in known for line in of_view.values()) if known else (0.0, 1.0)
    shown_prompts, how_many = decisions(table, selection, texts, tints, rows)
    page = _page(
        paragraphs=[text_html(one) for one in verdict(table, ranking, num_groups)],
        against=[
            text_html(one)
            for one in (table.counted.note, *doubts(table, ranking, comparison, wins), numbers.note())
            if one
        ],
        groups=[
            (
                table_html(_teachers(group, table, wins).rename(index=shown), "teacher"),
                size_sentence(group),
                max(len(group.table) - _TEACHERS_LISTED, 0),
            )
            for group in ranking.groups
        ],
        num_groups_hidden=num_groups - len(ranking.groups),
        drawn=findings.drawings(table),
        curves=[(view, charts.curves(of_view, names, "nats", span)) for view, of_view in known],
        control=table_html(chosen_beside_random(table, selection), ""),
        comparison=[
            table_html(frame.rename(columns=shown), first, title)
            for title, frame, first in shown_tables(comparison)
        ],
        notes=[text_html(cleaned(table, note)) for note in comparison.notes],
        decisions=shown_prompts,
        how_many_prompts=how_many,
        compares_length="num_tokens" in measures,
        kinds=KINDS,
        has_steps=scores.shape[1] > 0,
        has_both=len(views) == 2,
        has_selection=selection is not None,
        legends=tints.legends(),
        criterion=table.criterion.name,
        direction=table.criterion.direction,
        unscored=findings.unscored(table),
        provenance=findings.provenance(table),
        version=__version__,
        num_rows=len(dataset),
        text=text_html,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    # A half of a character that data may hold cannot be written as UTF-8; `visible` has escaped it.
    write_whole(target, page.encode("utf-8"))
    return target


def _ranking(table: ScoredTable, numbers: Columns, where: str | None) -> tuple[TeacherRanking, int]:
    """The groups of teachers that are listed, ranked, and the number of all groups."""
    passes = None if where is None else numbers.flags(where)
    scored = read_scored(numbers, table.criterion, "prompt", "teacher", passes, table.correct_column)
    groups = linked_groups(scored.prompt, scored.teacher)
    return rank_groups(scored, groups[:_GROUPS_LISTED], table.criterion), len(groups)


def _teachers(group: TeacherGroup, table: ScoredTable, wins: WinsByLength) -> pd.DataFrame:
    """The table of a group as `str(ranking)` shows it, with the wins by length."""
    frame = shown_table(group)
    if len(group.table) > 1:
        codes = [table.teachers.index(name) for name in group.table["teacher"]]
        kinds = {"wins": wins.all}
        if np.isfinite(table.tokens).any():
            kinds |= {"over shorter": wins.over_shorter, "over longer": wins.over_longer}
        for name, kind in kinds.items():
            frame[name] = [number_text(kind.share(code), 1, as_share=True) for code in codes]
    frame["responses"] = [f"{number:,.0f}" for number in group.table["num_responses"]]
    return frame.head(_TEACHERS_LISTED)


def _page(**found: object) -> str:
    page = Path(__file__).parent / "page"
    style, script = ((page / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    environment = Environment(
        loader=FileSystemLoader(page),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        style=Markup(style), script=Markup(script), policy=policy, **found
    )


def _digest(source: str) -> str:
    """The digest by which a content security policy allows a style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"
