"""Threads score at once: with models of their own, with one model, and beside whoever else uses the model."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import tiny_models
import torch
from texts import PROMPT, RESPONSE
from tiny_tokenizers import FAMILIES
from transformers import AutoModelForCausalLM

from local_naturalness import GlobalScorer, LocalScorer, Student
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.engine.twin import twin_of

BATCHES = [
    {"prompt": [PROMPT[: 9 + i], "Why?"], "response": [RESPONSE[i : 150 + i], RESPONSE[: 20 + i]]}
    for i in range(12)
]


def score(scorer, batch):
    return scorer(batch)[scorer.criterion]


def test_four_threads_with_two_models_and_two_scorers_each():
    students = [
        Student(tiny_models.tiny_model(architecture), tokenizer=FAMILIES["byte_level"]())
        for architecture in ("llama", "gemma3_text")
    ]
    scorers = [scorer(student) for student in students for scorer in (LocalScorer, GlobalScorer)]
    calls = [(scorer, batch) for batch in BATCHES for scorer in scorers]
    expected = [score(*call) for call in calls]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda call: score(*call), calls)) == expected


def test_engines_of_one_model_take_turns():
    model = tiny_models.tiny_model("llama")
    engines = [Engine(model), Engine(model)]
    windows = [Window(torch.arange(1, 9).numpy(), torch.arange(9, 40).numpy(), 3)]
    running, together = [], []

    def enter(*_):
        running.append(None)
        together.append(len(running))

    def leave(*_):
        running.pop()

    model.register_forward_pre_hook(enter)
    model.register_forward_hook(leave)
    for engine in engines:  # a model with another hook is checked anew
        engine.score(windows)
    together.clear()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda engine: engine.score(windows), engines * 6))
    assert together == [1] * 12


@pytest.mark.parametrize("architecture", ["llama", "gemma3_text", "mamba"])
def test_the_model_generates_and_trains_elsewhere(architecture):
    """Neither is disturbed: what is generated and the loss are those of a model that is alone."""
    model = tiny_models.tiny_model(architecture)
    engine = Engine(model)
    prompt = torch.arange(1, 20)[None]
    windows = [Window(prompt[0].numpy(), torch.arange(30, 60).numpy(), 3)] * 3

    def use():
        model.train()
        loss = model(input_ids=prompt, labels=prompt).loss
        assert loss.requires_grad
        model.eval()
        return model.generate(prompt, max_new_tokens=12, do_sample=False).tolist(), loss.item()

    expected_use, expected_scores = use(), engine.score(windows)[0]["log_prob"].tolist()
    done, used = threading.Event(), []

    def go_on():
        while not done.is_set() or not used:
            used.append(use())

    thread = threading.Thread(target=go_on)
    thread.start()
    scored = [engine.score(windows)[0]["log_prob"].tolist() for _ in range(15)]
    done.set()
    thread.join()
    assert scored == [expected_scores] * 15
    assert used == [expected_use] * len(used)


def test_a_twin_shares_weights_and_nothing_else():
    model = tiny_models.tiny_model("gemma3_text").train()
    twin = twin_of(model)
    mine, others = dict(model.named_parameters()), dict(twin.named_parameters())
    assert all(mine[name] is others[name] for name in mine | others)
    assert not {id(module) for module in model.modules()} & {id(module) for module in twin.modules()}
    assert all(module.training for module in model.modules())
    assert not any(module.training for module in twin.modules())
    assert {id(module.config) for module in twin.modules() if hasattr(module, "config")} == {id(twin.config)}


def test_a_compiled_model_is_scored_as_it_is():
    model = tiny_models.tiny_model("llama")
    windows = [Window(torch.arange(1, 9).numpy(), torch.arange(9, 40).numpy(), 3)]
    expected = Engine(model).score(windows)[0]["log_prob"].tolist()
    assert Engine(torch.compile(model)).score(windows)[0]["log_prob"].tolist() == expected
    model.compile()
    assert Engine(model).score(windows)[0]["log_prob"].tolist() == expected


def test_a_forward_that_belongs_to_the_model_alone():
    model = tiny_models.tiny_model("llama")
    forward = model.model.layers[0].mlp.forward
    model.model.layers[0].mlp.forward = lambda states: forward(states)
    with pytest.raises(ValueError, match=r"`forward` of a LlamaMLP was replaced .*types.MethodType"):
        Engine(model)


def test_students_are_loaded_one_after_the_other(student_folder, monkeypatch):
    """transformers sets torch's default number type while it loads; interleaved, that would stay changed."""
    load, loading, together = AutoModelForCausalLM.from_pretrained, [], []

    def watched(*args, **kwargs):
        loading.append(None)
        together.append(len(loading))
        try:
            return load(*args, **kwargs)
        finally:
            loading.pop()

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", watched)
    students = [Student(student_folder, dtype=dtype) for dtype in ("float32", "bfloat16")]
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda student: student.model(), students * 4))
    assert together == [1, 1]
    assert {model.dtype for model in models} == {torch.float32, torch.bfloat16}
    assert torch.get_default_dtype() == torch.float32
