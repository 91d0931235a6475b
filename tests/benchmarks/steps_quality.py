"""Compare splitters on real reasoning traces; print Markdown tables.

Usage: ``python tests/benchmarks/steps_quality.py [--data FOLDER] [--tokenizer NAME]``. pysbd, syntok and
sentencex are compared if they are installed.

How boundaries are compared. A boundary is identified by the number of characters before it that are
not white space, so that it does not matter on which side of white space it stands. The ends of the
text are no boundaries. Per source, over all its rows together:

    precision = boundaries found that are gold / boundaries found
    recall    = boundaries found that are gold / gold boundaries
    F1        = harmonic mean of the two

"Inside" counts boundaries that stand within LaTeX or code, by plain expressions that are written
here and share nothing with the splitters.
"""

import argparse
import importlib.util
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from transformers import AutoTokenizer

from local_naturalness.embedded import student_path
from local_naturalness.encoding.offsets import token_starts
from local_naturalness.encoding.tokenization import step_token_ranges
from local_naturalness.steps import Splitter, align_steps, resolve_splitter
from local_naturalness.steps.code import LONG_CODE
from local_naturalness.steps.tiling import tile

PROJECT = Path(__file__).resolve().parents[2]
DATA = PROJECT.parent / "shared" / "data"

LATEX = re.compile(
    r"""
      \$\$ .+? \$\$
    | \\\[ .+? \\\]
    | \\\( .+? \\\)
    | \\begin\{(?P<name>\w+\*?)\} .+? \\end\{(?P=name)\}
    | (?<![\\$\w]) \$ (?=[^\s$]) [^$\n]+ (?<=[^\s$]) \$ (?![\d$])
    """,
    re.VERBOSE | re.DOTALL,
)
CODE = re.compile(r"^[ \t]*(?P<fence>```+).*?^[ \t]*(?P=fence)[ \t]*$|`[^`\n]+`", re.M | re.S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the JSON Lines files")
    parser.add_argument("--tokenizer", default=student_path(), help="hub id or folder (default: embedded)")
    options = parser.parse_args()
    data = options.data
    gold_rows = read_rows(data / "steps.jsonl")
    traces = read_rows(data / "long_traces.jsonl") + read_rows(data / "mixed_multi_teacher.jsonl")
    splitters = dict(all_splitters())
    print_boundaries(gold_rows, splitters)
    named = {name: splitters[name] for name in ("sentence", "line", "paragraph")}
    print_lengths(traces, named)
    print_lengths_in_tokens(traces, named, AutoTokenizer.from_pretrained(options.tokenizer))
    print_speed(traces, splitters)


def read_rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def all_splitters() -> Iterator[tuple[str, Splitter]]:
    for name in ("sentence", "line", "paragraph"):
        yield name, resolve_splitter(name)
    yield "every newline", resolve_splitter(re.compile(r"\n"))
    yield r"`(\. \|\? )`", resolve_splitter(re.compile(r"(\. |\? )"))
    for name, load in PEERS.items():
        if importlib.util.find_spec(name):
            yield name, Splitter(name, partial(spans_between, load()))


def spans_between(find: Callable[[str], list[int]], text: str) -> list[tuple[int, int]]:
    return tile(text, find(text))


def sentencex_boundaries() -> Callable[[str], list[int]]:
    import sentencex

    return lambda text: [s["start_index"] for s in sentencex.get_sentence_boundaries("en", text)]


def pysbd_boundaries() -> Callable[[str], list[int]]:
    import pysbd

    segmenter = pysbd.Segmenter(language="en", clean=False, char_span=True)
    return lambda text: sorted(span.start for span in segmenter.segment(text))


def syntok_boundaries() -> Callable[[str], list[int]]:
    from syntok import segmenter

    def starts(text: str) -> list[int]:
        paragraphs = segmenter.process(text)
        return sorted(sentence[0].offset for p in paragraphs for sentence in p if sentence)

    return starts


PEERS = {
    "sentencex": sentencex_boundaries,
    "pysbd": pysbd_boundaries,
    "syntok": syntok_boundaries,
}


def boundaries(spans: Iterable[tuple[int, int]]) -> list[int]:
    return [start for start, _ in spans][1:]


def inside(pattern: re.Pattern[str], text: str, positions: list[int]) -> list[int]:
    """Return the positions that stand within a match, and not at one of its ends."""
    covered = set()
    for match in pattern.finditer(text):
        covered.update(range(match.start() + 1, match.end()))
    return [position for position in positions if position in covered]


def print_boundaries(rows: list[dict], splitters: dict[str, Splitter]) -> None:
    scores = {name: score(rows, splitter) for name, splitter in splitters.items()}
    sources = list(next(iter(scores.values())))
    for position, title in enumerate(("F1", "Recall", "Precision")):
        print(f"\n### {title} of boundaries by source\n")
        header = ["source", "rows", *scores]
        counts = Counter(row["source"] for row in rows)
        table = [
            [source, counts[source], *(f"{s[source][position]:.3f}" for s in scores.values())]
            for source in sources
        ]
        means = [sum(s[source][position] for source in sources) for s in scores.values()]
        table.append(["**mean**", len(rows), *(f"**{m / len(sources):.3f}**" for m in means)])
        print_table(header, table)
    print("\n### Boundaries inside LaTeX or code, on the same rows\n")
    table = []
    for name, splitter in splitters.items():
        found = [(row["text"], boundaries(splitter.spans(row["text"]))) for row in rows]
        total = sum(len(positions) for _, positions in found)
        table.append([name, total, *(sum(len(inside(p, *pair)) for pair in found) for p in (LATEX, CODE))])
    print_table(["splitter", "boundaries", "inside LaTeX", "inside code"], table)


def score(rows: list[dict], splitter: Splitter) -> dict[str, tuple[float, float, float]]:
    """Return F1, recall and precision for each source."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for row in rows:
        gold = modulo_space(row["text"], align_steps(row["text"], row["steps"]))
        found = modulo_space(row["text"], splitter.spans(row["text"]))
        counts[row["source"]].update(hits=len(gold & found), gold=len(gold), found=len(found))
    return {
        source: (
            2 * c["hits"] / max(c["gold"] + c["found"], 1),
            c["hits"] / max(c["gold"], 1),
            c["hits"] / max(c["found"], 1),
        )
        for source, c in counts.items()
    }


def modulo_space(text: str, spans: list[tuple[int, int]]) -> set[int]:
    visible = 0
    positions = set()
    for start, end in spans:
        positions.add(visible)
        visible += len("".join(text[start:end].split()))
    return positions - {0}


def print_lengths(rows: list[dict], splitters: dict[str, Splitter]) -> None:
    print("\n### Length of steps in characters\n")
    table = []
    for name, splitter in splitters.items():
        for domain in sorted({row["domain"] for row in rows}):
            texts = [row["response"] for row in rows if row["domain"] == domain]
            table.append([name, domain, *length_statistics(texts, splitter)])
    print_table(
        "splitter|domain|steps|steps per 1,000 characters|10 %|50 %|90 %|99 %|longest|"
        "cut in LaTeX|cut in code|of it long".split("|"),
        table,
    )
    print(
        "\nCut in LaTeX or code: share of steps that begin or end there. Of it long: the part that "
        f"is due to code blocks of more than {LONG_CODE:,} characters, which are split on purpose."
    )


def length_statistics(texts: list[str], splitter: Splitter) -> list[str]:
    lengths, cuts = [], Counter()
    for text in texts:
        spans = splitter.spans(text)
        lengths += [end - start for start, end in spans]
        cuts["latex"] += steps_cut(spans, inside(LATEX, without_code(text), boundaries(spans)))
        in_code = inside(CODE, text, boundaries(spans))
        cuts["code"] += steps_cut(spans, in_code)
        cuts["long"] += steps_cut(spans, inside_long_code(text, in_code))
    shares = [f"{cuts[kind] / len(lengths):.2%}" for kind in ("latex", "code", "long")]
    return [*density_and_quantiles(lengths), *shares]


def density_and_quantiles(lengths: list[int]) -> list[str]:
    """Return the number of steps, that per 1,000 units of length, and quantiles of the lengths."""
    ordered = sorted(lengths)
    quantiles = [ordered[int(share * (len(ordered) - 1))] for share in (0.1, 0.5, 0.9, 0.99, 1)]
    density = 1000 * len(lengths) / sum(lengths)
    return [f"{len(lengths):,}", f"{density:.1f}", *(f"{q:,}" for q in quantiles)]


def print_lengths_in_tokens(rows: list[dict], splitters: dict[str, Splitter], tokenizer) -> None:
    """Steps as a scorer sees them: one that holds no token of its own counts with the next."""
    starts = [token_starts(tokenizer, row["response"])[1] for row in rows]
    print("\n### Length of steps in tokens\n")
    table = []
    for name, splitter in splitters.items():
        lengths: dict[str, list[int]] = defaultdict(list)
        for row, of_tokens in zip(rows, starts, strict=True):
            ranges, _ = step_token_ranges(of_tokens, splitter.spans(row["response"]))
            lengths[row["domain"]] += [end - start for start, end in ranges]
        for domain in sorted(lengths):
            table.append([name, domain, *density_and_quantiles(lengths[domain])])
    print_table("splitter|domain|steps|steps per 1,000 tokens|10 %|50 %|90 %|99 %|longest".split("|"), table)
    characters, tokens = sum(len(row["response"]) for row in rows), sum(map(len, starts))
    print(f"\nTokens of {Path(tokenizer.name_or_path).name}: {characters / tokens:.2f} characters each.")


def steps_cut(spans: list[tuple[int, int]], positions: list[int]) -> int:
    cut = set(positions)
    return sum(start in cut or end in cut for start, end in spans)


def without_code(text: str) -> str:
    """Return the text, as long as before, with dollars and backslashes in code made harmless."""
    return CODE.sub(lambda match: re.sub(r"[$\\]", "_", match.group()), text)


def inside_long_code(text: str, positions: list[int]) -> list[int]:
    blocks = [m.span() for m in CODE.finditer(text) if m.end() - m.start() > LONG_CODE]
    return [p for p in positions if any(start < p < end for start, end in blocks)]


def print_speed(rows: list[dict], splitters: dict[str, Splitter]) -> None:
    texts = [row["response"] for row in rows]
    short = texts[:: len(texts) // 60]  # for splitters that need minutes for all
    print("\n### Speed, the fastest of five passes\n")
    table = []
    for name, splitter in splitters.items():
        sample = short if name in PEERS else texts
        seconds = min(time_of_all(splitter, sample) for _ in range(5))
        table.append([name, f"{sum(map(len, sample)) / seconds / 1e6:.2f}"])
    print_table(["splitter", "million characters per second"], table)


def time_of_all(splitter: Splitter, texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        splitter.spans(text)
    return time.process_time() - start


def print_table(header: list, rows: list[list]) -> None:
    for cells in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(map(str, cells)) + " |")


if __name__ == "__main__":
    main()
