"""Chains of several lengths: the manners of long traces, what the student reads, and tables over lengths."""

import json
import re
from concurrent.futures import Future
from itertools import islice
from random import Random

import pytest
import torch

pytest.importorskip("trl", reason="needs the extra 'trl'")
pytest.importorskip("matplotlib", reason="needs the extra 'plots'")

import lengths
import lengths_agreement
from harness.lengths import table_of_agreement, table_of_criteria
from harness.results import UNTRAINED
from world.corpus import conversations
from world.long_teachers import ALL_TEACHERS, LONG_TEACHERS
from world.optimizer import MuonWithAdamW
from world.problems import LETTERS, MANY_LETTERS, draw_problem
from world.student import Pretraining, _new_model, _some_in_a_row
from world.teachers import manners_of, stepwise
from world.tokenizer import build_tokenizer

CHAINS = {"short": range(4, 9), "long": range(20, 33)}
# Published tables rest on what the first world's student has read.
FIRST_CONVERSATION = ("a = 3 ; b = a - 6 ; ? b", "a = 3\nb = a - 6 = 3 - 6 = 4\nanswer 4")
EQUATION = re.compile(r"(?<!\S)(\d+) ([-+*]) (\d+) = (\d+)")


def drawn(chain, count=40):
    rng = Random(11)
    return [(draw_problem(rng, rng.choice(CHAINS[chain]), letters=MANY_LETTERS), rng) for _ in range(count)]


def errors(lines):
    """Equations that are wrong, in digits."""
    found = [equation for line in lines for equation in EQUATION.findall(line)]
    return [one for one in found if eval("".join(one[:3])) % 7 != int(one[3])]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_restart_ends_in_the_whole_chain(chain):
    places = set()
    for problem, rng in drawn(chain):
        before, after = LONG_TEACHERS["restarting"](problem, rng).split("\nwait , let us start again\n")
        assert after == stepwise(problem, rng)
        assert after.startswith(before)
        places.add(before.count("\n") / len(problem.assignments))
    assert min(places) < 0.3 and max(places) > 0.7


@pytest.mark.parametrize("chain", CHAINS)
def test_checks_repeat_what_is_known_and_are_right(chain):
    for problem, rng in drawn(chain):
        lines = LONG_TEACHERS["verifying"](problem, rng).split("\n")
        checks = [number for number, line in enumerate(lines) if line.startswith("check ")]
        assert len(checks) == -(-len(problem.assignments) // 3)
        for number in checks:
            _, target, _, equation = lines[number].removesuffix(" , right").split(" ", 3)
            assert any(line.startswith(f"{target} =") and line.endswith(equation) for line in lines[:number])
        kept = [line for number, line in enumerate(lines) if number not in checks]
        assert "\n".join(kept) == stepwise(problem, rng)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_failed_attempt_has_one_error_and_its_answer_is_wrong(chain):
    counts = set()
    for problem, rng in drawn(chain):
        *failed, right = LONG_TEACHERS["attempting"](problem, rng).split(
            " can not be right , another attempt\n"
        )
        assert right == stepwise(problem, rng)
        for attempt in failed:
            *lines, said = attempt.split("\n")
            assert said == lines[-1][-1] != str(problem.answer)
            assert len(errors(lines)) == 1
        counts.add(len(failed))
    assert counts == {1, 2}


def test_the_student_reads_every_letter_and_none_of_the_first_world_has_changed():
    manners = manners_of(ALL_TEACHERS, ALL_TEACHERS)
    read = list(islice(conversations(Random(3), manners, MANY_LETTERS), 1000))
    assert {prompt[-1] for prompt, _ in read} >= set(MANY_LETTERS[1 : max(CHAINS["long"]) + 1])
    assert {prompt[-1] for prompt, _ in islice(conversations(Random(3), manners), 500)} <= set(LETTERS)
    assert next(conversations(Random(3), manners_of(["stepwise"]))) == FIRST_CONVERSATION


def test_some_documents_are_many_conversations_in_a_row():
    document = {"input_ids": [1, 2, 3], "labels": [-100, 2, 3]}
    pretraining = Pretraining(context=50, long_share=0.5)
    read = list(islice(_some_in_a_row(iter([document] * 10_000), Random(0), pretraining), 400))
    sizes = [len(one["input_ids"]) for one in read]
    assert max(sizes) > 45 and max(sizes) <= 50
    assert 0.4 < sizes.count(3) / 400 < 0.65
    assert all(one["labels"][:6] == [-100, 2, 3, -100, 2, 3] for one in read if len(one["labels"]) >= 6)


def test_every_parameter_is_stepped_once_and_a_schedule_reaches_both_optimizers():
    model = _new_model(build_tokenizer(["a = 2"]), 32, 64)
    optimizer = MuonWithAdamW(model, 2e-3, 0.0, (0.9, 0.95))
    stepped = [id(parameter) for group in optimizer.param_groups for parameter in group["params"]]
    assert sorted(stepped) == sorted(id(parameter) for parameter in model.parameters())
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    model(input_ids=torch.tensor([[1, 2, 3]]), labels=torch.tensor([[1, 2, 3]])).loss.backward()
    torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 0.0)
    optimizer.step()
    assert all(torch.equal(before[name], parameter) for name, parameter in model.named_parameters())
    for group in optimizer.param_groups:
        group["lr"] = 0.01
    optimizer.step()
    assert not any(torch.equal(before[name], parameter) for name, parameter in model.named_parameters())


def test_criteria_over_lengths_by_hand():
    def record(spearman, first, accuracy):
        return {
            "criterion": "local_naturalness_w4",
            "spearman": spearman,
            "spearman_low": -0.1,
            "spearman_high": None if spearman is None else 0.9,
            "first_teacher": first,
            "its_accuracy": accuracy,
        }

    table = table_of_criteria({"4": [record(0.5, "terse", 0.25)], "9": [record(None, "direct", None)]})
    assert table.to_dict("records") == [
        {
            "criterion": "local_naturalness_w4",
            "4: Spearman": "+0.50 (-0.10 to +0.90)",
            "4: first teacher": "terse (0.25)",
            "9: Spearman": "",
            "9: first teacher": "direct",
        }
    ]


def test_agreement_between_seeds_and_students_by_hand():
    def outcomes(**accuracies):
        untrained = {"selection": UNTRAINED, "accuracies": [0.9]}
        return [untrained, *({"selection": name, "accuracies": some} for name, some in accuracies.items())]

    # Two seeds that all teachers have, with opposite orders of a and b; their means are in the order a, b, c.
    first = outcomes(c=[0.1, 0.1], a=[0.9, 0.6], b=[0.5, 0.7, 0.8])
    second = outcomes(a=[0.1], b=[0.2], c=[0.3])
    agreement = table_of_agreement([{"4": first, "9": second}, {"4": second}])
    assert agreement.to_dict("records") == [
        {"assignments": "4", "another seed": "+0.50", "another student": "-1.00"},
        {"assignments": "9", "another seed": "", "another student": ""},
    ]


class _Here:
    """A pool whose work is done in this process: the packages that trainings need are imported once."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, work, argument):
        future = Future()
        future.set_result(work(argument))
        return future


@pytest.mark.slow
def test_one_command_makes_tables_and_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("harness.trainings.ProcessPoolExecutor", _Here)
    monkeypatch.setattr("sys.argv", ["lengths.py", "--reduced", "--output", str(tmp_path)])
    lengths.main()
    criteria = (tmp_path / "lengths-criteria.md").read_text()
    assert "global_naturalness_by_step" in criteria and "3: first teacher" in criteria
    for name in ("teacher stepwise", "teacher attempting", "(untrained student)"):
        assert name in (tmp_path / "lengths-teachers.md").read_text()
    assert "Spearman" in (tmp_path / "lengths-criteria.svg").read_text()
    assert "] " in capsys.readouterr().out  # trainings were done, and are not done again:
    lengths.main()
    assert "] " not in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["lengths_agreement.py", "--reduced", str(tmp_path), str(tmp_path)])
    lengths_agreement.main()
    assert (tmp_path / "lengths-agreement.md").read_text().count("\n| ") == 3


@pytest.mark.parametrize("accuracies, steps", [((0.2, 0.6), 480), ((0.2, 0.3, 0.4), 960), ((0.5,), 240)])
def test_the_number_of_steps_is_the_least_that_teaches_half(accuracies, steps, tmp_path, monkeypatch):
    seen = []

    def pretend(trainings, workers):
        (training,) = trainings
        training.folder.mkdir(parents=True)
        accuracy = accuracies[len(seen)]
        (training.folder / "result.json").write_text(json.dumps({"accuracy": accuracy}))
        seen.append((training.settings["max_steps"], training.seed))
        return []

    monkeypatch.setattr(lengths, "train_all", pretend)
    monkeypatch.setattr(lengths, "Student", lambda student: type("Known", (), {"identity": {"weights": "w"}}))
    experiment = dict(lengths._experiments(tmp_path, tmp_path / "student", lengths.REDUCED))["2"]
    assert lengths._steps(experiment, tmp_path, (240, 480, 960)) == steps
    assert seen == [(number, lengths.SEED_OF_STEPS) for number in (240, 480, 960)[: len(accuracies)]]
