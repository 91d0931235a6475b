"""Adapters of PEFT: scores are those of PEFT's own model; what changes them makes another student."""

import copy
import json
import shutil

import pytest
import torch
from changed_weights import rewrite, scaled
from plain_pass import mean_log_prob
from transformers import AutoModelForCausalLM

from local_naturalness import GlobalScorer, LocalScorer, Student
from local_naturalness.embedded import student_path

peft = pytest.importorskip("peft", reason="needs the package peft")


def adapted(model, **settings):
    torch.manual_seed(0)
    config = peft.LoraConfig(
        r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM", **settings
    )
    return peft.get_peft_model(model, config)


@pytest.fixture
def base(tmp_path):
    return shutil.copytree(student_path(), tmp_path / "base")


@pytest.fixture
def adapter(base, tmp_path):
    """A folder as training leaves it: the adapter alone, without a tokenizer."""
    model = adapted(AutoModelForCausalLM.from_pretrained(base))
    model.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_an_object_is_scored_as_it_computes(own_model, own_tokenizer, row):
    model = adapted(own_model).train()
    student = Student(model, tokenizer=own_tokenizer)
    seen = {}
    for is_on in (True, False, True):
        (model.enable_adapter_layers if is_on else model.disable_adapter_layers)()
        score = GlobalScorer(student)(row)["global_naturalness"]
        model.eval()
        assert score == pytest.approx(mean_log_prob(model, own_tokenizer, row), abs=1e-5)
        model.train()
        seen.setdefault(is_on, set()).add((score, student.weights))
    assert [len(values) for values in seen.values()] == [1, 1]
    assert seen[True] != seen[False]


def test_which_adapter_is_active_counts(own_model, own_tokenizer):
    model = adapted(own_model)
    model.add_adapter("other", peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False))
    student = Student(model, tokenizer=own_tokenizer)
    default = student.weights
    model.set_adapter("other")
    other = student.weights
    model.set_adapter("default")
    assert student.weights == default != other


def test_a_folder_is_its_base_with_the_adapter(adapter, row, own_model, own_tokenizer):
    right = mean_log_prob(adapted(own_model).eval(), own_tokenizer, row)
    scored = GlobalScorer(adapter)(row)
    assert scored["global_naturalness"] == pytest.approx(right, abs=1e-5)
    assert scored["global_naturalness_spec"].startswith("student=adapter@")


@pytest.mark.parametrize("part", ["scaling", "adapter", "base"])
def test_everything_that_changes_scores_tells_folders_apart(adapter, base, row, part):
    config = adapter / "adapter_config.json"
    settings = json.loads(config.read_text())
    before = LocalScorer(adapter)(row)
    if part == "scaling":
        config.write_text(json.dumps(settings | {"lora_alpha": 400}))
    elif part == "base":
        rewrite(base, scaled)
    else:
        rewrite(adapter, scaled, "adapter_model.safetensors")
    after = LocalScorer(adapter)(row)
    assert abs(after["local_naturalness"] - before["local_naturalness"]) > 1e-4
    assert after["local_naturalness_spec"] != before["local_naturalness_spec"]


# PEFT tells what it saves, and warns about merging, which is not done here.
@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
@pytest.mark.parametrize("settings", [{}, {"modules_to_save": ["embed_tokens", "lm_head"]}])
@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("is_padded", [True, False])
def test_an_adapter_with_tokens_of_its_own(base, own_tokenizer, tmp_path, row, is_tied, is_padded, settings):
    """Training resized the base to the number of tokens. A padded base has room for more than that."""
    tokenizer = copy.deepcopy(own_tokenizer)
    tokenizer.add_tokens("<tool>")
    row = row | {"response": f"<tool>{row['response']}"}
    model = AutoModelForCausalLM.from_pretrained(base, tie_word_embeddings=is_tied)
    if is_padded:
        model.resize_token_embeddings(1100)
    model.save_pretrained(base)
    model.resize_token_embeddings(len(tokenizer))
    model = adapted(model, **settings)
    model.save_pretrained(tmp_path / "adapter")
    tokenizer.save_pretrained(tmp_path / "adapter")
    scored = GlobalScorer(tmp_path / "adapter")(row)
    right = mean_log_prob(model.eval(), tokenizer, row)
    assert scored["global_naturalness"] == pytest.approx(right, abs=1e-5)


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")  # PEFT tells what it saves
def test_an_adapter_with_a_part_of_its_embeddings(base, own_tokenizer, tmp_path, row):
    model = AutoModelForCausalLM.from_pretrained(base, tie_word_embeddings=False)
    model.save_pretrained(base)
    model.resize_token_embeddings(1100)
    adapted(model).save_pretrained(tmp_path / "adapter")
    rewrite(
        tmp_path / "adapter",
        lambda all: {key: value for key, value in all.items() if "lm_head" not in key},
        "adapter_model.safetensors",
    )
    with pytest.raises(ValueError, match="saved with other embeddings than its base has, but not with all"):
        GlobalScorer(tmp_path / "adapter")(row)


def test_adapters_of_several_kinds_in_one_model(own_model, own_tokenizer, row):
    model = peft.get_peft_model(own_model, peft.LoraConfig(target_modules=["q_proj"]), mixed=True)
    model.add_adapter("other", peft.LoHaConfig(target_modules=["v_proj"], init_weights=False))
    model.set_adapter(["default", "other"])
    student = Student(model, tokenizer=own_tokenizer)
    score = GlobalScorer(student)(row)["global_naturalness"]
    assert score == pytest.approx(mean_log_prob(model.eval(), own_tokenizer, row), abs=1e-5)
    both = student.weights
    model.set_adapter("default")
    assert student.weights != both


def test_where_the_base_lies_does_not(adapter, base, tmp_path):
    before = Student(adapter).identity
    config = adapter / "adapter_config.json"
    elsewhere = str(shutil.copytree(base, tmp_path / "elsewhere"))
    config.write_text(json.dumps(json.loads(config.read_text()) | {"base_model_name_or_path": elsewhere}))
    assert Student(adapter).identity == before


def test_a_base_that_is_not_there(adapter, base, row):
    shutil.rmtree(base)
    with pytest.raises(FileNotFoundError, match="of the adapter 'adapter' was not found: There is no"):
        LocalScorer(adapter)(row)


def test_an_adapter_of_another_model(adapter, base, row):
    config = base / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"num_hidden_layers": 2}))
    rewrite(base, lambda all: {k: v for k, v in all.items() if "layers.2" not in k and "layers.3" not in k})
    with pytest.raises(
        ValueError, match=r"'adapter' does not fit its base 'base': .*layers.2.* is left over"
    ):
        LocalScorer(adapter)(row)


def test_a_whole_model_beside_an_adapter(adapter, base, row):
    shutil.copy(base / "model.safetensors", adapter)
    with pytest.raises(ValueError, match="an adapter, so it is not clear which one to use"):
        LocalScorer(adapter)(row)


def test_vectors_before_the_text_are_refused(own_model, own_tokenizer, tmp_path, row):
    """They would stand before every window, where training has them once before the whole text."""
    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    model = peft.get_peft_model(own_model, config)
    with pytest.raises(ValueError, match="adapter of the kind PROMPT_TUNING, which puts trained vectors"):
        Student(model, tokenizer=own_tokenizer)
    model.peft_config["default"].base_model_name_or_path = student_path()
    model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="adapter of the kind PROMPT_TUNING, which puts trained vectors"):
        LocalScorer(tmp_path)(row)


def test_adapters_that_tokens_switch_on_are_refused(own_model, own_tokenizer):
    with pytest.raises(ValueError, match="switched on by tokens of the text"):
        Student(adapted(own_model, alora_invocation_tokens=[5, 6]), tokenizer=own_tokenizer)


def test_adapters_that_need_more_than_tokens_are_refused(own_model, own_tokenizer):
    config = peft.PolyConfig(task_type="CAUSAL_LM", target_modules=["q_proj"])
    with pytest.raises(
        ValueError, match="of the kind POLY, which does not compute from the tokens of a text"
    ):
        Student(peft.get_peft_model(own_model, config), tokenizer=own_tokenizer)


# PEFT warns about merging, which is not done here.
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
def test_tokens_without_an_embedding_in_an_adapted_student(own_model, own_tokenizer, row):
    """A layer of PEFT around the embeddings tells no size of its own."""
    config = peft.LoraConfig(target_modules=["embed_tokens"], task_type="CAUSAL_LM")
    tokenizer = copy.deepcopy(own_tokenizer)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<think>"]})
    student = Student(peft.get_peft_model(own_model, config), tokenizer=tokenizer)
    with pytest.raises(ValueError, match="token ids up to 1062, and the student has embeddings for 1062"):
        LocalScorer(student)(row | {"response": "<think>We add. It is 5."})


def test_an_adapted_classifier_is_no_student(own_tokenizer):
    from transformers import LlamaConfig, LlamaForSequenceClassification

    sizes = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = LlamaForSequenceClassification(LlamaConfig(vocab_size=1100, **sizes))
    model = peft.get_peft_model(model, peft.LoraConfig(task_type="SEQ_CLS", target_modules=["q_proj"]))
    with pytest.raises(TypeError, match="is a LlamaForSequenceClassification, which has no head"):
        Student(model, tokenizer=own_tokenizer)


def tensors_beside_the_model(model, kind):
    """The places that weights are written to, and a second network that runs in hooks."""
    if kind == "ShadowConfig":
        return list(model.base_model.shadow_backbone.parameters())
    layers = [layer for layer in model.modules() if hasattr(layer, "fourierft_spectrum")]
    return [layer.indices["default"] for layer in layers]


# PEFT calls transformers by an old name.
@pytest.mark.filterwarnings("ignore:`past_key_values` is deprecated")
@pytest.mark.parametrize("kind", ["FourierFTConfig", "ShadowConfig"])
def test_tensors_that_layers_keep_beside_their_weights(own_model, own_tokenizer, row, kind):
    if not hasattr(peft, kind):
        pytest.skip(f"this version of PEFT has no {kind}")
    targets = {} if kind == "ShadowConfig" else {"target_modules": ["q_proj"], "n_frequency": 50}
    torch.manual_seed(0)
    model = peft.get_peft_model(own_model, getattr(peft, kind)(task_type="CAUSAL_LM", **targets))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn(parameter.shape))
    scorer = GlobalScorer(Student(model, tokenizer=own_tokenizer))
    before = scorer(row)
    for tensor in tensors_beside_the_model(model, kind):
        with torch.no_grad():
            tensor.copy_(1.5 * tensor if tensor.is_floating_point() else tensor.flip(-1))
    after = scorer(row)
    right = mean_log_prob(model.eval(), own_tokenizer, row)
    assert after["global_naturalness"] == pytest.approx(right, abs=1e-5)
    assert abs(after["global_naturalness"] - before["global_naturalness"]) > 1e-4
    assert after["global_naturalness_spec"] != before["global_naturalness_spec"]
    assert GlobalScorer(Student(model, tokenizer=own_tokenizer))(row) == after


@pytest.mark.parametrize("place", ["", ".base_layer", ".lora_A.default"])
def test_hooks_on_layers_with_an_adapter(own_model, own_tokenizer, place):
    model = adapted(own_model)
    before = Student(model, tokenizer=own_tokenizer).weights
    layer = own_model.get_submodule(f"model.layers.0.self_attn.q_proj{place}")
    layer.register_forward_hook(lambda module, inputs, output: 1.5 * output)
    assert Student(model, tokenizer=own_tokenizer).weights != before


def test_settings_of_a_layer_that_an_adapter_wraps(own_model, own_tokenizer):
    config = peft.AdaptionPromptConfig(task_type="CAUSAL_LM", adapter_len=4, adapter_layers=2)
    model = peft.get_peft_model(own_model, config)
    before = Student(model, tokenizer=own_tokenizer).weights
    own_model.model.layers[-1].self_attn.model.scaling *= 2
    assert Student(model, tokenizer=own_tokenizer).weights != before


def test_adapters_that_draw_random_numbers_are_refused(own_model, own_tokenizer):
    if not hasattr(peft, "PveraConfig"):
        pytest.skip("this version of PEFT has no PveraConfig")
    settings = {"r": 4, "target_modules": ["q_proj"], "sample_at_inference": True}
    config = peft.PveraConfig(task_type="CAUSAL_LM", init_weights=False, **settings)
    with pytest.raises(ValueError, match="of the kind PVERA, which draws random numbers"):
        Student(peft.get_peft_model(own_model, config), tokenizer=own_tokenizer)


# PEFT warns about merging, and about layers whose sizes it does not know.
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
@pytest.mark.filterwarnings("ignore:Unsupported layer type")
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("LNTuningConfig", {"target_modules": ["input_layernorm"]}),
        ("TrainableTokensConfig", {"token_indices": [5, 21], "target_modules": ["embed_tokens"]}),
        ("LoraConfig", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}),
        ("LoraConfig", {"target_modules": ["q_proj"], "trainable_token_indices": [5, 21]}),
    ],
)
def test_adapters_that_were_switched_off_and_on_again(own_model, own_tokenizer, row, kind, settings):
    model = peft.get_peft_model(own_model, getattr(peft, kind)(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1)
    scorer = GlobalScorer(Student(model, tokenizer=own_tokenizer))
    before = scorer(row)
    with model.disable_adapter():
        without = scorer(row)
    assert abs(without["global_naturalness"] - before["global_naturalness"]) > 1e-4
    assert without["global_naturalness_spec"] != before["global_naturalness_spec"]
    assert scorer(row) == before
    model.set_adapter("default")
    assert scorer(row) == before
