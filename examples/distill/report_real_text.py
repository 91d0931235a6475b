"""Make tables and figures of the real text that `score_real_text.py` has scored.

    python examples/distill/report_real_text.py --scores distill-output/real-text \
        --summary docs/evidence/real-text.json --output distill-output/real-text-tables

Without `--scores`, they are made from the summary. `write_evidence.py` puts them into the page.
"""

import argparse
import json
from pathlib import Path

from real_text.figures import plot_lengths, plot_positions
from real_text.positions import Places
from real_text.summary import LOCAL_AND_GLOBAL, read_costs, read_scored, summary_of
from real_text.tables import tables_of


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scores", type=Path, metavar="DIR", help="output of score_real_text.py")
    parser.add_argument("--summary", type=Path, required=True, metavar="FILE", help="written, or read")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="gets tables and figures")
    parser.add_argument("--students", nargs="+", metavar="NAME", help="folders of --scores (all)")
    parser.add_argument("--reduced", action="store_true", help="positions for short responses")
    options = parser.parse_args()
    if options.scores:
        folders = [path for path in sorted(options.scores.iterdir()) if any(path.glob("*.parquet"))]
        names = options.students or [path.name for path in folders]
        places = Places(edges=(0, 50, 100, 200), early=100, late=200) if options.reduced else Places()
        summary = summary_of({name: read_scored(options.scores / name) for name in names}, places)
        summary["costs"] = {name: read_costs(options.scores / name) for name in names}
        options.summary.parent.mkdir(parents=True, exist_ok=True)
        options.summary.write_text(json.dumps(summary, indent=None), encoding="utf-8")
    summary = json.loads(options.summary.read_text(encoding="utf-8"))
    options.output.mkdir(parents=True, exist_ok=True)
    for name, table in tables_of(summary).items():
        (options.output / f"{name}.md").write_text(table, encoding="utf-8")
    plot_positions(summary, options.output / "real-text-curves.svg")
    plot_lengths(summary, LOCAL_AND_GLOBAL, options.output / "real-text-lengths.svg")


if __name__ == "__main__":
    main()
