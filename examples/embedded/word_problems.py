"""Arithmetic word problems of several steps: stocks, purchases, journeys and number chains."""

from random import Random

from problem import OPERATIONS, Problem, Step, work_out

PEOPLE = [(name, "She") for name in "Mia Lena Priya Aiko Sofia Grace Zoe Fatima".split()] + [
    (name, "He") for name in "Omar Ivan Tom Ravi Ben David Hugo Kenji".split()
]
THINGS = (
    "apples pencils stamps marbles books coins cards shells stickers eggs bottles tickets "
    "oranges cookies flowers photos buttons stones"
).split()
BOXES = "boxes bags crates baskets packs drawers jars envelopes".split()
HELPERS = "sister brother neighbour teacher friend cousin colleague student".split()
GOODS = (
    "notebooks pens lamps cups plates scarves candles brushes hats ropes shirts spoons "
    "mirrors toys clocks blankets"
).split()
TRANSPORT = "train bus truck boat bicycle tram walker horse".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth".split()
LARGEST_NUMBER = 300


def stock(rng: Random, length: int) -> Problem:
    """Things are bought, given away, multiplied and shared."""
    (name, pronoun), things = rng.choice(PEOPLE), rng.choice(THINGS)
    target = f"the number of {things}"
    start = amount = rng.randint(6, 40)
    sentences = [f"{name} has {amount} {things}."]
    steps: list[Step] = []
    while len(steps) < length:
        event = rng.choice(["find", "give", "boxes", "multiply", "share"])
        if event == "find":
            count = rng.randint(2, 30)
            sentences.append(f"{pronoun} finds {count} more {things}.")
            steps.append(Step(f"After finding {count} more", target, target, "+", count))
        elif event == "give" and amount > 4:
            count, helper = rng.randint(2, min(amount - 1, 40)), rng.choice(HELPERS)
            sentences.append(f"{pronoun} gives {count} {things} to a {helper}.")
            steps.append(Step(f"After the gift to the {helper}", target, target, "-", count))
        elif event == "boxes":
            boxes, count, each = rng.choice(BOXES), rng.randint(2, 9), rng.randint(2, 9)
            inside = f"{target} in the {boxes}"
            sentences.append(f"{pronoun} buys {count} {boxes} with {each} {things} in each.")
            steps.append(Step(f"With {each} in each of {count} {boxes}", inside, count, "*", each))
            steps.append(Step(f"After buying the {boxes}", target, target, "+", inside))
        elif event == "multiply" and amount <= 60:
            factor = rng.randint(2, 4)
            sentences.append(f"Then a prize makes it {factor} times as many {things}.")
            steps.append(Step("After the prize", target, target, "*", factor))
        elif event == "share":
            divisors = [number for number in range(2, 10) if amount % number == 0]
            if amount < 12 or not divisors:
                continue
            people = rng.choice(divisors)
            sentences.append(
                f"{pronoun} shares all {things} equally among {people} people and keeps one share."
            )
            steps.append(Step(f"After sharing among {people} people", target, target, "/", people))
        else:
            continue
        amount = work_out({target: start}, steps)[-1].value
        if amount > LARGEST_NUMBER:
            return stock(rng, length)
    sentences.append(f"How many {things} does {name} have at the end?")
    return Problem(" ".join(sentences), "math", {target: start}, tuple(steps))


def purchase(rng: Random, length: int) -> Problem:
    """Prices are added up and paid."""
    name, pronoun = rng.choice(PEOPLE)
    cost, steps, sentences = "the cost so far", [], [f"{name} goes to a shop."]
    for goods in rng.sample(GOODS, max(2, length // 2)):
        count, price = rng.randint(2, 9), rng.randint(2, 9)
        part = f"the price of the {goods}"
        sentences.append(f"{pronoun} buys {count} {goods} for {price} euros each.")
        steps.append(Step(f"For {count} {goods} at {price} euros", part, count, "*", price))
        steps.append(Step(f"Together with the {goods}", cost, cost, "+", part))
    total = work_out({cost: 0}, steps)[-1].value
    paid = total + rng.randint(1, 60)
    sentences.append(f"{pronoun} pays with {paid} euros. How many euros does {name} get back?")
    steps.append(Step("At the till", "the change", paid, "-", cost))
    return Problem(" ".join(sentences), "math", {cost: 0}, tuple(steps))


def journey(rng: Random, length: int) -> Problem:
    """Legs of constant speed add up to a distance."""
    vehicle, distance = rng.choice(TRANSPORT), "the distance so far"
    steps, sentences = [], [f"A {vehicle} makes a journey in several parts."]
    for ordinal in ORDINALS[: min(max(2, length // 2), len(ORDINALS))]:
        hours, speed = rng.randint(2, 6), rng.randint(4, 30)
        part = f"the {ordinal} distance"
        pace = f"{speed} km per hour"
        sentences.append(f"In the {ordinal} part it moves for {hours} hours at {pace}.")
        steps.append(Step(f"In {hours} hours at {pace}", part, hours, "*", speed))
        steps.append(Step(f"With the {ordinal} part", distance, distance, "+", part))
    sentences.append("How many km is the whole journey?")
    return Problem(" ".join(sentences), "math", {distance: 0}, tuple(steps))


def number_chain(rng: Random, length: int) -> Problem:
    """Small numbers only, which teaches the elementary facts."""
    start = value = rng.randint(1, 9)
    orders, steps, target = [f"Start with {start}."], [], "the number"
    verbs = {"+": "Add {}.", "-": "Subtract {}.", "*": "Multiply by {}.", "/": "Divide by {}."}
    while len(steps) < length:
        symbol, operand = rng.choice("++--**/"), rng.randint(1, 9)
        after = OPERATIONS[symbol](value, operand)
        if not 0 <= after < 100 or (symbol == "/" and value % operand):
            continue
        value = after
        order = verbs[symbol].format(operand)
        orders.append(order)
        steps.append(Step(f"To {order[0].lower()}{order[1:-1]}", target, target, symbol, operand))
    prompt = " ".join([*orders, "What number do you get?"])
    return Problem(prompt, "math", {target: start}, tuple(steps))


KINDS = (stock, purchase, journey, number_chain)
