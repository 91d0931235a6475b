"""`push_selection`: publish a selection on the Hub, ready for training, with a card that explains it."""

from collections.abc import Mapping
from typing import Any

from datasets import Dataset, DatasetDict, NamedSplit
from huggingface_hub import DatasetCard
from huggingface_hub.utils import validate_repo_id

from local_naturalness.counted import counted
from local_naturalness.hub.card import new_card, updated_card
from local_naturalness.hub.provenance import Provenance, gather
from local_naturalness.hub.repository import Repository
from local_naturalness.hub.snippet import training_snippet
from local_naturalness.training import Form
from local_naturalness.training import export as exported


def push_selection(
    dataset: Dataset | DatasetDict,
    repo_id: str,
    *,
    private: bool | None = None,
    export: Form = "prompt-completion",
    student: Any = None,
    licence: str | None = None,
    source_datasets: str | list[str] | None = None,
    token: str | None = None,
    prompt_column: str | None = None,
    response_column: str = "response",
    teacher_column: str | None = None,
    dry_run: bool = False,
) -> str:
    """Push a selection to a dataset repository on the Hub: the data first, then its card.

    Pushing the same selection again changes nothing. Pushing another one to the same repository
    replaces the data and the part of the card that describes them. The rest of the card, written by
    people, stays. Conflicts, rate limits, server errors, lost connections and requests without an
    answer are retried a few times. Before a commit is repeated, the history of the repository is searched
    for it.

    Args:
        dataset: The result of `select_responses`. A `DatasetDict` becomes the whole repository. A `Dataset`
            becomes one split (`dataset.split`, or "train"), and other splits of the repository stay.
        repo_id: `namespace/name`, or `name` in your own namespace. Created if it does not exist.
        private: Visibility of the repository if it is created; `None` follows the namespace.
        export: The layout for trainers. `"prompt-completion"` writes `prompt` and `completion`, `"messages"`
            writes conversations, `"trl"` writes rows that TRL's `SFTTrainer` trains on exactly as they were
            scored, and `None` leaves prompt and response unchanged. Other columns are kept. See
            `selection.export`.
        student: The student that the rows were scored for, as for `selection.export`; `None` looks in the
            Hub's cache.
        licence: Identifier for the card, such as "apache-2.0"; `None` keeps that of the card.
        source_datasets: Hub ids of the datasets that prompts and responses come from. They are added to
            those that the card names.
        token: `None` uses the stored login.
        prompt_column: The column of texts or messages that trainers use as the prompt. `None` is the column
            that was scored.
            The column that the selection was grouped by is never used, because it may hold ids.
        response_column: The column of the texts that become completions.
        teacher_column: `None` is the column that the selection was made with, or `teacher`.
        dry_run: Send nothing, and return what would be published: the files with their columns, and the card
            for a new repository. In an existing card, what people wrote stays.

    Returns:
        The url of the commit that completes the push, or the text of the dry run.

    Raises:
        TypeError: `dataset` is neither a Dataset nor a DatasetDict, or a column has the wrong type.
        ValueError: The selection is empty, mixes rankings, or lacks a column; a row cannot be
            trained on; the Hub does not accept the content; the existing card cannot be read.
        PermissionError: The Hub refuses the login or the repository.
        ConnectionError: The Hub kept failing, or another push replaced the data; the push can be repeated.

    Example:

    ```python
    from local_naturalness import push_selection, select_responses

    best = select_responses(scored, by="local_naturalness", k=1)
    push_selection(best, "me/curated", licence="apache-2.0", source_datasets="GAIR/LIMO")
    ```
    """
    splits = _splits(dataset)
    _check_names(repo_id, splits)
    provenance = gather(splits, prompt_column or "prompt", teacher_column)
    columns: dict[str, Any] = {"prompt_column": prompt_column, "response_column": response_column}
    ready = exported(DatasetDict(splits), export, student=student, **columns)
    told: dict[str, Any] = {"export": export, "licence": licence, "source_datasets": source_datasets}
    if dry_run:
        return _preview(ready, _with_provenance(new_card(), provenance, repo_id, splits, **told))
    repository = Repository(repo_id, private=private, token=token)

    def with_provenance(card: DatasetCard) -> str:
        return _with_provenance(card, provenance, repository.repo_id, splits, **told)

    repository.check_card(with_provenance)
    repository.push_data(ready, keep_other_splits=isinstance(dataset, Dataset))
    return repository.update_card(with_provenance)


def _preview(ready: DatasetDict, card: str) -> str:
    """What would be published: the files with their columns, and the card."""
    files = [
        f"data/{split}-*.parquet: {counted(len(rows), 'row')} with the columns {', '.join(rows.column_names)}"
        for split, rows in ready.items()
    ]
    return "\n".join([*files, "", "README.md:", "", card])


def _with_provenance(
    card: DatasetCard,
    provenance: Provenance,
    repo_id: str,
    splits: Mapping[str, Dataset],
    export: Form,
    licence: str | None,
    source_datasets: str | list[str] | None,
) -> str:
    return updated_card(
        card,
        provenance,
        repo_id=repo_id,
        snippet=training_snippet(repo_id, next(iter(splits)), export, provenance.students),
        licence=licence,
        source_datasets=[source_datasets] if isinstance(source_datasets, str) else source_datasets or [],
    )


def _check_names(repo_id: str, splits: Mapping[str, Dataset]) -> None:
    """Check what a dry run would not find, and what the Hub takes although nobody can load it.

    Raises:
        ValueError: the Hub or `datasets` does not allow a name.
    """
    validate_repo_id(repo_id)
    for split in splits:
        NamedSplit(split)
        if split == "all":
            raise ValueError(
                "`datasets` reads the split name 'all' as all splits together, so the split could not be "
                "loaded: rename it."
            )


def _splits(dataset: Dataset | DatasetDict) -> dict[str, Dataset]:
    if isinstance(dataset, Dataset):
        return {str(dataset.split or "train"): dataset}
    if isinstance(dataset, DatasetDict) and dataset:
        return dict(dataset)
    raise TypeError(
        f"`dataset` must be a Dataset or a DatasetDict with splits, got {type(dataset).__name__}. "
        "A stream can be read first: load the candidates without `streaming=True` and select again."
    )
