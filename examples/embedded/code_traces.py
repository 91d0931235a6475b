"""Small Python programs whose output has to be predicted by tracing them."""

from random import Random

from problem import Problem, Step, work_out

FUNCTION_NAMES = (
    "combine collect measure update compute follow gather reduce process find_value run check"
).split()
TOTALS = "total result score value amount count".split()
ITEMS = "x n item number k part".split()
QUESTIONS = (
    "What does this program print?",
    "Which number is printed by this code?",
    "Trace the code and give its output.",
    "Read this function carefully and tell me what comes out.",
    "Without running it, determine the output of the following code.",
)


def loop_over_list(rng: Random, length: int) -> Problem:
    """An accumulator takes in scaled items."""
    function, total, item = rng.choice(FUNCTION_NAMES), rng.choice(TOTALS), rng.choice(ITEMS)
    start, factor = rng.randint(0, 9), rng.randint(2, 5)
    items = [rng.randint(1, 9) for _ in range(max(2, length // 2))]
    code = f"""\
def {function}(items):
    {total} = {start}
    for {item} in items:
        {total} = {total} + {item} * {factor}
    return {total}

print({function}({items}))"""
    steps = []
    for round_number, number in enumerate(items, 1):
        occasion, name = f"In round {round_number} with `{item} = {number}`", f"`{total}`"
        product = f"`{item} * {factor}`"
        steps.append(Step(occasion, product, number, "*", factor))
        steps.append(Step(f"Then in round {round_number}", name, name, "+", product))
    return _problem(rng, code, {f"`{total}`": start}, steps)


def loop_with_branch(rng: Random, length: int) -> Problem:
    """The remainder of each item decides which line changes the accumulator."""
    function, total, item = rng.choice(FUNCTION_NAMES), rng.choice(TOTALS), rng.choice(ITEMS)
    start, divisor = rng.randint(5, 30), rng.randint(2, 4)
    bonus = rng.randint(1, 9)
    items = [rng.randint(1, 20) for _ in range(max(2, length // 2))]
    code = f"""\
def {function}(items):
    {total} = {start}
    for {item} in items:
        if {item} % {divisor} == 0:
            {total} += {item}
        else:
            {total} += {bonus}
    return {total}

print({function}({items}))"""
    steps = []
    for round_number, number in enumerate(items, 1):
        occasion = f"In round {round_number} with `{item} = {number}`"
        steps.append(Step(occasion, "the remainder", number, "%", divisor))
        branch = "`if`" if number % divisor == 0 else "`else`"
        addend = number if number % divisor == 0 else bonus
        steps.append(Step(f"In the {branch} branch", f"`{total}`", f"`{total}`", "+", addend))
    return _problem(rng, code, {f"`{total}`": start}, steps)


def while_loop(rng: Random, length: int) -> Problem:
    """A number grows until it passes a limit and the rounds are counted."""
    number, rounds = rng.choice(ITEMS), rng.choice(TOTALS)
    start, growth = rng.randint(1, 20), rng.randint(3, 19)
    turns = max(2, length // 2)
    limit = start + growth * turns - rng.randint(0, growth - 1)
    code = f"""\
{number} = {start}
{rounds} = 0
while {number} < {limit}:
    {number} += {growth}
    {rounds} += 1
print({number} * {rounds})"""
    names = (f"`{number}`", f"`{rounds}`")
    steps = []
    for turn in range(turns):
        occasion = f"Because {start + turn * growth} is less than {limit}"
        steps.append(Step(occasion, names[0], names[0], "+", growth))
        steps.append(Step("In the same round", names[1], names[1], "+", 1))
    product = f"`{number} * {rounds}`"
    steps.append(Step(f"As `{number} < {limit}` is false now", product, names[0], "*", names[1]))
    return _problem(rng, code, {names[0]: start, names[1]: 0}, steps)


def straight_line(rng: Random, length: int) -> Problem:
    """One variable after another is changed, without any loop."""
    first, second = rng.sample(["a", "b", "c", "d"], 2)
    values = {f"`{first}`": rng.randint(2, 30), f"`{second}`": rng.randint(2, 9)}
    lines = [f"{name.strip('`')} = {value}" for name, value in values.items()]
    steps: list[Step] = []
    while len(steps) < length:
        target, other = rng.choice([(first, second), (second, first)])
        symbol, operand = rng.choice("+-*"), rng.choice([other, rng.randint(2, 9)])
        step = Step(
            f"In line {len(lines) + 1}",
            f"`{target}`",
            f"`{target}`",
            symbol,
            f"`{operand}`" if operand == other else operand,
        )
        if 0 < work_out(values, [*steps, step])[-1].value < 200:
            steps.append(step)
            lines.append(f"{target} = {target} {symbol} {operand}")
    lines.append(f"print({target})")
    return _problem(rng, "\n".join(lines), values, steps)


def _problem(rng: Random, code: str, given: dict[str, int], steps: list[Step]) -> Problem:
    prompt = f"{rng.choice(QUESTIONS)}\n\n```python\n{code}\n```"
    return Problem(prompt, "code", given, tuple(steps))


KINDS = (loop_over_list, loop_with_branch, while_loop, straight_line)
