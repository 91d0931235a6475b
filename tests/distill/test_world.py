"""Problems and teachers of the miniature world: every line that a teacher writes is worked out again."""

import re
from itertools import islice
from random import Random

import ask_student
import pytest
from world.corpus import SHORT_LENGTHS, conversations, facts
from world.problems import MODULUS, Assignment, Problem, calculate, draw_problem
from world.teachers import NUMBER_WORDS, OPERATION_WORDS, TEACHERS, manners_of

from local_naturalness import split_steps

EQUATION = re.compile(r"(?<!\S)(\d+) ([-+*]) (\d+) = (\d+)")
LENGTHS = range(4, 9)

WORKED = Problem(
    "a", 2, (Assignment("b", "a", "+", 4), Assignment("c", "b", "*", 2), Assignment("d", "c", "-", "b"))
)


def drawn(count, lengths=LENGTHS):
    rng = Random(7)
    return [(draw_problem(rng, rng.choice(lengths)), rng) for _ in range(count)]


def in_digits(text):
    words = {word: str(number) for number, word in enumerate(NUMBER_WORDS)}
    words |= {word: sign for sign, word in OPERATION_WORDS.items()} | {"makes": "=", "is": "="}
    return "\n".join(" ".join(words.get(word, word) for word in line.split(" ")) for line in text.split("\n"))


def values_by_hand(prompt):
    """The variables of a prompt, worked out from its text alone."""
    known = {}
    for line in prompt.split(" ; ")[:-1]:
        target, formula = line.split(" = ")
        words = [str(known.get(word, word)) for word in formula.split()]
        known[target] = eval("".join(words)) % MODULUS
    return known


def depth(prompt):
    """How many assignments lead to the variable that is asked for."""
    formulas = dict(line.split(" = ") for line in prompt.split(" ; ")[:-1])
    name, count = prompt[-1], 0
    while not formulas[name].isdigit():
        name, count = formulas[name][0], count + 1
    return count


def test_a_problem_reads_and_works_out_as_by_hand():
    assert WORKED.prompt == "a = 2 ; b = a + 4 ; c = b * 2 ; d = c - b ; ? d"
    assert [one.value for one in WORKED.work_out()] == [6, 5, 6]
    assert WORKED.answer == 6


def test_answers_follow_from_the_text_of_the_prompt():
    for problem, _ in drawn(300):
        assert problem.answer == values_by_hand(problem.prompt)[problem.assignments[-1].target]


def test_no_assignment_forgets_what_was_before():
    for problem, _ in drawn(300):
        for one, before in zip(problem.assignments[1:], problem.assignments, strict=False):
            assert one.left == before.target
            assert one.symbol != "*" or (isinstance(one.right, int) and one.right % MODULUS)


def test_an_assignment_in_four_needs_an_earlier_variable():
    later = [one for problem, _ in drawn(500) for one in problem.assignments[1:]]
    assert 0.2 < sum(isinstance(one.right, str) for one in later) / len(later) < 0.3


@pytest.mark.parametrize("name", sorted(set(TEACHERS) - {"careless"}))
def test_every_line_of_a_right_teacher_is_right(name):
    for problem, rng in drawn(100):
        known = values_by_hand(problem.prompt)
        lines = in_digits(TEACHERS[name](problem, rng)).split("\n")
        assert lines[-1] == f"answer {problem.answer}"
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            taken_back = following.startswith("wait , no ,")
            for left, symbol, right, value in EQUATION.findall(line):
                assert (calculate(int(left), symbol, int(right)) == int(value)) != taken_back
            for variable, value in re.findall(r"(?<!\S)([a-z]) = (\d+)(?= ;|$)", line):
                assert known[variable] == int(value)


def test_the_careless_teacher_errs_and_builds_on_its_errors():
    right = 0
    for problem, rng in drawn(300):
        lines = TEACHERS["careless"](problem, rng).split("\n")
        said = {problem.first: problem.start}
        for one, line in zip(problem.assignments, lines[1:], strict=False):
            left, _, operand, value = EQUATION.findall(line)[0]
            assert (int(left), int(operand)) == (said[one.left], said.get(one.right, one.right))
            said[one.target] = int(value)
        right += lines[-1] == f"answer {problem.answer}"
    assert 0.25 < right / 300 < 0.6


@pytest.mark.parametrize("name", sorted(set(TEACHERS) - {"direct"}))
def test_responses_have_more_steps_than_the_usual_window(name):
    for problem, rng in drawn(50):
        response = TEACHERS[name](problem, rng)
        assert len(split_steps(response, "line")) == response.count("\n") + 1 > 4


def test_teachers_have_manners_of_their_own():
    texts = {"".join(teacher(problem, rng) for problem, rng in drawn(20)) for teacher in TEACHERS.values()}
    assert len(texts) == len(TEACHERS) >= 7


def test_the_student_reads_short_problems_in_all_manners_and_true_facts():
    read = list(islice(conversations(Random(3), manners_of(TEACHERS)), 400))
    assert {depth(prompt) for prompt, _ in read} == set(SHORT_LENGTHS)
    assert all(answer.endswith(f"answer {values_by_hand(prompt)[prompt[-1]]}") for prompt, answer in read)
    assert any("a = " in prompt and "a = " not in answer and prompt[-1] > "c" for prompt, answer in read)
    for sign in ("let us begin", "wait , no", " makes ", "we need", " ; "):
        assert any(sign in answer for _, answer in read), sign
    assert any(answer.startswith("answer") for _, answer in read)
    for rows in islice(facts(Random(3), manners_of(TEACHERS)), 50):
        for line in in_digits(rows).split("\n"):
            ((left, symbol, right, value),) = EQUATION.findall(line)
            assert calculate(int(left), symbol, int(right)) == int(value)


def test_the_same_seed_gives_the_same_texts():
    first, second = (
        [TEACHERS[name](draw_problem(rng, 6), rng) for name in TEACHERS] for rng in (Random(5), Random(5))
    )
    assert first == second


def test_a_student_of_few_teachers_reads_their_manners_only():
    assert manners_of(["careless", "terse", "stepwise"]) == [TEACHERS["stepwise"], TEACHERS["terse"]]
    assert all("makes" not in rows for rows in islice(facts(Random(3), manners_of(["terse"])), 50))


def test_the_lengths_that_a_student_answers_are_counted(monkeypatch):
    """A student that answers all but the first problem rightly."""

    def answers(prompts, *_, **__):
        values = [values_by_hand(prompt) for prompt in prompts]
        right = [known[prompt.split("? ")[1].strip()] for known, prompt in zip(values, prompts, strict=True)]
        return [f"answer {value + (place == 0)}" for place, value in enumerate(right)], 0.0

    monkeypatch.setattr(ask_student, "answers_to", answers)
    assert ask_student.share_right(None, None, length=5, count=4, seed=0) == 0.75
