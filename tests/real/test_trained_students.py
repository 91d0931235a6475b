"""On weights that were trained and not drawn: exactness, template, context, half precision, speed, rankings.

`make real` fetches the student and runs these tests; without it they are skipped.
"""

import functools
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from datasets import load_dataset
from plain_loop import joined, local_log_probs, mean_over_steps, mean_over_tokens, prompt_ids, step_ids

from local_naturalness import GlobalScorer, LocalScorer, Student, rank_teachers

STUDENTS = Path(__file__).parent / "students"
DATA = Path(__file__).parents[3] / "shared" / "data"
ANSWER = (
    "We first count the apples. There are 3 bags with 4 apples each, so 3 * 4 = 12 apples. "
    "Then 5 apples are eaten. That leaves 12 - 5 = 7 apples.\n\nThe answer is 7."
)
ROW = {
    "prompt": "Tom buys 3 bags of 4 apples and eats 5 apples. How many are left?",
    "response": ANSWER,
}

pytestmark = pytest.mark.real


@functools.cache
def trained(name, dtype="float32"):
    """The student of this name, as fetched (GGUF) or as a folder that somebody put there."""
    folder = STUDENTS / name
    if not folder.exists():
        pytest.skip(f"{name} is not there: python tests/real/fetch_students.py {name}")
    files = [path.name for path in folder.glob("*.gguf")]
    if files:
        for package in ("gguf", "accelerate"):
            pytest.importorskip(package, reason="GGUF files are read with it")
    return Student(folder, gguf_file=files[0] if files else None, dtype=dtype, device="cpu")


@pytest.fixture(scope="module")
def smol():
    return trained("SmolLM2-135M-Instruct")


def test_scores_are_those_of_a_plain_loop(smol):
    model, tokenizer = smol.model(), smol.tokenizer
    prompt, steps = prompt_ids(tokenizer, ROW["prompt"]), step_ids(tokenizer, ANSWER)
    local = local_log_probs(model, prompt, steps, window=1)
    whole = local_log_probs(model, prompt, steps, window=None)
    assert LocalScorer(smol, window=1)(ROW)["local_naturalness"] == pytest.approx(
        mean_over_steps(local), abs=2e-5
    )
    assert GlobalScorer(smol)(ROW)["global_naturalness"] == pytest.approx(mean_over_tokens(whole), abs=2e-5)
    # Trained weights find a sound answer likely: a random model of this vocabulary is near log(1/49152).
    assert mean_over_tokens(whole) > -2.5


def test_what_it_is_shown_is_its_own_template(smol):
    planned, *_ = LocalScorer(smol).planned({name: [value] for name, value in ROW.items()})
    shown = smol.tokenizer.decode(planned.encoded.prompt)
    assert shown.startswith("<|im_start|>system\nYou are a helpful AI assistant named SmolLM")
    assert shown.endswith(f"<|im_start|>user\n{ROW['prompt']}<|im_end|>\n<|im_start|>assistant\n")


def test_a_trace_longer_than_its_context(smol):
    """20,000 tokens for a context of 8,192: only windows must fit."""
    assert smol.context_length == 8192
    step = "We count the apples again, and once more we find that there are {} of them.\n"
    trace = "".join(step.format(number) for number in range(1, 1100))
    row = ROW | {"response": trace}
    scored = LocalScorer(smol, max_steps=6, window=2)(row)
    assert scored["num_tokens"] > 20_000
    assert scored["local_naturalness_status"] == "ok"
    assert -3 < scored["local_naturalness"] < 0
    assert GlobalScorer(smol)(row)["global_naturalness_status"] == "too_long_for_global"


def test_half_precision_changes_little(smol):
    half = trained("SmolLM2-135M-Instruct", "bfloat16")
    exact, rounded = (LocalScorer(student, return_steps=True)(ROW) for student in (smol, half))
    errors = [abs(a - b) for a, b in zip(exact["step_scores"], rounded["step_scores"], strict=True)]
    print(f"bfloat16: {max(errors):.3f} nats at most in {len(errors)} steps")
    assert 0 < max(errors) < 0.1


def test_it_is_faster_than_a_pass_for_every_step(smol):
    row = ROW | {"response": "\n\n".join([ANSWER] * 4)}
    prompt, steps = prompt_ids(smol.tokenizer, row["prompt"]), step_ids(smol.tokenizer, row["response"])
    scorer = LocalScorer(smol)
    scorer(ROW)  # the check at the start is not counted
    begin = time.process_time()
    scored = scorer(row)["local_naturalness"]
    ours = time.process_time() - begin
    begin = time.process_time()
    plain = mean_over_steps(local_log_probs(smol.model(), prompt, steps, window=4))
    loop = time.process_time() - begin
    print(f"{len(joined(steps)) / ours:.0f} response tokens a second, {loop / ours:.1f} times a plain loop")
    assert scored == pytest.approx(plain, abs=2e-5)
    assert ours < loop


def test_two_students_rank_teachers(smol):
    """Each gives an order of the teachers of real answers; how alike they are is told, not demanded."""
    data = DATA / "mixed_multi_teacher.jsonl"
    if not data.exists():
        pytest.skip(f"{data.name} is not there")
    other = trained("gemma-3-270m")
    rows = load_dataset("json", data_files=str(data), split="train")
    rows = rows.filter(lambda row: 40 < len(row["response"]) <= 900)
    answers = Counter(rows["prompt_id"])
    prompts = [prompt for prompt, number in answers.items() if number >= 3][:4]
    rows = rows.filter(lambda row: row["prompt_id"] in prompts)
    orders = []
    for student in (smol, other):
        scored = rows.map(LocalScorer(student), batched=True)
        assert set(scored["local_naturalness_status"]) == {"ok"}
        table = rank_teachers(scored, num_bootstrap=100).to_pandas()
        orders.append(table.set_index("teacher")["mean"])
    pairs = list(combinations(sorted(set(rows["teacher"])), 2))
    signs = [[1 if order[one] > order[two] else -1 for one, two in pairs] for order in orders]
    agreement = sum(a * b for a, b in zip(*signs, strict=True)) / len(pairs)
    print(f"{len(rows)} rows of {len(orders[0])} teachers: Kendall's tau {agreement:.2f}")
    assert -1 <= agreement <= 1
    assert set(orders[0].index) == set(rows["teacher"]) == set(orders[1].index)
