"""What the emulated Hub remembers: repositories, their commits and uploaded blobs. No HTTP here."""

import hashlib
from dataclasses import dataclass, field

LARGE_FILE_SUFFIXES = (".parquet",)


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    message: str
    files: dict[str, bytes]


@dataclass
class Repo:
    repo_id: str
    private: bool
    commits: list[Commit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.commit("initial commit", "", {})

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    def at(self, revision: str) -> Commit | None:
        if revision == "main":
            return self.head
        return next((commit for commit in self.commits if commit.oid == revision), None)

    def commit(self, title: str, message: str, files: dict[str, bytes]) -> Commit:
        seed = f"{self.repo_id} {len(self.commits)}"
        oid = hashlib.sha1(seed.encode()).hexdigest()
        self.commits.append(Commit(oid, title, message, dict(files)))
        return self.head


def is_large(path: str) -> bool:
    return path.endswith(LARGE_FILE_SUFFIXES)


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_oid(path: str, content: bytes) -> str:
    return sha256(content) if is_large(path) else git_oid(content)


def tree_entry(path: str, content: bytes) -> dict:
    entry = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
    if is_large(path):
        entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
    return entry


def list_tree(files: dict[str, bytes], folder: str, recursive: bool) -> list[dict] | None:
    """Entries below `folder`, folders included; None where there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    below = {path: content for path, content in files.items() if path.startswith(prefix)}
    if folder and not below:
        return None
    folders = set()
    for path in below:
        parts = path[len(prefix) :].split("/")[:-1]
        folders |= {prefix + "/".join(parts[: depth + 1]) for depth in range(len(parts))}
    entries = [
        {"type": "directory", "path": path, "size": 0, "oid": git_oid(path.encode())}
        for path in sorted(folders)
    ] + [tree_entry(path, content) for path, content in sorted(below.items())]
    return [entry for entry in entries if recursive or "/" not in entry["path"].removeprefix(prefix)]
