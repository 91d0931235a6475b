"""Text from data for a public page, without access tokens and local paths."""

import re

_MAX_LENGTH = 200

# Access tokens of the Hub (`hf_...`, `hf_oauth_...`, `hf_jwt_...`) and of services whose names teachers bear,
# JSON web tokens, and what stands before the host of an address.
_TOKEN = re.compile(
    r"""(?<![A-Za-z0-9])(?:
          (?:hf|api_org)_(?:[a-z]{2,12}_)*[A-Za-z0-9][\w.~+/=-]{6,}[\w=]
        | sk-[\w-]{16,} | gsk_\w{16,} | r8_\w{16,} | nvapi-[\w-]{16,} | xox[a-z]-[\w-]{8,}
        | gh[a-z]_\w{16,} | github_pat_\w{16,} | glpat-[\w-]{16,}
        | AKIA[A-Z0-9]{12,} | AIza[\w-]{20,}
        | eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?
        | (?<=://)[^\s/@]+(?=@) )""",
    re.VERBOSE,
)
# From where a path begins to its last separator, so that its last component stays. Greedy, because
# folders may contain blanks, and losing a word is better than showing a folder or a user's name. A path may
# follow a scheme (`vllm:/home/...`), but what follows `://` is an address.
_FOLDERS = re.compile(
    r"""(?<![\w./\\~])(?!(?<=:)//[^/])(?:file:/*)?"""
    r"""(?:~\w*|(?:[A-Za-z]:|\.{1,2})?(?=[\\/]+\S[^<>|"]*[\\/]))[\\/]+"""
    r"""(?:[^<>|"]*[\\/])?(?=[^\\/])"""
)
# A home folder is told from a part of an address by its name, wherever it stands.
_HOME = re.compile(
    r"[\\/]*(?<![A-Za-z0-9])(?:home|Users)[\\/]+[^\\/\s]+[\\/]+(?:[^<>|\"\s]*[\\/])?", re.IGNORECASE
)


def public_name(name: str) -> str:
    """A model's name without its folders. A Hub id keeps its namespace.

    >>> public_name("/home/someone/models/student-7b/"), public_name("Qwen/Qwen2.5-7B")
    ('student-7b', 'Qwen/Qwen2.5-7B')
    """
    parts = re.split(r"[\\/]+", public_text(name).rstrip("\\/"))
    is_hub_id = len(parts) <= 2 and "\\" not in name
    return "/".join(parts) if is_hub_id else parts[-1]


def public_text(text: object) -> str:
    """Text on one line, without access tokens, the folders of local paths and control characters.

    >>> public_text("judge=/home/someone/judge.py")
    'judge=judge.py'
    """
    visible = "".join(character if character.isprintable() else " " for character in str(text))
    line = _TOKEN.sub("(token removed)", " ".join(visible.split()))
    line = _HOME.sub("", _FOLDERS.sub("", line))
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1]}…"
