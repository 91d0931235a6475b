"""Each window takes a way on which the model gives it the scores that it gives it alone."""

import itertools

import numpy as np
import pytest
import tiny_models
import torch
from some_windows import assert_equal_to_plain_passes, make_windows, some_windows
from tiny_types import tiny_type

from local_naturalness.engine import Engine, memory
from local_naturalness.engine.cached import Continuation
from local_naturalness.engine.length_limits import boundaries
from local_naturalness.engine.packed_attention import NotPackableError, PackedAttention
from local_naturalness.engine.packing import Pack, Window
from local_naturalness.engine.padded import TOKENS_OF_A_PASS, Rows, rows_of_similar_length
from local_naturalness.engine.paths import UNLIMITED, USUAL, Paths
from local_naturalness.engine.projection import Projection
from local_naturalness.student.mamba_scans import Scans, scan_layers

LONG = [(0, 5, 0), (1, 30, 3), (0, 12, 11), (1, 60, 20), (2, 70, 30), (2, 33, 32), (2, 41, 2), (0, 300, 0)]
PROMPTS = (3, 40, 150)


def counted(monkeypatch):
    """Let passes write down their numbers of tokens."""
    sizes, run = [], Projection._run

    def counting(self, **inputs):
        sizes.append(inputs["input_ids"].numel())
        return run(self, **inputs)

    monkeypatch.setattr(Projection, "_run", counting)
    return sizes


# One of each mechanism, and the way that its windows take.
@pytest.mark.parametrize(
    ("model_type", "way"),
    [
        ("qwen3_5_text", "cached"),  # gated delta rule among attention
        ("lfm2", "cached"),  # short convolutions
        ("granitemoehybrid", "cached"),  # mamba2
        ("mamba2", "cached"),
        ("bloom", "cached"),  # ALiBi
        ("gpt_neo", "cached"),  # attention of its own, sliding
        ("rwkv", "cached"),  # a list of states instead of a cache
        ("jamba", "padded"),  # a state that does not go on with several tokens
        ("gemma4_text", "packed"),  # heads of several sizes
        ("olmo3", "packed"),
        ("llama4_text", "packed"),  # chunks of 48 tokens
        ("phi3", "packed"),  # rotates otherwise from 64 tokens on
        ("deepseek_v32", "cached"),  # selects 64 keys
    ],
)
def test_windows_of_every_mechanism(model_type, way):
    model = tiny_type(model_type, initializer_range=0.1)
    engine = Engine(model)
    assert engine.paths.name == way
    assert_equal_to_plain_passes(engine, model, make_windows(LONG, PROMPTS))


@pytest.mark.parametrize("model_type", ["lfm2", "mamba2", "gemma3_text"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_layers_that_are_not_attention_are_found_whatever_their_weights(model_type, dtype):
    """Small weights make small differences, which bfloat16 would hide."""
    model = tiny_type(model_type, initializer_range=0.02).to(dtype)
    assert (Engine(model).paths.packed > 0) == (model_type == "gemma3_text")


def test_a_prompt_passes_once_for_all_that_goes_on_from_it(monkeypatch):
    windows = some_windows(prompts=(200, 90), windows=12)
    engine = Engine(tiny_models.tiny_model("qwen3_next"))
    sizes = counted(monkeypatch)
    engine.score(windows)
    assert sizes.count(200) == sizes.count(90) == 1
    assert sum(sizes) == sum(one.num_tokens for one in engine.paths.plan(windows, engine.max_tokens))
    assert sum(sizes) < 0.25 * sum(map(len, windows))


@pytest.mark.parametrize("architecture", ["qwen3_next", "falcon_h1"])
def test_a_state_is_spread_over_no_more_rows_than_memory_holds(architecture, monkeypatch):
    monkeypatch.setattr(memory, "_STATE_BYTES", 1)
    model = tiny_models.tiny_model(architecture, initializer_range=0.1)
    assert_equal_to_plain_passes(Engine(model), model, make_windows(LONG, PROMPTS))


@pytest.mark.parametrize("model_type", ["llama", "gemma3_text", "deepseek_v3", "llama4_text"])
def test_a_prompt_that_fills_packs_passes_once(model_type, monkeypatch):
    """As for packs it would pass with every few windows; a prompt of 150 in packs of 200 here."""
    model = tiny_type(model_type, initializer_range=0.1)
    engine = Engine(model, max_tokens_per_batch=200)
    assert engine.paths.name == "packed"
    windows = make_windows(LONG[:-1] + [(2, length, 1) for length in range(20, 40, 4)], PROMPTS)
    sizes = counted(monkeypatch)
    assert_equal_to_plain_passes(engine, model, windows)
    if model_type != "llama4_text":  # beyond a chunk of 48 tokens each goes alone
        packs = Paths(packed=UNLIMITED).plan(windows, 200)
        assert sum(sizes) < 0.6 * sum(pack.num_tokens for pack in packs)


@pytest.mark.parametrize(
    ("prompt", "tokens", "way"),
    [
        (100, 100, Pack),
        (4_096, 100, Pack),
        (4_097, 100, Continuation),
        (20_000, 4_096, Continuation),
        (100, 4_097, Rows),
    ],
)
def test_the_way_of_prompts_and_windows_by_their_lengths(prompt, tokens, way):
    prompt = np.arange(prompt)
    windows = [Window(prompt, np.arange(tokens) + first, 0) for first in range(3)]
    assert {type(one) for one in USUAL.plan(windows, 8_192)} == {way}
    without_states = {type(one) for one in Paths(packed=UNLIMITED).plan(windows, 8_192)}
    assert without_states == {Rows if way is Rows else Pack}


@pytest.mark.parametrize("model_type", ["mamba2", "granitemoehybrid", "falcon_h1"])
def test_recurrences_in_shorter_chunks_than_a_model_has(model_type):
    """Windows are padded to a multiple of the chunk, and its pairs of tokens need memory."""
    chunk = "chunk_size" if model_type == "mamba2" else "mamba_chunk_size"
    model = tiny_type(model_type, initializer_range=0.1, **{chunk: 256})
    assert_equal_to_plain_passes(Engine(model), model, make_windows(LONG, PROMPTS))
    assert {layer.chunk_size for layer in scan_layers(model)} == {256}


@pytest.mark.parametrize(("row", "chunk"), [(64, 64), (4_096, 64), (4_097, 256)])
def test_chunks_by_the_length_of_rows(row, chunk):
    model = tiny_type("mamba2", chunk_size=256)
    scans = Scans(model)
    scans.prepare(row)
    assert {layer.chunk_size for layer in scan_layers(model)} == {chunk}


def test_few_windows_of_a_prompt_carry_it():
    plan = Paths(cached=UNLIMITED, padded=UNLIMITED).plan(some_windows(prompts=(9, 10, 11), windows=3), 1_000)
    assert [sorted(one.windows) for one in plan] == [[0, 1, 2]]


@pytest.mark.parametrize("max_tokens", [1, 100, 10_000])
@pytest.mark.parametrize(
    "paths",
    [Paths(), Paths(packed=40), Paths(cached=60, padded=50), Paths(20, 40, 60), Paths(padded=UNLIMITED)],
)
def test_every_window_is_in_one_pass(paths, max_tokens):
    windows = some_windows(prompts=(5, 40, 3), windows=30)
    plan = paths.plan(windows, max_tokens)
    assert sorted(itertools.chain(*(one.windows for one in plan))) == list(range(30))


def test_passes_of_rows_are_smaller():
    assert Engine(tiny_models.tiny_model("mamba")).max_tokens == 2_048
    assert Engine(tiny_models.tiny_model("mamba"), 4_096).max_tokens == 4_096


def test_padding_stays_small():
    lengths = np.random.default_rng(0).integers(40, 160, 500).tolist()
    groups = rows_of_similar_length(lengths, 8_192)
    assert sum(rows.num_tokens for rows in groups) <= 1.05 * sum(lengths)
    assert len(groups) < 25


@pytest.mark.parametrize("seed", range(20))
def test_no_other_groups_cost_less(seed):
    """Of windows in order of their lengths, which are tried in all ways."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 300, size=8).tolist()
    max_tokens = int(generator.integers(1, 900))
    ordered = sorted(lengths, reverse=True)
    costs = []
    for cuts in itertools.product([False, True], repeat=7):
        groups = [[ordered[0]]]
        for length, is_cut in zip(ordered[1:], cuts, strict=True):
            groups += [[length]] if is_cut else []
            groups[-1] += [] if is_cut else [length]
        if all(len(group) == 1 or len(group) * group[0] <= max_tokens for group in groups):
            costs.append(sum(len(group) * group[0] + TOKENS_OF_A_PASS for group in groups))
    found = rows_of_similar_length(lengths, max_tokens)
    assert sum(rows.num_tokens + TOKENS_OF_A_PASS for rows in found) == min(costs)
    assert sorted(itertools.chain(*(rows.windows for rows in found))) == list(range(8))
    assert all(rows.width == max(lengths[index] for index in rows.windows) for rows in found)


@pytest.mark.parametrize("model_type", ["bert", "electra"])
def test_models_that_look_at_later_tokens_are_refused(model_type):
    with pytest.raises(ValueError, match=r"looks at later tokens.* changed by .* nats.*is_decoder=True"):
        Engine(tiny_type(model_type))
    decoder = tiny_type(model_type, is_decoder=True)
    assert_equal_to_plain_passes(Engine(decoder), decoder, some_windows(windows=6))


@pytest.mark.parametrize("model_type", ["bert", "roc_bert"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_so_they_are_whatever_their_weights(model_type, dtype):
    """With small weights a later token moves scores by less than rounding does in half precision."""
    with pytest.raises(ValueError, match="looks at later tokens"):
        Engine(tiny_type(model_type, initializer_range=0.02).to(dtype))
    Engine(tiny_type(model_type, initializer_range=0.02, is_decoder=True).to(dtype))


def test_models_that_draw_what_they_look_at_are_refused():
    """Reformer hashes anew in every pass over more than a chunk."""
    with pytest.raises(ValueError, match=r"Reformer.* different scores to the same text.* nats in a text of"):
        Engine(tiny_type("reformer"))


def with_hook(change):
    model = tiny_models.tiny_model("llama")
    model.model.layers[1].mlp.register_forward_hook(lambda module, inputs, output: change(output))
    return model


@pytest.mark.parametrize(
    "noise",
    [
        lambda output: torch.nn.functional.dropout(output, 0.1),  # on by default
        lambda output: output + 0.01 * torch.randn_like(output),
        lambda output: output + 0.01 * np.random.default_rng().random(),
    ],
    ids=["dropout", "torch", "numpy"],
)
def test_noise_in_every_text_is_refused(noise):
    """It would also be taken for rounding, and nothing would be beyond that."""
    with pytest.raises(ValueError, match=r"different scores to the same text.* nats in a text of 20 tokens"):
        Engine(with_hook(noise))


def test_layers_that_enlarge_rounding_are_told(caplog):
    """As those do that quantise what they read."""
    Engine(with_hook(lambda output: (1e6 * output).sin()))
    assert "the smallest change of its embeddings changes the scores of tokens by up to" in caplog.text


class CountsItsTokens(type(tiny_models.tiny_model("llama"))):
    """Its scores depend on the length of the batch."""

    def forward(self, input_ids, **kwargs):
        output = super().forward(input_ids, **kwargs)
        output.logits = output.logits * (1 + input_ids.shape[1] / 100)
        return output


def test_where_batches_change_scores_rows_go_one_by_one(caplog):
    model = CountsItsTokens(tiny_models.tiny_model("llama").config).eval()
    engine = Engine(model)
    assert engine.paths == Paths()
    assert "CountsItsTokens: windows are scored one by one" in caplog.text
    assert_equal_to_plain_passes(engine, model, some_windows(windows=8))


@pytest.mark.parametrize("name", ["flash_attention_2", "flex_attention"])
def test_models_that_attend_by_kernels_are_packed(name):
    """A pack needs masks of its own shape, which these kernels do not take; torch's attention does."""
    model = tiny_models.tiny_model("llama")
    windows = some_windows(windows=8, vocabulary=400)
    expected = Engine(model).score(windows)
    model.config._attn_implementation_internal = name
    engine = Engine(model)
    assert engine.paths.name == "packed"
    for ours, plain in zip(engine.score(windows), expected, strict=True):
        assert ours["log_prob"].tolist() == plain["log_prob"].tolist()
    assert model.config._attn_implementation == name


def test_a_layer_that_begins_to_choose_what_it_sees(monkeypatch, caplog):
    """As sparse attention does from some length on that the check did not reach."""
    model = tiny_models.tiny_model("llama")
    engine, attend = Engine(model), PackedAttention.__call__

    def choose_when_long(self, module, query, *args, **kwargs):
        if query.shape[2] > 90:
            raise NotPackableError("LlamaAttention decides by itself what a token sees")
        return attend(self, module, query, *args, **kwargs)

    monkeypatch.setattr(PackedAttention, "__call__", choose_when_long)
    assert_equal_to_plain_passes(engine, model, make_windows(LONG, PROMPTS))
    assert engine.paths.name == "cached"
    assert "windows are no longer packed" in caplog.text


def test_lengths_at_which_something_begins():
    config = tiny_models.tiny_model("gemma3_text").config
    config.index_topk_blocks, config.index_block_size = 16, 128
    config.rope_scaling_of_a_layer = {"original_max_position_embeddings": 4096.0, "factor": float("inf")}
    assert {8, 768, 16 * 128, 4096} <= set(boundaries(config))
    assert config.hidden_size not in boundaries(config)


def test_attention_that_counts_places_by_itself():
    """Llama 4 scales queries by their place in the sequence, in steps of 8,192, which no check reaches."""
    settings = {"no_rope_layers": [1, 0], "attn_temperature_tuning": True, "attn_scale": 5.0}
    model = tiny_type("llama4_text", floor_scale=700, attention_chunk_size=2_000, **settings)
    engine = Engine(model)
    assert engine.paths.name == "cached"
    assert_equal_to_plain_passes(engine, model, make_windows(LONG, (3, 300, 300)))


@pytest.mark.parametrize("model_type", ["gemma4_assistant", "gemma4_unified_assistant"])
def test_drafts_of_another_model_are_refused(model_type):
    with pytest.raises(ValueError, match="AssistantForCausalLM cannot continue a text from its tokens alone"):
        Engine(tiny_type(model_type))


@pytest.mark.parametrize("context", [24, 64])
def test_contexts_that_are_shorter_than_the_windows_of_the_check(context):
    model = tiny_type("gpt_neo", max_position_embeddings=context)
    assert_equal_to_plain_passes(Engine(model), model, make_windows([(0, 5, 0), (0, 12, 11)], (3, 6)))
