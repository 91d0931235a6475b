"""A response is tokenised once and whole; every token belongs to the step of its first character."""

import pytest
import tiny_tokenizers
from texts import RESPONSE
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from local_naturalness import LocalScorer, split_steps
from local_naturalness.encoding.offsets import token_starts
from local_naturalness.encoding.tokenization import encode_response, step_token_ranges

FAST = [tiny_tokenizers.byte_level, tiny_tokenizers.metaspace, tiny_tokenizers.chat]


@pytest.fixture(scope="module")
def slow_tokenizer():
    """Single bytes as tokens, in Python, without offsets."""
    return ByT5Tokenizer()


def steps_of(model, tokenizer, response, **settings):
    """Texts of the steps that own tokens, and the number of tokens."""
    scorer = LocalScorer(model, tokenizer=tokenizer, return_steps=True, **settings)
    row = scorer({"prompt": "a", "response": response})
    return [response[start:end] for start, end in row["step_spans"]], row


@pytest.mark.parametrize("make", FAST)
def test_ids_are_those_of_the_whole_response_without_special_tokens(model, make):
    tokenizer = make()
    whole = tokenizer(RESPONSE, add_special_tokens=False)["input_ids"]
    assert token_starts(tokenizer, RESPONSE)[0] == whole
    # Tokenised step by step it would be longer: the splitter must not decide the ids.
    _, row = steps_of(model, tokenizer, RESPONSE)
    assert row["num_tokens"] == len(whole)


@pytest.mark.parametrize("trim_offsets", [False, True])
def test_a_step_opens_with_the_space_before_its_first_word(trim_offsets):
    """A boundary stands before the space, so " The" opens a step whether its offset says 4 or 5."""
    tokenizer = tiny_tokenizers.byte_level(trim_offsets=trim_offsets)
    text = "So. The sum."
    ids, starts = token_starts(tokenizer, text)
    ranges, _ = step_token_ranges(starts, [(0, 3), (3, len(text))])
    second = tokenizer.decode(ids[ranges[1][0] : ranges[1][1]])
    assert second == " The sum."
    assert starts[ranges[1][0]] == 3 + trim_offsets


def test_a_token_across_a_boundary_belongs_to_the_step_of_its_first_character():
    # Tokens "ab", "cd", "ef"; steps "abc", "def": the token "cd" begins in the first.
    assert step_token_ranges([0, 2, 4], [(0, 3), (3, 6)]) == ([(0, 2), (2, 3)], [(0, 3), (3, 6)])


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([(0, 2), (2, 3), (3, 6)], [(0, 2), (2, 6)]),  # into the next
        ([(0, 2), (2, 3), (3, 4), (4, 6)], [(0, 2), (2, 6)]),  # two of them
        ([(0, 2), (2, 5), (5, 6)], [(0, 2), (2, 6)]),  # the last one into the one before
    ],
)
def test_steps_without_a_token_are_merged(spans, merged):
    starts = [0, 2 if merged[1] == (2, 6) and spans[1][1] > 3 else 4]
    ranges, found = step_token_ranges(starts, spans)
    assert ranges == [(0, 1), (1, 2)]
    assert found == merged


def test_num_steps_counts_steps_that_own_tokens(model, tokenizer):
    """Four one-letter steps of which the tokenizer makes three tokens."""
    assert tokenizer.tokenize("then") == ["t", "he", "n"]
    steps, row = steps_of(model, tokenizer, "then", splitter=list)
    assert steps == ["t", "h", "en"]  # "e" owns no token: it goes to the next step
    assert row["num_steps"] == row["num_tokens"] == len(row["step_scores"]) == 3


@pytest.mark.parametrize("make", FAST)
@pytest.mark.parametrize("text", [RESPONSE, "\U0001f600\U0001f680 x", "日本語。\n次", " \n a  b\t\n", "a"])
def test_steps_tile_the_response(model, make, text):
    steps, row = steps_of(model, make(), text, window=0)
    assert "".join(steps) == text
    assert row["num_steps"] == len(steps)


def test_an_emoji_of_several_tokens_is_not_torn(model, tokenizer):
    """Its four bytes are four tokens that all begin at the same character."""
    text = "a\U0001f600b"
    ids, starts = token_starts(tokenizer, text)
    assert len(ids) == 6
    assert starts == [0, 1, 1, 1, 1, 2]
    steps, _ = steps_of(model, tokenizer, text, splitter=list)
    assert steps == ["a", "\U0001f600", "b"]


class ZeroWidth:
    """Offsets whose ends are their starts, as some tokenizers report them for words with a space."""

    is_fast = True

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def __call__(self, text, **named):
        encoded = self.tokenizer(text, **named)
        pairs = [(start, start) for start, _ in encoded["offset_mapping"]]
        return {"input_ids": encoded["input_ids"], "offset_mapping": pairs}


def test_ends_of_offsets_are_not_used(tokenizer):
    assert token_starts(ZeroWidth(tokenizer), RESPONSE) == token_starts(tokenizer, RESPONSE)


class ForgetsOffsets(ZeroWidth):
    """Offsets that go back to zero, as for tokens that were added behind the text's own."""

    def __call__(self, text, **named):
        encoded = super().__call__(text, **named)
        return encoded | {"offset_mapping": [(i % 3, i % 3) for i in range(len(encoded["input_ids"]))]}

    def decode(self, *arguments, **named):
        return self.tokenizer.decode(*arguments, **named)


@pytest.mark.parametrize("text", [RESPONSE, "日本語" * 20 + " x", "\U0001f600" * 12 + "\n\nThe end. So"])
def test_offsets_that_go_backwards_are_found_from_the_tokens_instead(tokenizer, text):
    assert token_starts(ForgetsOffsets(tokenizer), text) == token_starts(tokenizer, text)


def test_a_tokenizer_without_offsets(model, slow_tokenizer):
    """One token per byte: three for each of these characters, however many follow each other."""
    text = "ab " + "日本語" * 10 + "\nSo."
    ids, starts = token_starts(slow_tokenizer, text)
    assert len(ids) == len(text.encode())
    assert starts == [i for i, character in enumerate(text) for _ in character.encode()]
    steps, row = steps_of(model, slow_tokenizer, text, splitter="line", include_prompt=False)
    assert steps == split_steps(text, "line")
    assert row["num_tokens"] == len(ids)


def test_a_tokenizer_that_rewrites_text_is_refused(slow_tokenizer, monkeypatch):
    monkeypatch.setattr(slow_tokenizer, "decode", lambda ids, **_: "?")
    with pytest.raises(ValueError, match="a ByT5Tokenizer, gives no character offsets, and its token '\\?'"):
        token_starts(slow_tokenizer, "abc")


def test_special_tokens_written_in_a_response_are_parsed(chat_tokenizer):
    """As the tokenizer does: one token, not the letters of its name."""
    ids, starts = token_starts(chat_tokenizer, "a</think>b")
    assert ids[1] == chat_tokenizer.convert_tokens_to_ids("</think>")
    assert starts == [0, 1, 9]


def test_a_token_across_the_end_of_a_repeated_opening_is_not_lost():
    """Many tokenizers join two line breaks, and the prompt ends with the first of them."""
    vocabulary = {piece: number for number, piece in enumerate(["<think>", "\n", "\n\n", "So"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="So"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("<think>|\n+|So"), "isolated")
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    assert encode_response(fast, "<think>\n\nSo").ids.tolist() == [0, 2, 3]
    response = encode_response(fast, "<think>\n\nSo", opening="<think>\n")
    assert (response.ids.tolist(), response.starts) == ([1, 3], [8, 9])
    response = encode_response(fast, "<think>\n\nSo", opening="<think>")
    assert (response.ids.tolist(), response.starts) == ([2, 3], [7, 9])


def test_no_end_of_sequence_is_scored(tokenizer):
    ids, _ = token_starts(tokenizer, "So.")
    assert tokenizer.eos_token_id not in ids


def test_the_cost_of_a_very_long_response_is_told_beforehand(tokenizer, monkeypatch, caplog):
    monkeypatch.setattr("local_naturalness.encoding.offsets._LONG", len(RESPONSE))
    caplog.set_level("INFO")
    token_starts(tokenizer, RESPONSE[1:])
    assert not caplog.messages
    token_starts(tokenizer, RESPONSE)
    assert "Tokenising a response of 0.0 million characters takes about" in caplog.text
