import pytest

from local_naturalness import LocalNaturalness

PROMPTS = ["What is 2 + 3?", "What is 4 + 4?", "Start with 9. Subtract 2."]
# The last one has enough steps for windows, strides and samples of steps to differ.
RESPONSES = [
    "We add. 2 + 3 = 5. The answer is 5.",
    "8.",
    "I will follow the steps in order.\n"
    + "".join(f"Step {i}: the number is {i} + 2 = {i + 2}.\n" for i in range(7)),
]


@pytest.fixture
def metric(tmp_path):
    return LocalNaturalness(cache_dir=str(tmp_path))


@pytest.fixture
def texts():
    """One prompt for each response, as arguments of the metric."""
    return {"predictions": RESPONSES, "prompts": PROMPTS}
