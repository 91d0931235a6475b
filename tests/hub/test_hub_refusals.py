"""What the Hub refuses is explained at once; what it fails at again and again is given up."""

import pytest
from emulator import DROP_BEFORE
from hub_state import Repo
from huggingface_hub.errors import HfHubHTTPError

from local_naturalness.hub import push_selection
from local_naturalness.hub.retry import MAX_ATTEMPTS


def test_a_foreign_namespace_is_refused_without_retry(hub, selection, waits):
    with pytest.raises(PermissionError, match=r"'you/curated' was refused \(403, You don't have"):
        push_selection(selection, "you/curated")

    assert waits == []
    assert hub.requests == ["info", "create"]


def test_a_public_repository_of_others_is_refused_before_anything_is_written(hub, selection, waits):
    hub.repos["you/curated"] = Repo("you/curated", private=False)

    with pytest.raises(PermissionError, match="use a namespace you own or a token with write"):
        push_selection(selection, "you/curated")

    assert waits == []
    assert len(hub.repos["you/curated"].commits) == 1


def test_a_private_repository_of_others_is_refused_like_a_missing_one(hub, selection, waits):
    hub.repos["you/curated"] = Repo("you/curated", private=True)

    with pytest.raises(PermissionError, match="403"):
        push_selection(selection, "you/curated")

    assert waits == []


def test_a_repository_that_vanishes_is_explained(hub, selection, waits):
    hub.inject("commit", 404)

    with pytest.raises(PermissionError, match=r"Pushing the data .* \(404.*token sees nothing"):
        push_selection(selection, "me/curated")

    assert waits == []


def test_a_wrong_token_is_refused(hub, selection, waits):
    with pytest.raises(PermissionError, match=r"\(401, Invalid cred.*run `hf auth login` or pass"):
        push_selection(selection, "me/curated", token="hf_wrongWrongWrong")

    assert waits == []
    assert hub.repos == {}


def test_without_a_login_the_remedy_is_named(hub, selection, waits, monkeypatch, tmp_path):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))

    with pytest.raises(PermissionError, match="hf auth login"):
        push_selection(selection, "me/curated")

    assert waits == []


@pytest.mark.parametrize(
    ("fault", "told"), [(503, "status 503"), (DROP_BEFORE, "connection lost, RemoteProtocolError")]
)
def test_a_lasting_failure_is_given_up_after_bounded_growing_waits(hub, selection, waits, fault, told):
    hub.inject("commit", fault, times=1000)

    with pytest.raises(ConnectionError, match=rf"'me/curated' failed {MAX_ATTEMPTS} times.*{told}"):
        push_selection(selection, "me/curated")

    assert hub.requests.count("commit") == MAX_ATTEMPTS == len(waits) + 1
    assert waits == sorted(waits)
    assert sum(waits) < 60
    assert len(hub.repos["me/curated"].commits) == 1


def test_what_was_uploaded_before_giving_up_is_not_uploaded_again(hub, selection):
    hub.inject("commit", 503, times=MAX_ATTEMPTS)
    with pytest.raises(ConnectionError, match="what has arrived is not uploaded twice"):
        push_selection(selection, "me/curated")
    assert hub.requests.count("lfs-put") == 1

    push_selection(selection, "me/curated")

    assert hub.requests.count("lfs-put") == 1
    assert len(hub.repos["me/curated"].commits) == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
    ],
)
def test_waits_as_long_as_a_rate_limit_asks(hub, selection, waits, headers, seconds):
    hub.inject("commit", 429, headers=headers)

    push_selection(selection, "me/curated")

    assert waits == [seconds]


def test_a_rate_limit_beyond_patience_is_reported(hub, selection, waits):
    hub.inject("commit", 429, headers={"Retry-After": "7200"})

    with pytest.raises(ConnectionError, match=r"status 429 and the Hub asks to wait 7200 s\."):
        push_selection(selection, "me/curated")

    assert waits == []


def test_another_refusal_is_passed_on_unchanged(hub, selection, waits):
    hub.inject("commit", 413)

    with pytest.raises(HfHubHTTPError, match="413"):
        push_selection(selection, "me/curated")

    assert waits == []


def test_a_refusal_of_the_file_store_is_not_mistaken_for_a_missing_permission(hub, selection):
    hub.inject("lfs-put", 403)

    with pytest.raises(RuntimeError, match="Error while uploading"):
        push_selection(selection, "me/curated")


def test_an_invalid_card_is_refused_before_the_data_is_pushed(hub, selection):
    hub.inject("validate-yaml", 400)

    with pytest.raises(ValueError, match="injected"):
        push_selection(selection, "me/curated", licence="no such licence")

    assert len(hub.repos["me/curated"].commits) == 1
