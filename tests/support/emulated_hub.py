"""The emulated Hub, wired into the real clients for the length of one test."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import datasets
import pytest
from emulator import TOKEN, HubEmulator
from huggingface_hub import constants
from huggingface_hub.utils import _http

from local_naturalness.hub import retry

# The client's own upload passes its file in a way that its HTTP library deprecates.
IGNORED_WARNING = "ignore:Use 'content=:DeprecationWarning"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that our retries and the client's own would have waited, in order."""
    waited: list[float] = []
    monkeypatch.setattr(retry, "sleep", waited.append)
    without_sleep = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
    monkeypatch.setattr(_http, "time", without_sleep)
    return waited


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, waits: list[float]) -> Iterator[HubEmulator]:
    """An empty Hub that `huggingface_hub` and `datasets` talk to; the user `me` is logged in.

    The endpoint is a constant of both libraries, read when it is used. Replacing it for one test
    leaves other tests of the process alone, whatever they set (offline mode, caches, a login).
    """
    with HubEmulator() as emulator:
        files = "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in {
            "ENDPOINT": emulator.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": emulator.url + files,
            "HF_HUB_CACHE": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
        }.items():
            monkeypatch.setattr(constants, name, value)
        for name, value in {
            "HF_ENDPOINT": emulator.url,
            "HF_HUB_OFFLINE": False,
            "HF_DATASETS_CACHE": tmp_path / "datasets",
            "HF_UPDATE_DOWNLOAD_COUNTS": False,
        }.items():
            monkeypatch.setattr(datasets.config, name, value)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield emulator
    # The client's telemetry works without an answer.
    unanswered = [call for call in emulator.unanswered if "/api/agent-harnesses" not in call]
    assert not unanswered, f"the emulated Hub could not answer: {unanswered}"
