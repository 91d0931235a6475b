"""`LocalNaturalness`: local naturalness as a metric of `evaluate`."""

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import evaluate
from datasets import Features, Value

from local_naturalness.encoding.prompt_template import PromptTemplate
from local_naturalness.metric.inputs import decoded, encoded_inputs
from local_naturalness.metric.students import chosen_student
from local_naturalness.scorers import LocalScorer
from local_naturalness.student import Student

_DESCRIPTION = (
    "Mean over reasoning steps of a student's log-probability of the step, in nats per token, given only the "
    "prompt and a few steps before it. At most 0, higher is more natural to the student."
)
_INPUTS = """
Inputs: predictions (responses, texts), one for one with prompts or, by another name, references
(texts or lists of messages with role and content). None is allowed and is not scored.
"""
_CITATION = """\
@article{just2025distilling,
  title={Distilling Reasoning into Student LLMs: Local Naturalness for Selecting Teacher Data},
  author={Just, Hoang Anh and Ko, Myeongseob and Jia, Ruoxi},
  journal={arXiv preprint arXiv:2510.03988},
  year={2025}
}"""

# Enough windows for full batches of the engine, few enough to hold only some rows as tokens.
_ROWS_AT_ONCE = 64

_ROW_RESULTS = ("local_naturalness", "local_naturalness_status", "num_steps", "num_tokens")


class LocalNaturalness(evaluate.Metric):  # type: ignore[misc] # evaluate has no types
    """Local naturalness as a metric of `evaluate`: how natural a student finds each step of each response.

    `LocalNaturalness()` is the same as `evaluate.load(local_naturalness.metric.metric_path())`. The scores
    are those of `LocalScorer`. To score a dataset, use the scorer: its scores become columns, are cached, and
    record their settings.

    Example:

    ```python
    >>> from local_naturalness import LocalNaturalness
    >>> from local_naturalness.embedded import student_path
    >>> metric = LocalNaturalness()
    >>> results = metric.compute(
    ...     predictions=["Adding 2 and 3 gives 5. The answer is 5.", None],
    ...     prompts=["What is 2 + 3?", "What is 3 + 4?"],
    ...     model_id=student_path(),
    ... )
    >>> results["local_naturalness_status"], results["num_steps"]
    (['ok', 'missing_response'], [2, 0])
    >>> results["mean_local_naturalness"] == results["local_naturalness"][0], results["local_naturalness"][1]
    (True, None)

    ```
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=Features({"predictions": Value("string"), "prompts": Value("string")}),  # type: ignore[arg-type] # a dict; its `*args` are not annotated
            reference_urls=["https://arxiv.org/abs/2510.03988"],
        )

    def compute(
        self,
        *,
        predictions: Iterable[str | None] | None = None,
        prompts: Iterable[Any] | None = None,
        references: Iterable[Any] | None = None,
        model_id: str | None = None,
        student: Student | None = None,
        tokenizer: Any = None,
        revision: str | None = None,
        device: Any = None,
        dtype: Any = "auto",
        trust_remote_code: bool = False,
        splitter: Any = "sentence",
        window: int | float | None = 4,
        stride: int = 1,
        max_steps: int | None = None,
        weighting: Literal["step", "token"] = "step",
        include_prompt: bool = True,
        seed: int = 0,
        prompt_template: PromptTemplate | None = None,
        chat_template_kwargs: Mapping[str, Any] | None = None,
        max_tokens_per_batch: int | None = None,
    ) -> dict[str, Any] | None:
        """Score predictions given now and those added before.

        Args:
            predictions (list of `str`):
                Responses.
            prompts (list of `str` or of lists of messages):
                The prompt of each response. `references` is another name for this argument.
            model_id (`str`):
                Hub id or folder of the student. It is loaded at the first call and kept until the process
                ends. If the weights in a folder change, they are loaded again.
            student (`Student`):
                A student, instead of `model_id`. It is only kept as long as you keep it.
            tokenizer, revision, device, dtype, trust_remote_code:
                Passed on to `Student`, with `model_id` only.
            splitter, window, stride, max_steps, weighting, include_prompt, seed, prompt_template, \
chat_template_kwargs, max_tokens_per_batch:
                As for `LocalScorer`.

        Returns:
            A `dict` of `mean_local_naturalness` (`float`, over scored rows; NaN if there are none) and, in
            the order of the predictions, `local_naturalness` (`float` or `None`),
            `local_naturalness_status` (`str`), `num_steps` and `num_tokens` (`int`, 0 if not scored).
            With `num_process` of `evaluate`, it is `None` on all processes but the first.

        Raises:
            ValueError: inputs are missing or differ in length, or a setting is out of range.
            TypeError: an input is not a list of texts (or, for `prompts`, of conversations).
            OSError: the student cannot be loaded. Predictions added before are kept.
        """
        loading = {
            "tokenizer": tokenizer,
            "revision": revision,
            "device": device,
            "dtype": dtype,
            "trust_remote_code": trust_remote_code,
        }
        scorer = LocalScorer(
            chosen_student(model_id, student, loading),
            splitter=splitter,
            window=window,
            stride=stride,
            max_steps=max_steps,
            weighting=weighting,
            include_prompt=include_prompt,
            seed=seed,
            prompt_template=prompt_template,
            chat_template_kwargs=chat_template_kwargs,
            max_tokens_per_batch=max_tokens_per_batch,
        )
        if self.process_id == 0:
            # Before evaluate closes its file: from then on a failure would lose what was added.
            scorer.student.model()
        if self.writer is None or any(given is not None for given in (predictions, prompts, references)):
            self.add_batch(predictions=predictions, prompts=prompts, references=references)
        return super().compute(scorer=scorer)

    def add_batch(
        self,
        *,
        predictions: Iterable[str | None] | None = None,
        prompts: Iterable[Any] | None = None,
        references: Iterable[Any] | None = None,
    ) -> None:
        """Keep predictions with their prompts (or, by another name, references) for `compute`."""
        super().add_batch(**encoded_inputs(predictions, prompts, references))

    def add(self, *, prediction: str | None = None, prompt: Any = None, reference: Any = None) -> None:
        """Keep one prediction with its prompt (or, by another name, reference) for `compute`."""
        if prompt is None and reference is not None:
            self.add_batch(predictions=[prediction], references=[reference])
        else:
            self.add_batch(predictions=[prediction], prompts=[prompt])

    def _compute(self, predictions: list[str], prompts: list[str], scorer: LocalScorer) -> dict[str, Any]:
        results: dict[str, list[Any]] = {name: [] for name in _ROW_RESULTS}
        for start in range(0, len(predictions), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            scored = scorer({"prompt": decoded(prompts[rows]), "response": decoded(predictions[rows])})
            for name, values in results.items():
                values += scored[name]
        scores = [score for score in results["local_naturalness"] if score is not None]
        return {"mean_local_naturalness": statistics.fmean(scores) if scores else math.nan, **results}
