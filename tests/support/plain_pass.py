"""One pass of a model as it is, for models that take no other."""

import torch


def mean_log_prob(model, tokenizer, row):
    """Mean log-probability of the response as the model itself computes it, token by token."""
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": row["prompt"]}], tokenize=False, add_generation_prompt=True
    )
    before, ids = (
        tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, row["response"])
    )
    with torch.no_grad():
        log_probs = model(input_ids=torch.tensor([before + ids])).logits[0].log_softmax(-1)
    return sum(log_probs[len(before) - 1 + i, token].item() for i, token in enumerate(ids)) / len(ids)
