"""How far do the accuracies of `lengths.py` come out alike in a second training, or with a second student?

    python examples/distill/lengths_agreement.py distill-output/lengths distill-output/lengths-student-2

The folders are outputs of `lengths.py`, each with a student of its own (`--pretraining-seed`). The table
`lengths-agreement.md` is written to the first of them.
"""

import argparse
import json
from pathlib import Path

from harness.lengths import Records, table_of_agreement
from harness.markdown import markdown
from lengths import FULL, REDUCED


def outcomes_of(output: Path, lengths: list[str]) -> dict[str, Records]:
    """Length -> records of `Outcome`, of the lengths that are finished."""
    files = {length: output / f"length-{number}.json" for number, length in enumerate(lengths)}
    return {
        length: json.loads(file.read_text(encoding="utf-8"))
        for length, file in files.items()
        if file.exists()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", nargs="+", type=Path, metavar="DIR", help="outputs of lengths.py")
    parser.add_argument("--reduced", action="store_true", help="they are of the same option of lengths.py")
    options = parser.parse_args()
    size = REDUCED if options.reduced else FULL
    table = markdown(table_of_agreement([outcomes_of(one, list(size.lengths)) for one in options.results]))
    (options.results[0] / "lengths-agreement.md").write_text(table + "\n")
    print(table)


if __name__ == "__main__":
    main()
