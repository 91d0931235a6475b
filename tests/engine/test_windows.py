"""Which tokens each step may see, compared with the definition step by step; batches under a budget."""

import pytest

from local_naturalness.benchmark.contenders import batches_under_budget
from local_naturalness.engine.windows import WindowSpan, first_context_step, plan_windows

# Steps of 3, 1, 6, 2, 9, 2, 1 and 4 tokens.
STEPS = [(0, 3), (3, 4), (4, 10), (10, 12), (12, 21), (21, 23), (23, 24), (24, 28)]
ROOMS = [1, 2, 4, 5, 8, 9, 10, 14, 27, 28, 100]


def first_seen(plan, token):
    """First response token that a scored token may see; each is scored exactly once."""
    (begin,) = [span.begin for span in plan.spans if span.first_scored <= token < span.end]
    return begin


def expected_first_seen(step, room, window, stride):
    """Drop whole steps, the oldest first, until the rest fits; `None` if the step alone does not."""
    start, end = STEPS[step]
    seen = list(range(first_context_step(step, window, stride), step))
    while seen and end - STEPS[seen[0]][0] > room:
        seen.pop(0)
    if end - start > room:
        return None
    return STEPS[seen[0]][0] if seen else start


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    ("window", "stride"), [(0, 1), (1, 1), (2, 1), (4, 1), (0, 3), (2, 3), (0.25, 1), (0.6, 1), (None, 1)]
)
def test_plan(room, window, stride):
    plan = plan_windows(STEPS, room, window, stride)

    wanted = [STEPS[first_context_step(i, window, stride)][0] for i in range(len(STEPS))]
    expected = [expected_first_seen(i, room, window, stride) for i in range(len(STEPS))]
    for (start, end), first in zip(STEPS, expected, strict=True):
        found = {first_seen(plan, token) for token in range(start, end)}
        assert first is None or found == {first}
    assert all(span.end - span.begin <= room for span in plan.spans)
    assert [span.first_scored for span in plan.spans] == sorted(span.first_scored for span in plan.spans)
    assert plan.step_in_pieces == (None in expected)
    fitting = [pair for pair in zip(expected, wanted, strict=True) if pair[0] is not None]
    assert plan.context_trimmed == any(first != want for first, want in fitting)


def test_windows_that_begin_at_the_same_step_share_a_pass():
    assert plan_windows(STEPS, 100, window=None).spans == [WindowSpan(0, 0, 28)]
    assert plan_windows(STEPS, 100, window=7).spans == [WindowSpan(0, 0, 28)]
    spans = plan_windows(STEPS, 100, window=4).spans
    assert spans == [WindowSpan(0, 0, 21 + 2 - 2), WindowSpan(3, 21, 23), WindowSpan(4, 23, 24), (10, 24, 28)]
    assert len(plan_windows(STEPS, 100, window=4, stride=4).spans) == 1


def test_pieces_by_hand():
    """A step of ten tokens and room for four: pieces of two, each behind two tokens from before it."""
    plan = plan_windows([(0, 3), (3, 13)], room=4, window=1)
    assert plan.spans == [(0, 0, 3), (1, 3, 5), (3, 5, 7), (5, 7, 9), (7, 9, 11), (9, 11, 13)]
    assert plan.step_in_pieces


def test_pieces_stay_within_the_window():
    """With a window of no steps the first piece may not look before its step."""
    assert plan_windows([(0, 3), (3, 9)], room=4, window=0).spans == [
        (0, 0, 3),
        (3, 3, 5),
        (3, 5, 7),
        (5, 7, 9),
    ]


@pytest.mark.parametrize("chosen", [[0], [7], [1, 2, 6], list(range(8))])
@pytest.mark.parametrize("room", [5, 14, 100])
@pytest.mark.parametrize("window", [0, 1, 4, None])
def test_chosen_steps_see_what_they_see_among_all(chosen, room, window):
    everything = plan_windows(STEPS, room, window)
    plan = plan_windows(STEPS, room, window, chosen=chosen)
    for step in chosen:
        for token in range(*STEPS[step]):
            assert first_seen(plan, token) == first_seen(everything, token)


@pytest.mark.parametrize(
    ("step", "share", "first"),
    [(0, 0.25, 0), (1, 0.25, 0), (4, 0.25, 3), (5, 0.25, 3), (10, 0.5, 5), (100, 0.07, 93), (3, 0.99, 0)],
)
def test_shares_are_rounded_up(step, share, first):
    """0.07 of 100 steps is 7, although 0.07 * 100 is above 7 in floating point."""
    assert first_context_step(step, share) == first


@pytest.mark.parametrize("max_tokens", [1, 7, 16, 1000])
def test_every_sequence_is_in_one_batch_under_the_budget(max_tokens):
    lengths = [3, 8, 4, 4, 1, 8, 5]
    groups = batches_under_budget(lengths, max_tokens)
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[i] for i in group)
        assert len(group) == 1 or len(group) * longest <= max_tokens
    assert batches_under_budget([], max_tokens) == []
