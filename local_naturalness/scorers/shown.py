"""What exactly is scored in one row, for people to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_naturalness.counted import counted
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.reasoning import opening_at_end, repeated_length
from local_naturalness.encoding.row_doubts import in_words
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.spec import may_be_compared, spec_difference

# Characters that are shown of a text that is not scored.
_LONGEST = 2000


@dataclass(frozen=True)
class Shown:
    """The text of a row as the student sees it. `print` it to read it.

    Attributes:
        status: the status that a scorer writes for the row.
        prompt: text that the student sees before the response; `None` if the row cannot be scored.
        response: text that is scored; `None` if the row cannot be scored.
        steps: the response in pieces. Joined, they are `response`.
        num_tokens: number of tokens that are scored.
        not_scored: number of characters at the beginning of `response` that are not scored, because `prompt`
            already ends with them.
        spec: student and settings.
        scores: columns of the row with a score that has the same settings.
        step_scores: mean nats per token of each step, if the row has them.
        notes: what to know before relying on the score.
        held: prompt and response in a row that cannot be scored, if it has them.
    """

    status: str
    spec: str
    prompt: str | None = None
    response: str | None = None
    steps: Sequence[str] = ()
    num_tokens: int = 0
    not_scored: int = 0
    scores: Mapping[str, float] | None = None
    step_scores: Sequence[float | None] | None = None
    notes: Sequence[str] = ()
    held: tuple[str | None, str | None] = (None, None)

    def __str__(self) -> str:
        lines = [f"status  {self.status}", f"spec    {self.spec}"]
        lines += [f"score   {name} {score:.4f}" for name, score in (self.scores or {}).items()]
        lines += [f"note    {note}" for note in self.notes]
        if self.prompt is None or self.response is None:
            for name, text in zip(("Prompt", "Response"), self.held, strict=True):
                if text:
                    lines += ["", _heading(f"{name} of the row, which is not scored"), _visible(_short(text))]
            return "\n".join(lines)
        lines += ["", _heading("Prompt, shown to the student and not scored"), _visible(self.prompt)]
        length = f"{counted(self.num_tokens, 'token')} in {counted(len(self.steps), 'step')}"
        lines += ["", _heading(f"Response, scored: {length}")]
        if self.not_scored:
            begin = self.response[: self.not_scored]
            lines.append(f"(In step 1, {begin!r} is not scored: the prompt already ends with it.)")
        scores = self.step_scores or [None] * len(self.steps)
        for number, (step, score) in enumerate(zip(self.steps, scores, strict=True), start=1):
            told = f"[{number}]" if self.step_scores is None else f"[{number}] {_in_nats(score)}"
            lines.append(f"{told} {_visible(step, indent=len(told) + 1)}")
        return "\n".join(lines)


def shown_row(
    row: Mapping[str, Any],
    planned: PlannedRow,
    spec: str,
    criterion: str,
    suffix: str,
    template: str,
    keys: Mapping[str, str | None],
) -> Shown:
    """Collect what is shown for a row that can be scored.

    Args:
        row: columns of the row.
        planned: the row with its windows.
        spec: student and settings.
        criterion: main column of the scorer.
        suffix: suffix of the columns of the scorer.
        template: source of the student's chat template.
        keys: the columns of `KEYS` for the row as it is now.
    """
    encoded = planned.encoded
    notes = [in_words(doubt, "In this row and those like it", template) for doubt in sorted(encoded.doubts)]
    scores, step_scores, other = _scores_of(row, spec, criterion, suffix, keys)
    if step_scores is not None and len(step_scores) != len(encoded.spans):
        step_scores = None
    return Shown(
        status=planned.plan.status,
        spec=spec,
        prompt=encoded.shown,
        response=encoded.text,
        steps=[encoded.text[start:end] for start, end in encoded.spans],
        num_tokens=encoded.num_tokens,
        not_scored=repeated_length(opening_at_end(encoded.shown), encoded.text),
        scores=scores,
        step_scores=step_scores,
        notes=[*notes, *other],
    )


def unscored_row(example: Example, status: str, spec: str, refusal: str | None) -> Shown:
    """What is known of a row that cannot be scored.

    Args:
        example: prompt and response.
        status: why it cannot be scored.
        spec: student and settings.
        refusal: why the row was refused, if the status does not say it all.
    """
    prompt = example.prompt
    if isinstance(prompt, list):
        prompt = "\n".join(_told_message(message) for message in prompt)
    return Shown(status, spec, notes=[refusal] if refusal else [], held=(prompt, example.response))


def _told_message(message: Mapping[str, Any]) -> str:
    parts = {key: value for key, value in message.items() if key != "role" and value is not None}
    text = parts.pop("content", "")
    further = [json.dumps({key: value}, ensure_ascii=False) for key, value in parts.items()]
    return " ".join(filter(None, [f"{message['role']}:", str(text), *further]))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"


def _scores_of(
    row: Mapping[str, Any], spec: str, criterion: str, suffix: str, keys: Mapping[str, str | None]
) -> tuple[dict[str, float], list[float | None] | None, list[str]]:
    """The score and step scores in a row, or why they are not shown: other settings or another text."""
    score, written = row.get(criterion + suffix), row.get(f"{criterion}_spec{suffix}")
    if score is None or written is None:
        return {}, None, []
    if not may_be_compared(written, spec):
        difference = spec_difference(written, spec)
        why = (
            f"The row holds a score that was computed with other settings, so it is not shown: {difference}."
        )
        return {}, None, [why]
    for name, key in keys.items():
        if row.get(name + suffix) not in (None, key):
            what = name.removesuffix("_key")
            why = f"The row holds a score of another {what}, as `{name}{suffix}` shows, so it is not shown."
            return {}, None, [why]
    return {criterion + suffix: score}, row.get(f"step_scores{suffix}"), []


def _heading(text: str) -> str:
    return f"--- {text} " + "-" * max(3, 76 - len(text))


def _in_nats(score: float | None) -> str:
    return f"{'' if score is None else f'{score:.4f}':>9}"


def _visible(text: str, indent: int = 0) -> str:
    """Text with its line breaks marked, so that those at the end are visible.

    >>> print(_visible("5.\\nSo it is.\\n", indent=2))
    5.⏎
      So it is.⏎
    """
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines[-2:] = [lines[-2] + "⏎"]
    return ("⏎\n" + " " * indent).join(lines)
