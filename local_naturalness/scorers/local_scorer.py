"""Local naturalness of responses, for `dataset.map`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import xxhash

from local_naturalness.encoding.example_encoder import EncodedExample
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.prompt_encoder import PromptEncoder
from local_naturalness.engine.windows import WindowPlan, plan_windows
from local_naturalness.scorers.aggregation import (
    step_means,
    weighted_mean,
)
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.presets import preset_settings
from local_naturalness.scorers.scorer import Scorer
from local_naturalness.scorers.written_columns import Scores

_INT, _FLOAT = pa.int32(), pa.float64()


@dataclass(kw_only=True, eq=False, repr=False)
class LocalScorer(Scorer):
    """Score responses by local naturalness: each step given the prompt and a few steps before it.

    `1/P sum_i 1/|S_i| sum_{t in S_i} log p(t | x, S_{i-k}..S_{i-1}, earlier tokens of S_i)`, in nats, higher
    is more natural (arXiv 2510.03988). `GlobalScorer` differs in what a step can see and in how steps are
    weighted. Its statistic `"steps"` separates the two effects.

    Args:
        student (`str`, `PreTrainedModel` or `Student`):
            The model that you are going to train: anything that `Student` takes.
        tokenizer, device, dtype:
            Passed on to `Student`.
        splitter (`str`, `re.Pattern` or callable, *optional*, defaults to `"sentence"`):
            How responses are split into steps, see `split_steps`. With `messages_column`, it can also be
            `"turn"`: all assistant turns are the response, and each is a step. The turns between them are
            context and never scored.
        prompt_column, response_column (`str`):
            Columns of prompts (texts or lists of messages) and responses (texts).
        messages_column (`str`, *optional*):
            Column of conversations instead of the two above. The last assistant turn is the response, as
            the chat template writes it, with its reasoning and tool calls. Everything before it is the
            prompt.
        steps_column (`str`, *optional*):
            Column of lists of texts, for responses that are already split. Only whitespace may be missing
            between the steps.
        suffix (`str`):
            Appended to the name of every column written, so that a dataset can hold scores of several
            settings.
        max_tokens_per_batch (`int`, *optional*):
            Tokens per forward pass, including padding. `None` chooses a number for the device and the free
            memory. Only changes the last digits of scores.
        prompt_template (`str` or callable, *optional*):
            Format string with the field `{prompt}`, or an importable function `prompt -> str`, instead of
            the tokenizer's chat template. Nothing is added to what it returns.
        chat_template_kwargs (`dict`, *optional*):
            Variables of the tokenizer's chat template, such as `{"enable_thinking": True}`.
        store (`str` or path, *optional*):
            Folder that keeps finished scores, also after a crash. Scores that it has are reused, and the
            others are computed and added. Rows with equal content are scored once. Several processes may
            share the folder. Does not change scores.
        window (`int`, `float` or `None`, *optional*, defaults to `4`):
            Number of preceding steps that each step is conditioned on, besides the prompt. A float in (0, 1)
            is that share of the steps before it, rounded up. `None` is all of them.
        stride (`int`, *optional*, defaults to `1`):
            Windows advance by this many steps and score as many at once. A step then sees `window` to
            `window + stride - 1` steps. Faster, but not exact.
        max_steps (`int`, *optional*):
            If a response has more steps, score a random sample of this many and estimate the mean. Adds the
            column `local_naturalness_stderr`. The sample depends on `seed` and on the row's content.
        weighting (`str`, *optional*, defaults to `"step"`):
            `"step"`: every step has the same weight. `"token"`: every token has the same weight.
        include_prompt (`bool`, *optional*, defaults to `True`):
            `False` scores each step given its window only. Instead of the prompt, windows begin with the
            beginning-of-sequence token (or the end-of-sequence token, if there is none).
        return_steps (`bool`, *optional*, defaults to `False`):
            Add `step_scores` (mean nats per token of each step, null for steps outside the sample) and
            `step_spans` (`[start, end)` characters of each step).
        seed (`int`, *optional*, defaults to `0`):
            Seed of `max_steps`.

    Columns written: `local_naturalness` (float64, nats), `local_naturalness_status`,
    `local_naturalness_spec` (string), `num_steps`, `num_tokens` (int32), `repeated_step_share`
    (float64: share of tokens in steps that repeat an earlier one), `prompt_key` (string: digest of the
    prompt, by which rankings and selections group rows), `response_key` (string: digest of the response that
    was scored, by which an export recognises responses that were changed later).

    The chat template shows the column `tools` to the student, as in training. Templates that print today's
    date print a fixed one. [What exactly is scored?](what-is-scored.md) has all the rules, and `show(row)`
    prints the text of a row.

    Raises:
        ValueError: a needed column is missing, or the dataset already has scores with other settings.
        TypeError: a column does not hold texts.

    Example:

    ```python
    >>> from local_naturalness import LocalScorer
    >>> from local_naturalness.embedded import student_path
    >>> scorer = LocalScorer(student_path())
    >>> row = scorer({"prompt": "What is 2 + 3?", "response": "Adding 2 and 3 gives 5. The answer is 5."})
    >>> row["local_naturalness_status"], row["num_steps"], row["local_naturalness"] < 0
    ('ok', 2, True)
    >>> from datasets import Dataset
    >>> ds = Dataset.from_dict({"prompt": ["What is 2 + 3?"], "response": ["5."]})
    >>> ds.map(scorer, batched=True).column_names
    ['prompt', 'response', 'local_naturalness', 'num_steps', 'num_tokens', 'repeated_step_share', \
'local_naturalness_status', 'local_naturalness_spec', 'prompt_key', 'response_key']

    ```
    """

    criterion: ClassVar[str] = "local_naturalness"
    sibling: ClassVar[str] = "global_naturalness"

    window: int | float | None = 4
    stride: int = 1
    max_steps: int | None = None
    weighting: Literal["step", "token"] = "step"
    include_prompt: bool = True
    return_steps: bool = False
    seed: int = 0

    @classmethod
    def preset(cls, name: str, student: Any, **settings: Any) -> "LocalScorer":
        """A scorer with the settings that a paper uses for local naturalness.

        Some published scripts count a response or step that cannot be scored as 0, the best possible value.
        Here, it has no score, and its status says why.

        Args:
            name (`str`):
                `"v1"` (arXiv 2510.03988v1: sentences, `window=4`), `"v2"` (its second version: steps from
                `steps_column`, `window=0.25`), `"lark-baseline"` (arXiv 2605.30651: blank lines, else lines,
                `window=4`) or `"rsr-baseline"` (arXiv 2601.14249: as v1, weighted by tokens).
            student:
                As for `LocalScorer`.
            settings:
                Other arguments of `LocalScorer`.

        Raises:
            ValueError: the preset is unknown, or an argument contradicts it.

        Example:

        ```python
        >>> from local_naturalness import LocalScorer
        >>> from local_naturalness.embedded import student_path
        >>> scorer = LocalScorer.preset("rsr-baseline", student_path(), suffix="_rsr")
        >>> scorer.window, scorer.weighting
        (4, 'token')

        ```
        """
        return cls(student, **preset_settings(name, settings))

    def __post_init__(self, tokenizer: Any, device: Any, dtype: Any) -> None:
        _check_local_settings(self.window, self.stride, self.max_steps, self.weighting)
        super().__post_init__(tokenizer, device, dtype)

    @property
    def types(self) -> dict[str, pa.DataType]:
        types = {
            "local_naturalness": _FLOAT,
            "num_steps": _INT,
            "num_tokens": _INT,
            "repeated_step_share": _FLOAT,
        }
        if self.max_steps is not None:
            types["local_naturalness_stderr"] = _FLOAT
        if self.return_steps:
            types["step_scores"] = pa.list_(_FLOAT)
            types["step_spans"] = pa.list_(pa.list_(_INT))
        return types

    def _prompt_encoder(self) -> PromptEncoder:
        return PromptEncoder(
            self.student.tokenizer, self.prompt_template, self.include_prompt, self.chat_template_kwargs
        )

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"scorer": "local", "window": self.window}
        if self.stride != 1:
            settings["stride"] = self.stride
        if self.max_steps is not None:
            settings |= {"max_steps": self.max_steps, "seed": self.seed}
        if self.weighting != "step":
            settings["weighting"] = self.weighting
        settings["splitter"] = self._splitter_setting()
        if not self.include_prompt:
            settings["include_prompt"] = False
        return settings | super()._settings()

    def _plan(self, row: EncodedExample, room: int, example: Example) -> WindowPlan | str:
        if self.window is None and len(row.response) > room:
            return "too_long_for_global"
        chosen = self._sample(len(row.steps), example)
        return plan_windows(row.steps, room, self.window, self.stride, chosen, row.begins)

    def _sample(self, num_steps: int, example: Example) -> list[int]:
        """Indices of the steps to score. They depend on the content of the row, not on its place."""
        if self.max_steps is None or self.max_steps >= num_steps:
            return list(range(num_steps))
        # Keys are sorted, because Arrow and JSON Lines may store the keys of a message in different orders.
        content = json.dumps([self.seed, example.prompt, example.response], default=str, sort_keys=True)
        generator = np.random.default_rng(xxhash.xxh3_64_intdigest(content.encode()))
        return sorted(generator.choice(num_steps, self.max_steps, replace=False).tolist())

    def _columns(self, row: PlannedRow, tokens: Mapping[str, np.ndarray]) -> Scores:
        steps = row.encoded.owned_steps
        chosen = self._sample(len(steps), row.example)
        means = step_means(tokens["log_prob"], [steps[index] for index in chosen])
        lengths = np.array([steps[index][1] - steps[index][0] for index in chosen])
        score, stderr = weighted_mean(means, lengths, self.weighting, len(steps))
        step_scores = dict(zip(chosen, means.tolist(), strict=True))
        return {
            "status": row.plan.status,
            "local_naturalness": score,
            "local_naturalness_stderr": stderr,
            "num_steps": len(steps),
            "num_tokens": row.encoded.num_tokens,
            "repeated_step_share": row.repeated_step_share,
            "step_scores": [step_scores.get(index) for index in range(len(steps))],
            "step_spans": [list(span) for span in row.encoded.spans],
        }


def _check_local_settings(window: Any, stride: Any, max_steps: Any, weighting: Any) -> None:
    is_count = isinstance(window, int) and not isinstance(window, bool) and window >= 0
    is_share = isinstance(window, float) and 0 < window < 1
    if not (window is None or is_count or is_share):
        raise ValueError(
            "`window` must be a number of steps (0, 1, 2, ...), a share of the steps before as a float "
            f"between 0 and 1, or None for all of them; found {window!r}."
        )
    if not isinstance(stride, int) or stride < 1:
        raise ValueError(f"`stride` must be at least 1, found {stride!r}.")
    if stride > 1 and not is_count:
        raise ValueError(
            f"`stride` slides windows of a number of steps, found window={window!r}. Pass `window` as an "
            "integer or leave `stride` at 1."
        )
    if max_steps is not None and (not isinstance(max_steps, int) or max_steps < 1):
        raise ValueError(f"`max_steps` must be at least 1 or None for all steps, found {max_steps!r}.")
    if weighting not in ("step", "token"):
        raise ValueError(f"`weighting` must be 'step' or 'token', found {weighting!r}.")
