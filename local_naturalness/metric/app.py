"""The page of the Space: scores a visitor's response with the student that the owner of the Space chose.

The student is read from the environment variable `STUDENT`; visitors cannot load models.
"""

import os
from typing import Any

from local_naturalness import LocalNaturalness

STUDENT = os.environ.get("STUDENT", "Qwen/Qwen2.5-0.5B")


def score(prompt: str, response: str) -> dict[str, Any] | None:
    """The results for one response."""
    metric = LocalNaturalness(keep_in_memory=True)
    return metric.compute(predictions=[response], prompts=[prompt], model_id=STUDENT)


def main() -> None:
    """Serve the page."""
    # A Space brings it; the library does not need it.
    import gradio

    gradio.Interface(
        fn=score,
        inputs=[gradio.Textbox(label="Prompt", lines=3), gradio.Textbox(label="Response", lines=10)],
        outputs=gradio.JSON(label="Results"),
        title="Local naturalness",
        description=f"Each reasoning step as {STUDENT} finds it, in nats per token; higher is more natural.",
    ).launch()


if __name__ == "__main__":
    main()
