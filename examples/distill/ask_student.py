"""How long are the chains that a student of the synthetic task can solve?

    python examples/distill/ask_student.py --student distill-output/world/student

Prints the share of correct answers by the number of assignments. A guess is correct once in seven times. A
student can be used for the experiments if it solves short problems and fails from four assignments on.
"""

import argparse
from random import Random

import torch
from harness.answers import is_right
from harness.generation import answers_to
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from world.problems import draw_problem

MAX_NEW_TOKENS = 320


def share_right(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, length: int, count: int, seed: int
) -> float:
    """Exact match of the final answer, greedy decoding, on random problems of `length` assignments."""
    rng = Random(seed)
    asked = [draw_problem(rng, length) for _ in range(count)]
    prompts = [problem.prompt for problem in asked]
    answers, _ = answers_to(prompts, model, tokenizer, batch_size=50, max_new_tokens=MAX_NEW_TOKENS)
    right = [
        is_right(answer, str(problem.answer), "final_number")
        for answer, problem in zip(answers, asked, strict=True)
    ]
    return sum(right) / count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--student", required=True, metavar="DIR", help="folder of a student of this world")
    parser.add_argument("--lengths", type=int, nargs="+", default=[1, 2, 3, 4], help="(1 2 3 4)")
    parser.add_argument("--problems", type=int, default=200, help="of each length (200)")
    parser.add_argument("--seed", type=int, default=2, help="of the problems (2)")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the student was trained: another number of threads rounds differently
    model = AutoModelForCausalLM.from_pretrained(options.student)
    tokenizer = AutoTokenizer.from_pretrained(options.student)
    for length in options.lengths:
        share = share_right(model, tokenizer, length, options.problems, options.seed)
        print(f"{length} assignments: {share:.3f} of {options.problems} right", flush=True)


if __name__ == "__main__":
    main()
