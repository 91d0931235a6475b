"""The student of the miniature world: a Llama of a million parameters, trained on the corpus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import torch
from datasets import Dataset
from transformers import (
    DataCollatorForSeq2Seq,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from world.corpus import SHARE_OF_FACTS, SHORT_LENGTHS, conversations, facts
from world.optimizer import MuonWithAdamW
from world.problems import LETTERS, SHARE_WITH_EARLIER_VARIABLE
from world.teachers import Teacher
from world.tokenizer import CONTEXT, build_tokenizer

TEXTS_FOR_TOKENIZER = 3000
STEPS_SORTED_TOGETHER = 64
SHARE_OF_STEPS_ON_FACTS_ALONE = 0.15
SHARE_OF_STEPS_SLOWING_DOWN = 0.3
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.01
BETAS = (0.9, 0.95)
IGNORED_LABEL = -100

Document = dict[str, list[int]]


@dataclass(frozen=True)
class Pretraining:
    """How a student is pretrained; the defaults are those of the first world.

    Args:
        letters, lengths, earlier: Of problems, see `conversations`.
        context: Tokens.
        long_share: Share of the conversations that many others follow in the same document. Distances between
            tokens that a student has never met in training are noise to it.
        documents_per_step: With AdamW, thousands of small steps learn the facts of arithmetic sooner than
            hundreds of large ones.
        muon: Muon for the layers' matrices: with half the steps, it leaves a third of AdamW's errors.
    """

    letters: str = LETTERS
    lengths: tuple[int, ...] = SHORT_LENGTHS
    earlier: float = SHARE_WITH_EARLIER_VARIABLE
    context: int = CONTEXT
    long_share: float = 0.0
    documents_per_step: int = 8
    muon: bool = False


def make_student(
    output: Path,
    manners: Sequence[Teacher],
    seed: int,
    steps: int,
    width: int,
    pretraining: Pretraining = Pretraining(),
) -> float:
    """Write model and tokenizer to `output`; return the mean loss in nats per token."""
    rng = Random(seed)
    dialogues = conversations(rng, manners, pretraining.letters, pretraining.lengths, pretraining.earlier)
    fact_rows = facts(rng, manners)
    sample = [text for pair in islice(dialogues, TEXTS_FOR_TOKENIZER) for text in pair]
    tokenizer = build_tokenizer([*sample, *islice(fact_rows, TEXTS_FOR_TOKENIZER)], pretraining.context)
    responses = _only_responses(dialogues, tokenizer)
    if pretraining.long_share:
        responses = _some_in_a_row(responses, Random(seed), pretraining)
    documents = pretraining.documents_per_step
    curriculum = _curriculum(rng, _only_results(fact_rows, tokenizer), responses, steps, documents)
    torch.manual_seed(seed)
    model = _new_model(tokenizer, width, pretraining.context)
    muon = MuonWithAdamW(model, LEARNING_RATE, WEIGHT_DECAY, BETAS) if pretraining.muon else None
    trainer = Trainer(
        model=model,
        optimizers=(muon, None),
        args=TrainingArguments(
            output_dir=str(output),
            max_steps=steps,
            per_device_train_batch_size=documents,
            train_sampling_strategy="sequential",
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="warmup_stable_decay",
            lr_scheduler_kwargs={"num_decay_steps": int(SHARE_OF_STEPS_SLOWING_DOWN * steps)},
            warmup_steps=30,
            adam_beta1=BETAS[0],
            adam_beta2=BETAS[1],
            weight_decay=WEIGHT_DECAY,
            seed=seed,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            use_cpu=True,
        ),
        train_dataset=Dataset.from_list(curriculum),
        data_collator=DataCollatorForSeq2Seq(tokenizer),
    )
    loss = trainer.train().training_loss
    trainer.save_model(str(output))
    tokenizer.save_pretrained(output, save_jinja_files=False)
    return loss


def _new_model(tokenizer: PreTrainedTokenizerFast, width: int, context: int) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        # About 1 / sqrt(width); the usual 0.02, made for wide models, learns more slowly.
        initializer_range=0.08 * (128 / width) ** 0.5,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def _curriculum(
    rng: Random, fact_rows: Iterator[Document], dialogues: Iterator[Document], steps: int, per_step: int
) -> list[Document]:
    """Facts first, then facts and conversations; neighbours are of similar length, which spares padding."""
    on_facts = int(SHARE_OF_STEPS_ON_FACTS_ALONE * steps) * per_step
    documents = list(islice(fact_rows, on_facts))
    while len(documents) < steps * per_step:
        pool = [
            next(fact_rows if rng.random() < SHARE_OF_FACTS else dialogues)
            for _ in range(STEPS_SORTED_TOGETHER * per_step)
        ]
        pool.sort(key=lambda document: len(document["input_ids"]))
        batches = [pool[start : start + per_step] for start in range(0, len(pool), per_step)]
        rng.shuffle(batches)
        documents += [document for batch in batches for document in batch]
    return documents[: steps * per_step]


def _only_results(fact_rows: Iterator[str], tokenizer: PreTrainedTokenizerFast) -> Iterator[Document]:
    """Which fact comes next is nobody's knowledge, its result is."""
    equals = tokenizer.convert_tokens_to_ids(["=", "makes"])
    for rows in fact_rows:
        ids = tokenizer(rows + tokenizer.eos_token, add_special_tokens=False).input_ids
        results = zip([None, *ids], ids, strict=False)
        yield _document(ids, [id if before in equals else IGNORED_LABEL for before, id in results])


def _only_responses(
    dialogues: Iterator[tuple[str, str]], tokenizer: PreTrainedTokenizerFast
) -> Iterator[Document]:
    for prompt, response in dialogues:
        turns = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        opening = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(turns, tokenize=False)
        ids = tokenizer(whole, add_special_tokens=False).input_ids
        seen = len(tokenizer(opening, add_special_tokens=False).input_ids)
        yield _document(ids, [IGNORED_LABEL] * seen + ids[seen:])


def _some_in_a_row(
    documents: Iterator[Document], rng: Random, pretraining: Pretraining
) -> Iterator[Document]:
    """Documents, some of them joined up to any length that the context holds."""
    for document in documents:
        room = rng.randrange(pretraining.context) if rng.random() < pretraining.long_share else 0
        while len(document["input_ids"]) < room:
            following = next(documents)
            document = {
                key: (values + following[key])[: pretraining.context] for key, values in document.items()
            }
        yield document


def _document(ids: list[int], labels: list[int]) -> Document:
    return {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": labels}
