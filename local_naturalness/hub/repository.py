"""A dataset repository on the Hub. No commit is lost, and none is made twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import datasets
from datasets import DatasetDict
from huggingface_hub import CommitOperationAdd, DatasetCard, HfApi
from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status
from yaml import YAMLError

from local_naturalness.hub.card import new_card
from local_naturalness.hub.retry import with_retries

_CARD_FILE = "README.md"
# Where `push_to_hub` of `datasets` writes. For a `DatasetDict` it removes everything else there.
_DATA_FOLDER = "data"


class Repository:
    """A dataset repository, created where it does not exist.

    Args:
        repo_id: `namespace/name`, or `name` in the user's own namespace.
        private: Visibility of a repository that is created now; `None` follows the namespace.
        token: `None` means the stored login.
    """

    def __init__(self, repo_id: str, *, private: bool | None, token: str | None):
        # `Dataset.push_to_hub` reads this endpoint: data and card have to reach the same Hub.
        self._api = HfApi(endpoint=datasets.config.HF_ENDPOINT, token=token)
        if "/" not in repo_id:
            user = with_retries(self._api.whoami, task="Looking up your user name on the Hub")
            repo_id = f"{user['name']}/{repo_id}"
        self.repo_id = repo_id
        self._splits: tuple[str, ...] = ()
        self._pushed: dict[str, str] = {}  # path -> digest, of the data of these splits
        with_retries(lambda: self._ensure(private), task=f"Opening the dataset repository {repo_id!r}")

    def check_card(self, update: Callable[[DatasetCard], str]) -> None:
        """Let the Hub check the card's front matter before anything is written.

        Raises:
            ValueError: The Hub would not accept it, with the Hub's reason.
        """
        task = f"Checking the card of {self.repo_id!r}"
        card = with_retries(lambda: self._card_at(self._head()), task=task)
        content = {"repoType": "dataset", "content": update(card)}

        def validate() -> None:
            # `DatasetCard.validate` asks huggingface.co in some versions, whatever Hub is in use.
            url = f"{self._api.endpoint}/api/validate-yaml"
            headers = build_hf_headers(token=self._api.token)
            hf_raise_for_status(get_session().post(url, json=content, headers=headers))

        with_retries(validate, task=task)

    def push_data(self, splits: DatasetDict, *, keep_other_splits: bool) -> None:
        """Commit the data of all splits, with the card's description of columns and files.

        Args:
            splits: Split name -> rows.
            keep_other_splits: Leave the repository's other splits, else replace the folder.
        """
        title = "Push selection"

        def commit(head: str, description: str) -> str:
            common: dict[str, Any] = {"commit_message": title, "commit_description": description}
            target: dict[str, Any] = {"repo_id": self.repo_id, "token": self._api.token}
            if not (keep_other_splits and self._has_others(head, set(map(str, splits)))):
                # Also for a single split: `Dataset.push_to_hub` would leave the types of columns in
                # the card as they were before.
                pushed = splits.push_to_hub(**target, **common)
                assert pushed is not None  # splits without rows have been refused
                return pushed.commit_url
            ((split, rows),) = splits.items()
            return rows.push_to_hub(split=str(split), **target, **common).commit_url

        task = f"Pushing the data to {self.repo_id!r}"
        url = self._commit_once(title, commit, task=task)
        self._splits = tuple(str(split) for split in splits)
        self._pushed = with_retries(lambda: self._data_at(url.rpartition("/")[2]), task=task)

    def update_card(self, update: Callable[[DatasetCard], str]) -> str:
        """Replace the card by `update(card)` if they differ, and return the url of the head.

        The card is read again for every attempt, so that an edit made meanwhile is not overwritten.

        Raises:
            ConnectionError: Another push has replaced the data since `push_data`.
        """
        title = "Update the card of the selection"

        def commit(head: str, description: str) -> str:
            if self._data_at(head) != self._pushed:
                raise ConnectionError(
                    f"Another push has replaced the data of {self.repo_id!r} before this one could write its "
                    "card. This card would describe other data, so it was not written. Push again if your "
                    "selection should replace the other one."
                )
            card = self._card_at(head)
            before = str(card)
            after = update(card)
            if after == before:
                return self._url(head)
            return self._api.create_commit(
                self.repo_id,
                [CommitOperationAdd(_CARD_FILE, after.encode())],
                commit_message=title,
                commit_description=description,
                repo_type="dataset",
                parent_commit=head,
            ).commit_url

        return self._commit_once(title, commit, task=f"Updating the card of {self.repo_id!r}")

    def _commit_once(self, title: str, commit: Callable[[str, str], str], *, task: str) -> str:
        """Call `commit(head, description)` with retries, unless an earlier attempt landed.

        A commit's reply can be lost after the commit took effect. Then the head has moved, and a
        commit since then carries this call's description.
        """
        description = f"Push {uuid4().hex}"
        base = None

        def attempt() -> str:
            nonlocal base
            head = self._head()
            base = base or head
            landed = None if head == base else self._landed(base, title, description)
            return self._url(landed) if landed else commit(head, description)

        return with_retries(attempt, task=task)

    def _landed(self, base: str, title: str, description: str) -> str | None:
        for commit in self._api.list_repo_commits(self.repo_id, repo_type="dataset"):
            if commit.commit_id == base:
                break
            # Large pushes come in parts, titled differently; only the last one completes the push.
            if commit.title == title and description in commit.message:
                return commit.commit_id
        return None

    def _ensure(self, private: bool | None) -> None:
        try:
            self._head()
        except RepositoryNotFoundError:
            self._api.create_repo(self.repo_id, private=private, repo_type="dataset")

    def _head(self) -> str:
        commit = self._api.repo_info(self.repo_id, repo_type="dataset").sha
        assert commit is not None  # left out only where other fields are asked for by name
        return commit

    def _card_at(self, revision: str) -> DatasetCard:
        """The card in a commit.

        Raises:
            ValueError: Its front matter is not YAML, or it is not UTF-8.
        """
        # Pinned to a commit: for a branch the client falls back on an old copy when the Hub fails.
        try:
            path = self._api.hf_hub_download(self.repo_id, _CARD_FILE, repo_type="dataset", revision=revision)
        except RemoteEntryNotFoundError:
            return new_card()
        try:
            return DatasetCard.load(Path(path))
        except (YAMLError, ValueError) as error:
            raise ValueError(
                f"The card {_CARD_FILE} of {self.repo_id!r} cannot be read ({_first_lines(error)}). It "
                "was not replaced, because what people wrote in it would be lost. Correct it on the Hub, "
                "then push again."
            ) from error

    def _data_at(self, revision: str) -> dict[str, str]:
        """Path -> digest of the files of the splits that were pushed."""
        ours = tuple(f"{_DATA_FOLDER}/{split}-" for split in self._splits)
        return {path: digest for path, digest in self._files_at(revision).items() if path.startswith(ours)}

    def _has_others(self, revision: str, splits: set[str]) -> bool:
        """Whether there are other splits in the card, or other files beside the data."""
        if _splits_of(self._card_at(revision)) - splits:
            return True
        ours = tuple(f"{_DATA_FOLDER}/{split}-" for split in splits)
        paths = [path for path in self._files_at(revision) if path.startswith(f"{_DATA_FOLDER}/")]
        return not all(path.startswith(ours) for path in paths)

    def _files_at(self, revision: str) -> dict[str, str]:
        """Path -> digest of all files."""
        tree = self._api.list_repo_tree(self.repo_id, recursive=True, repo_type="dataset", revision=revision)
        return {item.path: item.blob_id for item in tree if isinstance(item, RepoFile)}

    def _url(self, commit: str) -> str:
        return f"{self._api.endpoint}/datasets/{self.repo_id}/commit/{commit}"


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _splits_of(card: DatasetCard) -> set[str]:
    described = card.data.to_dict().get("dataset_info", [])
    configs = [described] if isinstance(described, dict) else described
    return {
        split["name"]
        for config in configs
        if config.get("config_name", "default") == "default"
        for split in config.get("splits", [])
    }
