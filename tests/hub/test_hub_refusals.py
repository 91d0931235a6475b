"""What the Hub refuses is explained at once; what it fails at again and again is given up."""

import pytest
from emulator import DROP_BEFORE, HANG
from hub_state import Repo
from huggingface_hub.utils import get_session
from some_selections import make_selection

from local_naturalness.hub import push_selection, retry
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

    with pytest.raises(PermissionError, match=r"Pushing the data .* \(404.*token has no access"):
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
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00"}, 0),  # no zone
        ({"Retry-After": "Wed, 01 Jan 2020 00:00:00 -0000"}, 0),
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


@pytest.mark.parametrize("answer", ["soon", "Wed, 99 Foo", "9" * 400, "-3", "Wed, 01 Jan 99999 00:00:00 GMT"])
def test_a_wait_that_nobody_can_read_is_none(hub, selection, waits, answer):
    hub.inject("commit", 503, headers={"Retry-After": answer})

    if answer.isdecimal():
        with pytest.raises(ConnectionError, match="asks to wait inf s"):
            push_selection(selection, "me/curated")
    else:
        push_selection(selection, "me/curated")
        assert len(waits) == 1
        assert waits[0] < 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_what_the_hub_does_not_take_is_told_at_once(hub, selection, waits, status):
    hub.inject("commit", status)

    with pytest.raises(
        ValueError, match=rf"'me/curated' was refused \({status}, injected\): the Hub rejected"
    ):
        push_selection(selection, "me/curated")

    assert waits == []


def test_a_refusal_of_the_file_store_gets_another_link(hub, selection, waits):
    hub.inject("lfs-put", 403)

    push_selection(selection, "me/curated")

    assert hub.requests.count("lfs-batch") == 2
    assert len(waits) == 1


def test_the_client_is_as_it_was_after_a_push(hub, selection):
    before = get_session().event_hooks

    push_selection(selection, "me/curated")

    assert get_session().event_hooks == before


def test_a_hub_that_never_answers_is_given_up(hub, selection, waits, monkeypatch):
    monkeypatch.setattr(retry, "SECONDS_WITHOUT_ANSWER", 0.2)
    hub.inject("validate-yaml", HANG, times=1000)

    with pytest.raises(ConnectionError, match=rf"failed {MAX_ATTEMPTS} times, .* no answer for 0 s"):
        push_selection(selection, "me/curated")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (b"---\nlicense: [mit\n---\nHi", "while parsing a flow sequence"),
        (b"---\n- mit\n---\nHi", "repo card metadata block should be a dict"),
        (b"---\nlicense: mit\n---\n\xff\xfe", "can't decode byte 0xff"),
    ],
)
def test_a_card_that_cannot_be_read_is_left_as_it_is(hub, selection, card, reason):
    hub.repos["me/curated"] = repo = Repo("me/curated", private=False)
    repo.commit("By hand", "", {"README.md": card})

    with pytest.raises(ValueError, match=rf"^The card README.md of 'me/curated' cannot be read \(.*{reason}"):
        push_selection(selection, "me/curated")

    assert len(repo.commits) == 2


def test_a_push_that_is_overtaken_leaves_the_card_to_the_other(hub, selection):
    """Rows of one push under the card of the other would be told wrongly."""
    push_selection(make_selection(9), "me/other")
    of_other = hub.repos["me/other"].head.files

    def somebody_pushes() -> None:
        hub.repos["me/curated"].commit("Push selection", "", of_other)

    hub.inject("preupload", 503, skip=2, effect=somebody_pushes)
    with pytest.raises(ConnectionError, match="Another push has replaced the data of 'me/curated'"):
        push_selection(selection, "me/curated")

    card = hub.repos["me/curated"].head.files["README.md"].decode()
    assert "27 responses to 9 prompts" in card
    push_selection(selection, "me/curated")
    assert "18 responses to 6 prompts" in hub.repos["me/curated"].head.files["README.md"].decode()


def test_an_invalid_card_is_refused_before_the_data_is_pushed(hub, selection):
    hub.inject("validate-yaml", 400)

    with pytest.raises(ValueError, match="injected"):
        push_selection(selection, "me/curated", licence="no such licence")

    assert len(hub.repos["me/curated"].commits) == 1
