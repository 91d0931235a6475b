"""Later steps group by what scorers write, unless a column is named; what groups is not what trains."""

import pytest
from datasets import Dataset, load_dataset
from emulated_hub import IGNORED_WARNING, hub, waits

from local_naturalness import (
    GlobalScorer,
    LocalScorer,
    compare_criteria,
    push_selection,
    rank_teachers,
    select_responses,
)
from local_naturalness.embedded import student_path

__all__ = ["hub", "waits"]
pytestmark = pytest.mark.filterwarnings(IGNORED_WARNING)
ASKED = ["What is 2 + 3?", "What is 3 + 4?"]
ANSWERS = {"a": ["2 + 3 = 5.", "3 + 4 = 7. It is 7."], "b": ["It is five, I guess.", "Seven."]}
ROWS = [(t, q, r) for t, answers in ANSWERS.items() for q, r in zip(ASKED, answers, strict=True)]


def scored(rows, **settings):
    return Dataset.from_list(rows).map(LocalScorer(student_path(), **settings), batched=True)


@pytest.fixture(scope="module")
def texts():
    return scored([{"prompt": q, "teacher": t, "response": r, "id": q[-5]} for t, q, r in ROWS])


@pytest.fixture(scope="module")
def chats():
    def messages(question, answer):
        return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]

    rows = [{"messages": messages(q, r), "teacher": t} for t, q, r in ROWS]
    return scored(rows, messages_column="messages").map(
        GlobalScorer(student_path(), messages_column="messages"), batched=True
    )


def test_conversations_need_no_further_option(texts, chats):
    assert select_responses(chats)["teacher"][:] == select_responses(texts)["teacher"][:]
    assert str(rank_teachers(chats)) == str(rank_teachers(texts))
    criteria = ["local_naturalness"]
    assert str(compare_criteria(chats, criteria)) == str(compare_criteria(texts, criteria))


@pytest.mark.parametrize("streams", [False, True])
def test_prompt_key_groups_before_prompt_and_a_named_column_before_both(texts, streams):
    """Prompts that are all the same text, and keys that are not: each column gives another selection."""
    rows = texts.remove_columns(["prompt"]).add_column("prompt", ["one"] * 4).select([0, 2, 1, 3])
    rows = rows.to_iterable_dataset() if streams else rows

    def num_selected(dataset, **named):
        return sum(1 for _ in select_responses(dataset, **named))

    assert num_selected(rows) == 2
    assert num_selected(rows, prompt_column="prompt") == 1
    assert num_selected(rows.remove_columns(["prompt_key"])) == 1
    assert num_selected(rows.rename_column("prompt_key", "prompt_key_w1")) == 2


def test_ids_that_group_are_not_published_as_text(hub, texts):
    best = select_responses(texts, prompt_column="id")
    push_selection(best, "me/curated", export="messages")
    (first, *_) = load_dataset("me/curated", split="train")["messages"]
    assert first[0] == {"role": "user", "content": ASKED[0]}
    with pytest.raises(ValueError, match="'prompt' is needed"):
        push_selection(best.remove_columns(["prompt"]), "me/curated")
    with pytest.raises(ValueError, match="identifies prompts and holds no text"):
        push_selection(best, "me/curated", prompt_column="prompt_key")
