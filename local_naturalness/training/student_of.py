"""The student that rows were scored for: the one that the user names, or else the one in their specs."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from datasets import Dataset

from local_naturalness.criteria.known import spec_columns
from local_naturalness.hub_cache import cached_snapshots
from local_naturalness.spec import read_spec
from local_naturalness.training.student_text import StudentText

# Settings that decide which text is shown to the student.
_SHOWN = ("prompt_template", "chat_template_kwargs")


class Specs:
    """How the rows of a dataset were scored, according to their specs.

    Raises:
        ValueError: the rows were scored with several templates, so it is not clear which text was scored.
    """

    def __init__(self, datasets: Iterable[Dataset]):
        lines = sorted({line for dataset in datasets for line in _spec_lines(dataset)})
        self._specs = [read_spec(line) for line in lines]
        for setting in _SHOWN:
            found = {spec.get(setting) for spec in self._specs}
            if len(found) > 1:
                raise ValueError(
                    f"The rows were scored with different settings of `{setting}`, so it is not clear what "
                    "the student should be shown: remove the columns of the scores that you do not use."
                )

    @property
    def are_known(self) -> bool:
        """Whether the rows were scored."""
        return bool(self._specs)

    @property
    def student(self) -> str | None:
        """Name and commit of the student, if there is a single one."""
        names = {spec["student"] for spec in self._specs if "student" in spec}
        return names.pop() if len(names) == 1 else None

    @property
    def switches(self) -> dict[str, Any]:
        """Variables of the chat template."""
        return json.loads(next((spec[_SHOWN[1]] for spec in self._specs if _SHOWN[1] in spec), "{}"))

    @property
    def prompt_template(self) -> str | None:
        """The label of the template in the specs. It is not the template itself."""
        return next((spec[_SHOWN[0]] for spec in self._specs if _SHOWN[0] in spec), None)

    @property
    def by_turn(self) -> bool:
        """Whether all assistant turns of conversations were scored."""
        return any(spec.get("splitter", "").startswith("turn/") for spec in self._specs)

    def text(self, student: Any) -> StudentText | None:
        """The student's text. `None` if the student is not known, or its tokenizer is not available.

        Args:
            student: the user's argument: an id, a folder, a `Student`, or a scorer.

        Raises:
            ValueError: the rows were scored for another student.
        """
        template = getattr(student, "prompt_template", None)
        if self.prompt_template is not None and template is None:
            raise ValueError(
                f"The rows were scored with a `prompt_template` ({self.prompt_template}), which no trainer "
                "knows: pass the scorer as `student=` of `export`, so that prompts are written as they were "
                "shown."
            )
        if student is None:
            tokenizer = _tokenizer_at_hand(self.student)
            return None if tokenizer is None else StudentText(tokenizer, None, self.switches)
        if isinstance(student, str | Path):
            from local_naturalness.student import Student

            student = Student(str(student))
        switches = self.switches
        if hasattr(student, "spec"):
            self._refuse_other_settings(student.spec)
            switches, student = student.chat_template_kwargs, student.student
        if self.student is not None and student.label != self.student:
            raise ValueError(
                f"The rows were scored for the student {self.student}, and `student` is {student.label}: "
                "that student would be shown another text. Score the rows for the student that you train."
            )
        return StudentText(student.tokenizer, template, switches)

    def _refuse_other_settings(self, scorer: str) -> None:
        """Check that the given scorer shows the same prompts."""
        ours = read_spec(scorer)
        for setting in _SHOWN:
            if self._specs and self._specs[0].get(setting) != ours.get(setting):
                raise ValueError(
                    f"The rows were scored with {setting}={self._specs[0].get(setting)}, and the scorer in "
                    f"`student` has {ours.get(setting)}: pass the one that scored them."
                )


def _spec_lines(dataset: Dataset) -> set[str]:
    values = (value for name in spec_columns(dataset.column_names) for value in dataset.unique(name))
    return {value for value in values if isinstance(value, str) and "student=" in value}


def _tokenizer_at_hand(label: str | None) -> Any:
    """The tokenizer of a student on the Hub at the scored commit, if scoring has left it in the cache."""
    name, _, commit = (label or "").rpartition("@")
    found = cached_snapshots(name, commit)
    if not commit or not found or not any(found[0].glob("tokenizer*")):
        return None
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(found[0])
