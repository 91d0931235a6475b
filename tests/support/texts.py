"""A prompt and a response whose steps nobody can disagree about."""

PROMPT = "What is 17 + 25? Show your steps."
EIGHT_STEPS = [
    "First add the tens of both numbers: 10 + 20 = 30.",
    " Then add the ones.\n\n",
    "So the answer \U0001f600 is right.\n",
    " Let me check this again, with all of the numbers: 30 + 12 is 42.\n\n",
    "This is the sum.",
    " We have 17 + 25 = 42 and that is the same.\n\n",
    "It is right.",
    " The answer is 42.",
]
RESPONSE = "".join(EIGHT_STEPS)
