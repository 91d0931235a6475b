"""Run `map` with worker processes and print the scores as JSON; started by `test_workers.py`.

Arguments: start method, folder of a student, hub id of the same student. Spawned workers import everything
anew, so each kind of student is mapped once: from a folder before use, loaded and from the Hub after use.
"""

import json
import sys

import multiprocess
import torch
from datasets import Dataset, disable_progress_bars
from transformers import AutoModelForCausalLM, AutoTokenizer

from local_naturalness import GlobalScorer, LocalScorer

ROWS = {
    "prompt": ["Hi", "Add 1 and 2.", None, "And?"],
    "response": ["So it is.", "It is 3.\n\nIt is done.", "x", "Well then, I say."],
}


def scores(scorer, num_proc, **settings):
    dataset = Dataset.from_dict(ROWS)
    scored = dataset.map(scorer, num_proc=num_proc, load_from_cache_file=False, **settings)
    return [list(scored[scorer.criterion]), list(scored[f"{scorer.criterion}_spec"])]


def main(start_method, folder, hub_id):
    multiprocess.set_start_method(start_method)
    torch.set_num_threads(2)  # whose absence in a forked worker is what could hang
    disable_progress_bars()
    batched = {"batched": True, "batch_size": 2}
    found = {}

    found["folder"] = scores(LocalScorer(folder), 2, **batched)

    model = AutoModelForCausalLM.from_pretrained(folder).train()
    config = model.config.to_dict()
    scorer = LocalScorer(model, tokenizer=AutoTokenizer.from_pretrained(folder))
    scorer(ROWS)
    torch.mm(torch.ones(512, 512), torch.ones(512, 512))  # surely starts the threads of the parent
    found["loaded"] = scores(scorer, 2, with_rank=True, **batched)
    found["unchanged"] = model.training and model.config.to_dict() == config

    scorer = GlobalScorer(hub_id)
    scorer(ROWS)
    found["hub"] = scores(scorer, 1)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
