"""Put tables and figures of finished experiments into the page that reports them.

A table `name.md` of the results goes between the lines `<!-- table: name -->` and `<!-- end -->` of the page,
figures and the numbers behind the tables into a folder beside the page, which bears the page's name:

    python examples/distill/write_evidence.py distill-output distill-output/real-text --page docs/evidence.md
"""

import argparse
import re
import shutil
from pathlib import Path

BLOCK = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def fill(page: str, folders: list[Path]) -> str:
    """The page with its tables replaced; those without results stay as they are."""

    def table(block: re.Match[str]) -> str:
        for folder in folders:
            path = folder / f"{block['name']}.md"
            if path.exists():
                text = path.read_text(encoding="utf-8").strip()
                return f"<!-- table: {block['name']} -->\n\n{text}\n\n<!-- end -->"
        return block[0]

    return BLOCK.sub(table, page)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="+", type=Path, metavar="DIR", help="outputs of the scripts")
    parser.add_argument("--page", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    options.page.write_text(fill(page, options.results), encoding="utf-8")
    beside = options.page.with_suffix("")
    for path in sorted(path for folder in options.results for path in folder.iterdir()):
        if path.suffix in {".svg", ".json"}:
            beside.mkdir(exist_ok=True)
            shutil.copy(path, beside)


if __name__ == "__main__":
    main()
