"""Train the tiny embedded student of local_naturalness on generated text.

Example:
    python examples/embedded/train_student.py --steps 200 --output /tmp/student
"""

import argparse
import math
from itertools import islice
from pathlib import Path
from random import Random

import torch
from batches import Batch, batches
from build_tokenizer import CONTEXT, build_tokenizer
from corpus import conversations
from tqdm import tqdm
from training_text import training_texts
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

PACKAGE_FOLDER = Path(__file__).parents[2] / "local_naturalness" / "embedded"
TOKENIZER_CONVERSATIONS = 4000
WARM_UP_SHARE = 0.03


def train_student(
    output: Path,
    seed: int,
    steps: int,
    tokens_per_batch: int,
    learning_rate: float,
) -> float:
    """Write model and tokenizer to `output`; return the mean loss of the last tenth of steps."""
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    rng = Random(seed)
    sample = islice(conversations(rng), TOKENIZER_CONVERSATIONS)
    tokenizer = build_tokenizer(message["content"] for turns in sample for message in turns)
    model = new_model(tokenizer)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=learning_rate,
        betas=(0.9, 0.95),
        weight_decay=0.01,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: pace(step, steps))
    data = batches(training_texts(rng, tokenizer), tokenizer, tokens_per_batch, rng)
    losses = []
    progress = tqdm(islice(data, steps), total=steps, desc="training", disable=None)
    for batch in progress:
        losses.append(train_on(model, batch, optimizer))
        schedule.step()
        progress.set_postfix(loss=f"{losses[-1]:.3f}")
    model.save_pretrained(output)
    tokenizer.save_pretrained(output, save_jinja_files=False)
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def new_model(tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        # About 1 / sqrt(hidden_size); the usual 0.02, made for wide models, learns more slowly.
        initializer_range=0.08,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: a short rise, then half a cosine down to nothing."""
    rise = min(1.0, (step + 1) / (WARM_UP_SHARE * steps + 1))
    return rise * 0.5 * (1 + math.cos(math.pi * step / steps))


def train_on(model: LlamaForCausalLM, batch: Batch, optimizer: torch.optim.Optimizer) -> float:
    loss = model(**batch).loss
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=PACKAGE_FOLDER, help="gets a student/")
    parser.add_argument("--seed", type=int, default=0, help="of text, weights and order (0)")
    parser.add_argument("--steps", type=int, default=3000, help="optimizer steps (3000)")
    parser.add_argument("--tokens-per-batch", type=int, default=1536, help="at most (1536)")
    parser.add_argument("--learning-rate", type=float, default=3e-3, help="highest (0.003)")
    parser.add_argument(
        "--threads", type=int, default=2, help="torch threads; another number, other weights (2)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    loss = train_student(
        arguments.output / "student",
        arguments.seed,
        arguments.steps,
        arguments.tokens_per_batch,
        arguments.learning_rate,
    )
    print(f"mean loss of the last steps: {loss:.4f} nats per token")
