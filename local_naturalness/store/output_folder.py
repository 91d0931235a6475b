"""The output folder of a command: one table, and a hidden folder with everything else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local_naturalness.inputs.folders import OWN_FOLDER
from local_naturalness.store.atomic_files import claim, part_file, settle
from local_naturalness.store.lock import locked
from local_naturalness.store.temporary_folders import workplace


class OutputFolder:
    """The paths in an output folder.

    Args:
        folder: folder of the final table.
        name: file name of the final table, without the extension.
    """

    def __init__(self, folder: str, name: str = "scored"):
        self.folder = Path(folder)
        self.table = self.folder / f"{name}.parquet"
        self.scores = self.folder / OWN_FOLDER / "scores"
        self.parts = self.folder / OWN_FOLDER / "parts"

    @property
    def has_scores(self) -> bool:
        """Whether an earlier run has finished any rows."""
        return any(self.scores.glob("*.parquet"))

    def check(self, may_replace: bool) -> None:
        """Check that the final table can be written, and will be the only table in the folder.

        Args:
            may_replace: whether the final table may exist already.

        Raises:
            ValueError: the folder holds another table, is a file, or has a name that `datasets` cannot use.
        """
        if "::" in str(self.folder):
            raise ValueError(
                f"`datasets` reads `::` in the name {str(self.folder)!r} as a chain of file systems: "
                "choose another --output."
            )
        hidden = self.folder / OWN_FOLDER
        nearest = next(path for path in (hidden, *hidden.parents) if path.exists() or path.is_symlink())
        if not nearest.is_dir():
            what = "is a file" if nearest.exists() else "links to nothing"
            raise ValueError(
                f"The output {str(self.folder)!r} must be a folder, and {str(nearest)!r} {what}: choose "
                "another --output."
            )
        others = sorted(
            path.name for path in self.folder.glob("*.parquet") if not (may_replace and path == self.table)
        )
        if others:
            raise ValueError(
                f"The folder {str(self.folder)!r} already holds a table ({others[0]}): choose another "
                "--output."
            )

    @contextmanager
    def in_use(self, name: str) -> Iterator[Path]:
        """Lock the folder for a run and provide an empty folder for its temporary files.

        The same run cannot be started twice at the same time.

        Args:
            name: name of the run.
        """
        hidden = self.folder / OWN_FOLDER
        hidden.mkdir(parents=True, exist_ok=True)
        what = f"The output folder {str(self.folder)!r}"
        with locked(hidden / f"{name}.lock", what) as is_locked, workplace(hidden, name, is_locked) as place:
            yield place

    def write_table(
        self, write: Callable[[Path], object], place: Path | None = None, may_replace: bool = True
    ) -> None:
        """Write the final table. It appears only when it is complete.

        Args:
            write: function that writes the table to a path.
            place: folder for the unfinished table, on the same disk. By default the output folder itself.
            may_replace: whether the final table may exist already.

        Raises:
            ValueError: another process has just written the table.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with part_file(place or self.folder) as part:
            write(part)
            try:
                (settle if may_replace else claim)(part, self.table)
            except FileExistsError:
                raise ValueError(
                    f"Another process has just written {str(self.table)!r}: choose another --output."
                ) from None
