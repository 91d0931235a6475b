"""A checkpoint is loaded whole or not at all, and one sentence says what is wrong with it."""

import json

import pytest
import torch
from changed_weights import rewrite
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path


def changed_config(**changes):
    def change(folder):
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def without(part):
    return lambda folder: rewrite(folder, lambda all: {k: v for k, v in all.items() if part not in k})


def with_norm(folder):
    name = "model.layers.0.self_attn.q_norm.weight"
    rewrite(folder, lambda tensors: tensors | {name: torch.ones(32)})


def with_more(name):
    return lambda folder: rewrite(folder, lambda tensors: tensors | {name: torch.ones(1062)})


def cut_short(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100_000])


def garbage(folder):
    (folder / "model.safetensors").write_bytes(b"no weights" * 99)


def pointer(folder):
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
    (folder / "model.safetensors").write_text(text)


def link(name):
    def change(folder):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/nowhere/blob")

    return change


def renamed(name):
    return lambda folder: (folder / "model.safetensors").rename(folder / name)


def within_a_run(folder):
    """The folder of a run of training, which holds one folder for each checkpoint."""
    files = list(folder.iterdir())
    (folder / "checkpoint-10").mkdir()
    for path in files:
        path.rename(folder / "checkpoint-10" / path.name)


def in_shards(*lost):
    def change(folder):
        model = AutoModelForCausalLM.from_pretrained(folder)
        (folder / "model.safetensors").unlink()
        model.save_pretrained(folder, max_shard_size="1MB")
        for name in lost:
            (folder / name).unlink()

    return change


def broken(name, text="{"):
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without("0.mlp.down_proj"), r"'student' lack `model.layers.0.mlp.down_proj.weight`"),
        (with_norm, r"no place for `model.layers.0.self_attn.q_norm.weight` \(class LlamaForCausalLM"),
        (with_more("lm_head.bias"), "no place for `lm_head.bias`"),
        (with_more("model.norm.bias"), "no place for `model.norm.bias`"),
        (with_more("model.embed_tokens.weight_scale"), "no place for `model.embed_tokens.weight_scale`"),
        (changed_config(num_hidden_layers=3), "no place for `model.layers.3.input_layernorm.weight`"),
        (changed_config(num_hidden_layers=5), "lack `model.layers.4.input_layernorm.weight`"),
        (changed_config(attention_bias=True), "lack `model.layers.0.self_attn.k_proj.bias`"),
        (changed_config(vocab_size=1000), r"embed_tokens.weight` is 1062 x 128 in the files and 1000 x 128"),
        (changed_config(hidden_size=63), "hidden size .63. is not a multiple of the number"),
        (changed_config(num_attention_heads="x"), "student' could not be loaded: its configuration"),
        (changed_config(model_type="nonsense"), "does not recognize this architecture"),
        (changed_config(model_type="vit"), "of the type 'vit' .LlamaForCausalLM., for which"),
        (changed_config(architectures=["LlamaForTokenClassification"]), "is a LlamaForTokenClassification"),
        (changed_config(architectures=["BertForMaskedLM"]), "is a BertForMaskedLM, which has no head"),
        (changed_config(transformers_weights="sub/a.safetensors"), "weights from 'sub/a.safetensors'"),
        (changed_config(quantization_config={"quant_method": "hqq"}), "a package that is not installed"),
        (cut_short, "model.safetensors of the student folder 'student' cannot be read .*not fully covered"),
        (garbage, "model.safetensors of the student folder 'student' cannot be read"),
        (pointer, "is a pointer of Git LFS: run `git lfs pull`"),
        (broken("config.json"), "not a valid JSON file"),
        (link("model.safetensors"), "`model.safetensors` .*'student' is a link to '/nowhere/blob', which"),
        (link("config.json"), "`config.json` of the student folder 'student' is a link to"),
        (link("tokenizer.json"), "`tokenizer.json` of the student folder 'student' is a link to"),
        (link("adapter_config.json"), "`adapter_config.json` of the student folder 'student' is a link to"),
        (renamed("pytorch_model.bin"), "no `model.safetensors`.* It holds .*pytorch_model.bin.*save_pretr"),
        (renamed("consolidated.safetensors"), "no `model.safetensors`.* holds .*consolidated.safe"),
        (renamed("model-q4.gguf"), "Pass `gguf_file='model-q4.gguf'` to read a GGUF file"),
        (renamed("adapter_model.safetensors"), "An adapter also needs its `adapter_config.json`"),
        (lambda folder: (folder / "config.json").unlink(), "holds no `config.json`. It holds .*Copy that f"),
        (within_a_run, "It holds checkpoint-10. Pass the folder of one checkpoint, such as 'checkpoint-10'"),
        (in_shards("model.safetensors.index.json"), "holds model-00001-of-00004.* but not `model.saf"),
        (in_shards("model-00002-of-00004.safetensors"), "lacks model-00002.* It holds 3 of 4 files"),
        (broken("tokenizer.json", "{}"), "could not be loaded"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "without its tokenizer, pass `tokenizer=`"),
    ],
)  # fmt: skip
def test_what_is_said(folder, row, damage, sentence):
    damage(folder)
    with pytest.raises((ImportError, OSError, TypeError, ValueError), match=sentence) as caught:
        LocalScorer(folder)(row)
    assert "\n" not in str(caught.value)


def test_tensors_that_are_computed_anyway(folder, row):
    """Old checkpoints hold tensors that follow from the configuration; they are passed over."""
    rewrite(folder, lambda all: all | {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(16)})
    ours, plain = (LocalScorer(student)(row)["local_naturalness"] for student in (folder, student_path()))
    assert ours == plain


def test_biases_that_add_nothing(folder, row):
    """Old checkpoints of GPTQ hold biases of zeros. Others are refused."""
    names = [f"model.layers.{layer}.mlp.down_proj.bias" for layer in range(4)]
    rewrite(folder, lambda tensors: tensors | {name: torch.zeros(128) for name in names})
    ours, plain = (LocalScorer(student)(row)["local_naturalness"] for student in (folder, student_path()))
    assert ours == plain
    rewrite(folder, lambda tensors: tensors | {names[2]: torch.full((128,), 1e-3)})
    with pytest.raises(ValueError, match=r"no place for `model.layers.2.mlp.down_proj.bias` \(class"):
        LocalScorer(folder)(row)


@pytest.fixture
def sharded(folder, own_model):
    """The same student with its weights in several files, and the map of which tensor is in which."""
    (folder / "model.safetensors").unlink()
    own_model.save_pretrained(folder, max_shard_size="1MB")
    index = folder / "model.safetensors.index.json"
    weight_map = json.loads(index.read_text())["weight_map"]

    def write(changes):
        index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map | changes}))

    return folder, weight_map, write


def test_the_index_that_transformers_writes_tells_nothing_new(sharded):
    """So that it does not make another student of what is known from the files."""
    folder, weight_map, write = sharded
    assert len(set(weight_map.values())) > 1
    before = Student(folder).weights
    write({})
    assert Student(folder).weights == before


def test_another_weight_map_is_another_student(sharded):
    folder, weight_map, write = sharded
    name = max(weight_map)
    before = Student(folder).weights
    extra = folder / "model-other.safetensors"
    extra.write_bytes((folder / weight_map[name]).read_bytes())
    with_extra = Student(folder).weights
    write({name: extra.name})
    assert len({before, with_extra, Student(folder).weights}) == 3


@pytest.mark.parametrize("outside", ["../other/model.safetensors", "/tmp/model.safetensors"])
def test_an_index_that_leads_out_of_the_folder(sharded, row, outside):
    folder, weight_map, write = sharded
    write({max(weight_map): outside})
    with pytest.raises(ValueError, match=r"index of the student folder .* names weights outside of it"):
        LocalScorer(folder)(row)


def test_an_index_that_names_a_file_that_is_not_there(sharded, row):
    folder, weight_map, write = sharded
    write({max(weight_map): "model-9.safetensors"})
    with pytest.raises(FileNotFoundError, match=r"lacks model-9.safetensors, which its index names"):
        LocalScorer(folder)(row)


def test_sharded_weights_are_the_same_model(sharded, row):
    folder, *_ = sharded
    assert LocalScorer(folder)(row)["local_naturalness"] == pytest.approx(
        LocalScorer(student_path())(row)["local_naturalness"]
    )


def test_weights_of_a_base_model_without_a_head(folder, row):
    """With tied embeddings nothing is missing, and yet it was not trained to continue texts."""
    AutoModelForCausalLM.from_pretrained(folder).model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(student_path()).save_pretrained(folder)
    with pytest.raises(TypeError, match="'student' is a LlamaModel, which has no head"):
        LocalScorer(folder)(row)
