"""A dataset card with the provenance of a selection. Everything that people wrote stays unchanged."""

import re
from collections.abc import Iterable

from huggingface_hub import DatasetCard

from local_naturalness.hub.block import BEGIN, END, render
from local_naturalness.hub.provenance import Provenance
from local_naturalness.hub.redaction import public_name

TAGS = ("local-naturalness", "data-selection", "distillation")

_BLOCK = re.compile(f"{re.escape(BEGIN)}(?:(?!{re.escape(BEGIN)}).)*?{re.escape(END)}", re.DOTALL)


def new_card() -> DatasetCard:
    """The card of a repository that has none."""
    return DatasetCard("---\n{}\n---\n")


def updated_card(
    card: DatasetCard,
    provenance: Provenance,
    *,
    repo_id: str,
    snippet: str,
    licence: str | None,
    source_datasets: list[str],
) -> str:
    """The card's text with tags, sources, licence and the provenance block brought up to date.

    Args:
        card: The card on the Hub. Its front matter is changed in place.
        provenance: The facts for the block.
        repo_id: The heading of an empty card.
        snippet: Python code that loads the data for training.
        licence: `None` keeps what the card says.
        source_datasets: Added to those the card names.
    """
    source_datasets = [public_name(name) for name in source_datasets]
    card.data["tags"] = _merged(card.data.get("tags"), TAGS)
    if source_datasets:
        named = card.data.get("source_datasets")
        card.data["source_datasets"] = _merged(named, source_datasets)
    if licence is not None:
        card.data["license"] = licence
    block = render(provenance, snippet, licence, source_datasets)
    if _BLOCK.search(card.text):
        card.text = _BLOCK.sub(lambda _: block, card.text, count=1)
    else:
        above = card.text.rstrip() or f"\n# {repo_id.rpartition('/')[2]}"
        card.text = f"{above}\n\n{block}\n"
    return str(card)


def _merged(present: str | list[str] | None, added: Iterable[str]) -> list[str]:
    present = [present] if isinstance(present, str) else list(present or [])
    return [*present, *(name for name in added if name not in present)]
