"""How much of a gap a trait of the answers explains, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from local_naturalness.counted import counted
from local_naturalness.listed import listed
from local_naturalness.tables.text import two_digits

_WORDS = {
    "length": "length (tokens, steps, tokens per step)",
    "repetition": "repetition (tokens in repeated steps)",
    "correctness": "correctness (correct answers)",
}
# What a large part means, for the traits that make a ranking doubtful.
WARNED_OF = {
    "length": "The criterion may be measuring length.",
    "repetition": "Repeated text is likely, whatever it teaches.",
}


@dataclass(frozen=True)
class ExplainedGap:
    """How much of the gap between the first and the last teacher is explained by a trait of their answers.

    Args:
        trait: `"length"`, `"repetition"` or `"correctness"`.
        first: The teacher ranked first.
        last: The teacher ranked last.
        gap: The gap between them, in the criterion's units; positive.
        part: The part of the gap that the trait explains; negative if the trait makes the gap smaller. NaN
            if it cannot be estimated.
        low: Lower end of the part's 95 % interval.
        high: Upper end.
        unit: Unit of these four numbers, such as `"nats"`; empty if it is not known.
        num_prompts: Number of prompts that the estimate is based on.
        is_separable: Whether the trait can be told from the teacher. It cannot if the two teachers differ in
            it in the same way at every prompt, for example because each always writes the same length.
        is_told: Whether the estimate is precise enough to be printed. It is not if the trait cannot be told
            from the teacher, if the interval contains 0 and is wider than the gap, or if there are fewer
            than ten prompts.
        is_doubt: Whether this is a reason to doubt the ranking.
    """

    trait: str
    first: str
    last: str
    gap: float
    part: float
    low: float
    high: float
    unit: str
    num_prompts: int
    is_separable: bool
    is_told: bool
    is_doubt: bool

    def __str__(self) -> str:
        return _sentence([self])

    @property
    def _gap_in_words(self) -> str:
        with_unit = f" {self.unit}" if self.unit else ""
        return f"the gap of {two_digits(self.gap)}{with_unit} between {self.first} and {self.last}"

    @property
    def _needs_prompts(self) -> bool:
        """Of an estimate that is not told: whether more prompts could help."""
        return self.is_separable or self.num_prompts == 1


def explained_sentences(explained: Sequence[ExplainedGap]) -> list[str]:
    """What is said of the traits of a group, without the warnings.

    Traits of which nothing is known, for the same reason and about the same gap, share a sentence.
    """
    alike: dict[object, list[ExplainedGap]] = {}
    for place, line in enumerate(explained):
        if not line.is_doubt:
            key = place if line.is_told else (line._needs_prompts, line._gap_in_words)
            alike.setdefault(key, []).append(line)
    return [_sentence(lines) for lines in alike.values()]


def _sentence(lines: Sequence[ExplainedGap]) -> str:
    first, *others = lines
    gap = first._gap_in_words
    traits = [_WORDS[line.trait] for line in lines]
    if first.is_told:
        part, low, high = (
            f"{round(100 * share / first.gap):d}%" for share in (first.part, first.low, first.high)
        )
        line = f"{_begun(traits)} explains {part} of {gap} (95% interval: {low} to {high})."
        return f"{line} {WARNED_OF[first.trait]}" if first.is_doubt else line
    if first._needs_prompts:
        numbers = sorted({line.num_prompts for line in lines})
        prompts = f"{f'{numbers[0]:,} to ' if len(numbers) > 1 else ''}{counted(numbers[-1], 'prompt')}"
        by = listed([traits[0], *(f"by {trait}" for trait in traits[1:])], "or")
        return f"{prompts} cannot show how much of {gap} is explained by {by}."
    them = "them" if others else "it"
    return (
        f"{_begun(traits)} may explain all or nothing of {gap}. The two differ in {them} in the same way at "
        f"every prompt, so the data cannot separate {them} from the teacher."
    )


def _begun(traits: Sequence[str]) -> str:
    """Traits as the beginning of a sentence."""
    words = listed(traits)
    return words[0].upper() + words[1:]
