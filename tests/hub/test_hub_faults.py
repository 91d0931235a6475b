"""Every request of a push fails once, in every way: nothing may be lost, nothing done twice."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset
from emulator import DROP_AFTER, DROP_BEFORE, HANG, PAGE, HubEmulator
from hub_state import Repo
from huggingface_hub import constants
from some_selections import make_selection

from local_naturalness.hub import push_selection, retry

# Every way in which a request may fail: survived, or ended with one sentence and nothing half done.
SURVIVED = [408, 409, 412, 429, 500, 503, 504, DROP_BEFORE, DROP_AFTER, HANG]
REFUSED = [400, 401, 403, 404, 413, 422, PAGE]
ALWAYS_CALLED = [
    "info",
    "tree",
    "validate-yaml",
    "preupload",
    "lfs-batch",
    "lfs-put",
    "commit",
    "resolve-head",
    "resolve-get",
]
COMMITS = ["Push selection", "Update the card of the selection"]
NOTE = "Read this first."


def titles(repo: Repo) -> list[str]:
    return [commit.title for commit in repo.commits]


def as_pushed(selection: Dataset) -> dict[str, list]:
    turns = {"prompt": ("prompt", "user"), "response": ("completion", "assistant")}
    rows = selection[:]
    for column, (name, role) in turns.items():
        rows[name] = [[{"role": role, "content": text}] for text in rows.pop(column)]
    return rows


def stored_rows(repo: Repo) -> dict[str, list]:
    files = sorted(repo.head.files.items())
    shards = [pq.read_table(io.BytesIO(data)) for path, data in files if path.endswith(".parquet")]
    return pa.concat_tables(shards).to_pydict()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """A Hub that does not answer is given up after less than a second, and not after minutes."""
    monkeypatch.setattr(retry, "SECONDS_WITHOUT_ANSWER", 0.7)
    for name in ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT"):
        monkeypatch.setattr(constants, name, 0.7)


def assert_is_pushed(repo: Repo, selection: Dataset) -> None:
    assert titles(repo) == ["initial commit", *COMMITS]
    assert sorted(repo.head.files) == ["README.md", "data/train-00000-of-00001.parquet"]
    assert stored_rows(repo) == as_pushed(selection)


def assert_is_one_sentence(error: Exception) -> None:
    sentence = str(error)
    assert "\n" not in sentence
    assert len(sentence) < 700
    assert "'me/faulty-" in sentence or "push the same selection again" in sentence.lower()


@pytest.mark.parametrize("fault", SURVIVED)
@pytest.mark.parametrize("endpoint", ["create", *ALWAYS_CALLED])
def test_a_first_push_survives_each_request_failing_once(hub, selection, endpoint, fault):
    push_selection(selection, "me/undisturbed")
    requests = hub.requests.count(endpoint)
    assert requests, f"a push never calls {endpoint}"

    for number in range(requests if fault in (503, DROP_AFTER) else 1):
        hub.blobs.clear()
        injected = hub.inject(endpoint, fault, skip=number)
        push_selection(selection, f"me/faulty-{number}")

        assert injected.times == 0
        assert_is_pushed(hub.repos[f"me/faulty-{number}"], selection)


@pytest.mark.parametrize("fault", REFUSED)
@pytest.mark.parametrize("endpoint", ["create", *ALWAYS_CALLED])
def test_a_first_push_survives_or_ends_with_one_sentence(hub, selection, endpoint, fault, record_property):
    injected = hub.inject(endpoint, fault)
    try:
        push_selection(selection, "me/faulty-0")
        record_property("survived", True)  # counted in docs/reliability.md
    except (PermissionError, ConnectionError, ValueError) as error:
        assert_is_one_sentence(error)
        repo = hub.repos.get("me/faulty-0")
        assert repo is None or titles(repo) in (["initial commit"], ["initial commit", COMMITS[0]])
    assert injected.times == 0

    push_selection(selection, "me/faulty-0")
    assert_is_pushed(hub.repos["me/faulty-0"], selection)


def prepare_edited_repo(hub: HubEmulator, repo_id: str) -> Repo:
    """An older state of the data, in shards, and a card that somebody edited."""
    push_selection(make_selection(3), repo_id)
    repo = hub.repos[repo_id]
    shards = {f"data/train-0000{i}-of-00002.parquet": b"an older shard" for i in range(2)}
    card = repo.head.files["README.md"].decode().replace("\n# ", f"\n{NOTE}\n\n# ", 1)
    repo.commit("By hand", "", shards | {"README.md": card.encode()})
    return repo


@pytest.mark.parametrize("fault", [503, DROP_AFTER])
@pytest.mark.parametrize("endpoint", ALWAYS_CALLED)
def test_a_second_push_survives_each_request_failing_once(hub, selection, endpoint, fault):
    prepare_edited_repo(hub, "me/undisturbed")
    hub.requests.clear()
    push_selection(selection, "me/undisturbed")

    for number in range(hub.requests.count(endpoint)):
        repo = prepare_edited_repo(hub, f"me/faulty-{number}")
        before = titles(repo)
        hub.blobs.clear()
        injected = hub.inject(endpoint, fault, skip=number)
        push_selection(selection, f"me/faulty-{number}")

        assert injected.times == 0
        assert titles(repo) == [*before, *COMMITS]
        assert sorted(repo.head.files) == ["README.md", "data/train-00000-of-00001.parquet"]
        assert stored_rows(repo) == as_pushed(selection)
        card = repo.head.files["README.md"].decode()
        assert card.count(NOTE) == 1
        assert card.count("## How these responses were chosen") == 1
        assert "18 responses to 6 prompts" in card


@pytest.mark.parametrize("which", [0, 1])
def test_a_commit_whose_reply_was_lost_is_found_below_other_peoples_commits(hub, selection, which):
    def somebody_empties_the_card() -> None:
        repo = hub.repos["me/curated"]
        repo.commit("By hand", "", repo.head.files | {"README.md": b"---\n{}\n---\nOnly this."})

    hub.inject("commit", DROP_AFTER, skip=which, effect=somebody_empties_the_card)
    url = push_selection(selection, "me/curated")

    repo = hub.repos["me/curated"]
    expected = ["initial commit", *COMMITS]
    expected.insert(which + 2, "By hand")
    assert titles(repo) == expected
    ours = next(commit for commit in repo.commits if commit.title == COMMITS[1])
    assert url == f"{hub.url}/datasets/me/curated/commit/{ours.oid}"


def test_an_edit_made_between_reading_and_writing_the_card_is_kept(hub, selection):
    def somebody_edits_the_card() -> None:
        repo = hub.repos["me/curated"]
        card = repo.head.files["README.md"] + NOTE.encode()
        repo.commit("By hand", "", repo.head.files | {"README.md": card})

    # The reply does not matter: the edit alone makes the Hub refuse a commit on the older state.
    hub.inject("preupload", 503, skip=2, effect=somebody_edits_the_card)
    push_selection(selection, "me/curated")

    repo = hub.repos["me/curated"]
    assert titles(repo) == ["initial commit", COMMITS[0], "By hand", COMMITS[1]]
    card = repo.head.files["README.md"].decode()
    assert NOTE in card
    assert "How these responses were chosen" in card


def test_an_older_copy_of_the_card_never_stands_in_for_one_that_cannot_be_read(hub, selection):
    repo = prepare_edited_repo(hub, "me/curated")
    before = titles(repo)
    hub.inject("resolve-head", 503, times=1000)

    with pytest.raises(ConnectionError, match="Checking the card of 'me/curated' failed"):
        push_selection(selection, "me/curated")

    assert titles(repo) == before
