"""The student and the candidates that ship with the library, and the scripts that make them."""

import importlib
import json
import math
import os
import random
import subprocess
import sys
from collections import Counter
from itertools import islice, pairwise, product
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness.embedded import candidates_path, student_path

SCRIPTS = Path(__file__).parents[1] / "examples" / "embedded"
MEGABYTE = 1_000_000
COLUMNS = {
    "prompt_id": str,
    "prompt": str,
    "teacher": str,
    "response": str,
    "is_correct": bool,
    "domain": str,
}


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(student_path())


@pytest.fixture(scope="module")
def model():
    return AutoModelForCausalLM.from_pretrained(student_path(), dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def rows():
    return [json.loads(line) for line in Path(candidates_path()).read_text("utf-8").splitlines()]


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def prompt_ids(tokenizer, prompt):
    rendered = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
    )
    return tokenizer(rendered, add_special_tokens=False).input_ids


def mean_log_prob(model, tokenizer, prompt, response):
    start = prompt_ids(tokenizer, prompt)
    ids = torch.tensor([start + tokenizer(response, add_special_tokens=False).input_ids])
    with torch.no_grad():
        log_probs = model(ids).logits.log_softmax(-1)[0, :-1]
    return log_probs.gather(1, ids[0, 1:, None])[len(start) - 1 :].mean().item()


def clear_answers(rows):
    return [row for row in rows if row["teacher"] == "stepwise"]


class TestFiles:
    def test_sizes(self):
        student = Path(student_path())
        assert (student / "model.safetensors").stat().st_size <= 4 * MEGABYTE
        assert Path(candidates_path()).stat().st_size < MEGABYTE
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            assert 0 < (student / name).stat().st_size < MEGABYTE

    def test_paths_are_text(self):
        assert isinstance(student_path(), str)
        assert isinstance(candidates_path(), str)

    def test_loads_offline_without_a_warning(self):
        load = (
            "from transformers import AutoModelForCausalLM, AutoTokenizer;"
            f"AutoModelForCausalLM.from_pretrained({student_path()!r});"
            f"AutoTokenizer.from_pretrained({student_path()!r})"
        )
        assert run("-W", "error", "-c", load, HF_HUB_DISABLE_PROGRESS_BARS="1").stderr == ""

    def test_no_trace_of_the_machine(self):
        for file in Path(student_path()).glob("*.json"):
            if file.name != "tokenizer.json":
                settings = json.loads(file.read_text("utf-8"))
                assert not {"_name_or_path", "name_or_path"} & settings.keys(), file.name
            text = file.read_text("utf-8")
            for trace in (str(Path.home()), str(Path.cwd()), "/tmp", "/home/", "/Users/"):
                assert trace not in text, (file.name, trace)


class TestTokenizer:
    @pytest.mark.parametrize(
        "text",
        [
            " leading and trailing  \n\n",
            "naïve 🙂👩‍👩‍👧 漢字 עברית\u200b\x00",
            "\\[\\frac{1}{2} \\le \\boxed{x_{i}^{2}}\\] , isn't it ?",
            "def f(x):\r\n\treturn {'a': x ** 2}  # two\n",
            "<think>\n<|turn|>user\nhi<|end|>\n",
            "".join(map(chr, range(0x250))),
        ],
    )
    def test_round_trip(self, tokenizer, text):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False).input_ids) == text

    def test_all_bytes_are_known(self, tokenizer):
        from tokenizers.pre_tokenizers import ByteLevel

        assert len(ByteLevel.alphabet()) == 256
        assert set(ByteLevel.alphabet()) <= tokenizer.get_vocab().keys()

    def test_offsets_point_at_the_text(self, tokenizer):
        text = "Step 1: the sum is 12 + 7 = 19."
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        assert tokenizer.is_fast
        for token, (start, end) in zip(encoded.input_ids, encoded.offset_mapping, strict=True):
            assert tokenizer.decode([token]) == text[start:end]

    def test_chat_template(self, tokenizer):
        turns = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1 + 1?"},
            {"role": "assistant", "content": "2"},
        ]
        whole = tokenizer.apply_chat_template(turns, tokenize=False)
        opening = tokenizer.apply_chat_template(
            turns[:2],
            tokenize=False,
            add_generation_prompt=True,
        )
        assert opening.split("<|end|>\n") == [
            "<|turn|>system\nBe brief.",
            "<|turn|>user\n1 + 1?",
            "<|turn|>assistant\n",
        ]
        assert whole == opening + "2" + tokenizer.eos_token + "\n"


class TestStudent:
    def test_context_and_vocabulary(self, model, tokenizer):
        assert model.config.max_position_embeddings == 1024
        assert model.config.vocab_size == len(tokenizer)
        assert 1000 <= len(tokenizer) <= 2000
        assert model.config.eos_token_id == tokenizer.eos_token_id

    def test_prefers_sense(self, model, tokenizer, rows):
        shuffle = random.Random(0).shuffle
        for row in clear_answers(rows)[:6]:
            words = row["response"].split(" ")
            shuffle(words)
            sense = mean_log_prob(model, tokenizer, row["prompt"], row["response"])
            nonsense = mean_log_prob(model, tokenizer, row["prompt"], " ".join(words))
            assert sense > nonsense + 1
            assert sense > -math.log(len(tokenizer)) + 5

    def test_prefers_the_right_prompt(self, model, tokenizer, rows):
        gains = [
            mean_log_prob(model, tokenizer, row["prompt"], row["response"])
            - mean_log_prob(model, tokenizer, other["prompt"], row["response"])
            for row, other in pairwise(clear_answers(rows)[:13])
        ]
        assert sum(gains) / len(gains) > 0.1

    def test_knows_most_products_of_single_digits(self, model, tokenizer):
        known = []
        for left, right in product(range(2, 10), repeat=2):
            prompt = f"Start with {left}. Multiply by {right}. Add 3. What number do you get?"
            shown = (
                "We go through it step by step.\n"
                f"Step 1: To multiply by {right}, the number is {left} * {right} ="
            )
            wanted = tokenizer(f" {left * right}.", add_special_tokens=False).input_ids
            ids = prompt_ids(tokenizer, prompt)
            ids += tokenizer(shown, add_special_tokens=False).input_ids + wanted
            with torch.no_grad():
                guesses = model(torch.tensor([ids])).logits[0].argmax(-1)
            known.append(guesses[-len(wanted) - 1 : -1].tolist() == wanted)
        assert sum(known) > 0.5 * len(known)

    def test_prefers_right_steps_to_wrong_ones(self, model, tokenizer, rows):
        scores = {
            teacher: [
                mean_log_prob(model, tokenizer, row["prompt"], row["response"])
                for row in rows
                if row["teacher"] == teacher
            ]
            for teacher in ("stepwise", "careless")
        }
        means = {teacher: sum(values) / len(values) for teacher, values in scores.items()}
        assert means["stepwise"] > means["careless"] + 0.05


class TestCandidates:
    def test_columns(self, rows):
        for row in rows:
            assert {name: type(value) for name, value in row.items()} == COLUMNS
            assert row["response"].strip()

    def test_teachers_and_prompts(self, rows):
        answers = Counter((row["prompt_id"], row["teacher"]) for row in rows)
        assert set(answers.values()) == {1}
        teachers = {row["teacher"] for row in rows}
        assert len(teachers) >= 4
        answers_per_prompt = Counter(row["prompt_id"] for row in rows)
        assert 30 <= len(answers_per_prompt) <= 40
        incomplete = sum(count < len(teachers) for count in answers_per_prompt.values())
        assert 0 < incomplete <= 10
        assert len({row["prompt"] for row in rows}) == len(answers_per_prompt)
        assert {row["domain"] for row in rows} == {"math", "code"}

    def test_only_the_careless_err(self, rows):
        assert {row["teacher"] for row in rows if not row["is_correct"]} == {"careless"}
        assert any(row["is_correct"] for row in rows if row["teacher"] == "careless")

    def test_some_are_longer_than_the_context(self, rows, tokenizer):
        responses = [row["response"] for row in rows]
        encoded = tokenizer(responses, add_special_tokens=False, verbose=False).input_ids
        lengths = [len(ids) for ids in encoded]
        assert sum(length > 2000 for length in lengths) >= 2
        assert 40_000 <= sum(lengths) <= 90_000

    def test_regenerate_byte_for_byte(self, tmp_path):
        run(SCRIPTS / "make_candidates.py", "--output", tmp_path, PYTHONHASHSEED="7")
        made = (tmp_path / "candidates.jsonl").read_bytes()
        assert made == Path(candidates_path()).read_bytes()

    def test_seed_matters(self, tmp_path):
        run(SCRIPTS / "make_candidates.py", "--output", tmp_path, "--seed", "1")
        made = (tmp_path / "candidates.jsonl").read_bytes()
        assert made != Path(candidates_path()).read_bytes()

    def test_prompts_never_enter_the_training_text(self, rows, monkeypatch):
        monkeypatch.syspath_prepend(str(SCRIPTS))
        corpus = importlib.import_module("corpus")
        assert all(corpus.is_held_out(row["prompt"]) for row in rows)
        for question, _ in islice(corpus.conversations(random.Random(0)), 3000):
            assert not corpus.is_held_out(question["content"])


def test_training_is_reproducible(tmp_path):
    weights = []
    for name in ("first", "again"):
        output = tmp_path / name
        command = [SCRIPTS / "train_student.py", "--output", output, "--steps", 3]
        run(*command, "--tokens-per-batch", 1024, "--threads", 1, PYTHONHASHSEED=str(len(weights)))
        weights.append(load_file(output / "student" / "model.safetensors"))
    first, again = weights
    assert first.keys() == again.keys()
    assert all(torch.equal(first[name], again[name]) for name in first)
