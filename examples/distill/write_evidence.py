"""Put tables and figures of finished experiments into the pages of the documentation.

A table `name.md` of the results is written between the lines `<!-- table: name -->` and `<!-- end -->` of a
page. If the first line is `<!-- table: name, figure: what it shows -->`, the figure `name.svg` is added
below. Figures and the numbers of the tables are copied to the folder `evidence` beside the page:

    python examples/distill/write_evidence.py distill-output --pages docs/evidence-world.md
"""

import argparse
import re
import shutil
from pathlib import Path

BLOCK = re.compile(
    r"(?P<begin><!-- table: (?P<name>[\w-]+)(, figure: (?P<figure>[^\n]+?))? -->)\n.*?<!-- end -->", re.DOTALL
)

KEPT = (".svg", ".json")
BESIDE = "evidence"


def fill(page: str, folders: list[Path], beside: str) -> str:
    """The page with its tables replaced; those without results stay as they are.

    Args:
        page: its text.
        folders: with tables and figures.
        beside: name of the folder of figures, relative to the page.
    """

    def table(block: re.Match[str]) -> str:
        for folder in folders:
            path = folder / f"{block['name']}.md"
            if path.exists():
                parts = [block["begin"], path.read_text(encoding="utf-8").strip()]
                if block["figure"]:
                    parts.append(f"![{block['figure']}]({beside}/{block['name']}.svg)")
                return "\n\n".join([*parts, "<!-- end -->"])
        return block[0]

    return BLOCK.sub(table, page)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="+", type=Path, metavar="DIR", help="outputs of the scripts")
    parser.add_argument("--pages", nargs="+", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    for page in options.pages:
        text = page.read_text(encoding="utf-8")
        page.write_text(fill(text, options.results, BESIDE), encoding="utf-8")
        keep(text, options.results, page.with_name(BESIDE))


def keep(page: str, folders: list[Path], beside: Path) -> None:
    """Copy the figures of a page, and the numbers behind its tables."""
    for block in BLOCK.finditer(page):
        for path in [folder / f"{block['name']}{ending}" for folder in folders for ending in KEPT]:
            if path.exists():
                beside.mkdir(exist_ok=True)
                shutil.copy(path, beside)


if __name__ == "__main__":
    main()
