"""Scored rows with steps and hostile texts, made without a student."""

import numpy as np

EVIL = '"><img src=x onerror=alert(1)>'
SENTENCES = [
    "We add </style><script>alert(2)</script>.",
    " It is \u202eabc.",
    " So \x1b[2Jit is 5.",
    " Done.",
]


def scored_rows(num_prompts=12, num_steps=4, teachers=("a", EVIL, "c")):
    """Rows as scorers leave them, with steps; numbers can be told from the seed alone."""
    generator = np.random.default_rng(0)
    rows = []
    for prompt in range(num_prompts):
        for place, teacher in enumerate(teachers):
            steps = [SENTENCES[number % 4] for number in range(num_steps + place)]
            ends = np.cumsum([len(step) for step in steps]).tolist()
            scores = generator.normal(-1 - 0.2 * place, 0.5, len(steps)).tolist()
            tokens = generator.integers(5, 15, len(steps)).tolist()
            global_scores = (np.array(scores) + generator.normal(0.1, 0.1, len(steps))).tolist()
            rows.append(
                {
                    "prompt": f"What is </title> {prompt} + 1?",
                    "teacher": teacher,
                    "response": "".join(steps),
                    "local_naturalness": float(np.mean(scores)),
                    "local_naturalness_status": "ok",
                    "local_naturalness_spec": "student=/home/somebody/models/tiny@0123; window=4; id=1",
                    "global_naturalness": float(np.average(global_scores, weights=tokens)),
                    "num_tokens": sum(tokens),
                    "num_steps": len(steps),
                    "is_correct": bool(generator.random() < 0.5),
                    "step_scores": scores,
                    "global_step_scores": global_scores,
                    "step_tokens": tokens,
                    "step_spans": [list(span) for span in zip([0, *ends[:-1]], ends, strict=True)],
                }
            )
    return rows
