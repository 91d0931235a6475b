"""The lines of Python that train a student on the pushed data."""

import re

from local_naturalness.hub.redaction import public_name
from local_naturalness.training import Form

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def training_snippet(repo_id: str, split: str, export: Form, students: list[str]) -> str:
    """Code for TRL's `SFTTrainer`.

    Args:
        repo_id: The dataset.
        split: The split to train on.
        export: The form the data was pushed in.
        students: Names of the students that scored it; used if there is one and it is a Hub id.
    """
    names = {public_name(student) for student in students}
    is_known = len(names) == 1 and all(_HUB_ID.fullmatch(name) for name in names)
    student = names.pop() if is_known else "<your student>"
    # Without this, TRL would train on the prompts of conversations too.
    loss = ", assistant_only_loss=True" if export == "messages" else ""
    unready = [] if export else ["# TRL wants `prompt` and `completion`: rename columns where needed."]
    return "\n".join(
        [
            "from datasets import load_dataset",
            "from trl import SFTConfig, SFTTrainer",
            "",
            *unready,
            f'dataset = load_dataset("{repo_id}", split="{split}")',
            "trainer = SFTTrainer(",
            f'    model="{student}",',
            "    # By default responses are cut after 1,024 tokens, which is short for reasoning.",
            f'    args=SFTConfig(output_dir="student", max_length=None{loss}),',
            "    train_dataset=dataset,",
            ")",
            "trainer.train()",
        ]
    )
