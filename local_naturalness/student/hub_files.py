"""Reads from the Hub before a student is loaded: its commit, and small files."""

from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import get_session, httpx
from transformers.utils.hub import cached_file, extract_commit_hash

_SECONDS = 10


def hub_commit(repo_id: str, file: str, revision: str | None) -> str | None:
    """The current commit of a revision, from the Hub or, offline, from the local cache.

    Args:
        repo_id: a hub id such as `org/name`.
        file: name of a file that the repository has.
        revision: branch, tag or commit. `None` is the default branch.
    """
    return extract_commit_hash(cached_file(repo_id, file, revision=revision), None)


def hub_file(repo_id: str, file: str, revision: str | None) -> Path | None:
    """Download a small file of a repository and return its path. `None` if there is no such file."""
    found = cached_file(
        repo_id,
        file,
        revision=revision,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if found is None else Path(found)


def require_copy_or_hub(model_id: str) -> None:
    """Check that a model has been downloaded before, or that the Hub answers.

    The Hub is asked once here, because its client would retry for half a minute.

    Raises:
        ConnectionError: neither is the case. The message has the reason.
    """
    folder = repo_folder_name(repo_id=model_id, repo_type="model")
    if (Path(constants.HF_HUB_CACHE) / folder / "snapshots").is_dir():
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except httpx.TransportError as error:
        raise ConnectionError(f"{constants.ENDPOINT} does not answer: {error}") from error
