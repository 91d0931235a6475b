"""Whether the Hub can be reached, asked once: its client would ask again and again for half a minute."""

from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils import get_session, httpx

_SECONDS = 10


def require_copy_or_hub(model_id: str) -> None:
    """Raise unless a model has been downloaded before or the Hub answers.

    Raises:
        ConnectionError: neither; with the reason.
    """
    folder = repo_folder_name(repo_id=model_id, repo_type="model")
    if (Path(constants.HF_HUB_CACHE) / folder / "snapshots").is_dir():
        return
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except httpx.TransportError as error:
        raise ConnectionError(f"{constants.ENDPOINT} does not answer: {error}") from error
