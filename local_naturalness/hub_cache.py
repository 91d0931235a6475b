"""Models in the local cache of the Hub. Nothing is downloaded."""

import glob
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.file_download import repo_folder_name


def cached_snapshots(model_id: str, commit: str) -> list[Path]:
    """The folders of the cached commits of a model that begin as given; empty if there are none."""
    try:
        folder = repo_folder_name(repo_id=model_id, repo_type="model")
    except HFValidationError:  # the name of a folder need not be an id
        return []
    # `scan_cache_dir` would look at every file of every model.
    snapshots = Path(constants.HF_HUB_CACHE) / folder / "snapshots"
    return sorted(snapshots.glob(f"{glob.escape(commit)}*"))
