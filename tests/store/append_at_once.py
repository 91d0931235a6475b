"""Score rows that another process scores at the same time; started by `test_score_store.py`.

Arguments: folder of the store, factor of the scores. Prints the scores as JSON.
"""

import json
import random
import sys

from some_stores import Compute, examples, store


def main(folder, factor):
    random.seed(factor)
    texts = [str(number) for number in range(300)]
    print("ready", flush=True)
    sys.stdin.readline()
    here, scores = store(folder), {}
    for _ in range(60):
        chosen = random.sample(texts, 10)
        rows = here.scores(examples(*chosen), Compute(factor))
        scores |= {text: row["score"] for text, row in zip(chosen, rows, strict=True)}
    rows = here.scores(examples(*texts), Compute(factor))
    again = {text: row["score"] for text, row in zip(texts, rows, strict=True)}
    assert scores.items() <= again.items(), "a score changed"
    print(json.dumps(again))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
