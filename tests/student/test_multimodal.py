"""Folders of models that also see: the part that reads and writes text is the student."""

import pytest
from changed_weights import rewrite
from multimodal_models import FAMILIES, multimodal_model
from plain_pass import mean_log_prob

from local_naturalness import GlobalScorer, Student


@pytest.mark.parametrize("family", FAMILIES)
def test_text_is_scored_as_the_whole_model_scores_it(family, tmp_path, own_tokenizer, row):
    whole = multimodal_model(family)
    whole.save_pretrained(tmp_path)
    own_tokenizer.save_pretrained(tmp_path)
    student = Student(tmp_path)
    right = mean_log_prob(whole, own_tokenizer, row)
    assert GlobalScorer(student)(row)["global_naturalness"] == pytest.approx(right, abs=1e-5)

    part, text = student.model(), whole.get_decoder()
    assert type(part) is type(whole)
    head = 0 if whole.config.tie_word_embeddings else part.get_output_embeddings().weight.numel()
    assert count(part) in (count(text), count(text) + head)  # nothing else is in memory
    assert Student(tmp_path).cost.parameters == student.cost.parameters == count(part)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_a_language_model_that_lacks_a_tensor_is_refused_here_too(tmp_path, own_tokenizer, row):
    multimodal_model("Qwen3-VL").save_pretrained(tmp_path)
    own_tokenizer.save_pretrained(tmp_path)
    rewrite(tmp_path, lambda all: {k: v for k, v in all.items() if "language_model.layers.1.mlp.up" not in k})
    with pytest.raises(ValueError, match=r"lack `model.language_model.layers.1.mlp.up_proj.weight`"):
        GlobalScorer(tmp_path)(row)
