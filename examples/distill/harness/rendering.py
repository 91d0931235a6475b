"""Prompts as the scorers render them, and where an answer ends."""

from transformers import GenerationConfig, PreTrainedTokenizerBase

ANSWER = "An answer."


def opening_of(prompt: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """What the model continues: a chat template's prompt, else the prompt and a line break behind the BOS."""
    if not tokenizer.chat_template:
        writes_bos = tokenizer.bos_token_id in tokenizer(prompt).input_ids[:1]
        return ("" if writes_bos else tokenizer.bos_token or "") + prompt + "\n"
    turns = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def stop_tokens(tokenizer: PreTrainedTokenizerBase, config: GenerationConfig) -> set[int]:
    """Ids that end an answer: the end of a text, and what the chat template puts after an assistant's turn.

    The two differ in base models whose template closes turns with a token of its own: such a model would
    answer, close the turn, and go on.
    """
    known = config.eos_token_id
    ids = {tokenizer.eos_token_id, *(known if isinstance(known, list) else [known])}
    if tokenizer.chat_template:
        turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": ANSWER}]
        closing = tokenizer.apply_chat_template(turns, tokenize=False).rpartition(ANSWER)[2]
        ids |= set(tokenizer(closing, add_special_tokens=False).input_ids[:1]) & set(
            tokenizer.added_tokens_decoder
        )
    return ids - {None}
