"""Names that columns have in public data sets, by what they hold."""

import re
from collections.abc import Collection, Iterable

PROMPTS = ("prompt", "problem", "question", "query", "instruction")
RESPONSE_LISTS = ("generations", "responses", "completions", "candidates", "outputs")
# Of these, the first that is there answers a conversation that ends with a question; `answer` only beside
# reasoning, because elsewhere it is often the right result.
ANSWERS = ("response", "completion", "output", "generation")
CONVERSATIONS = ("messages", "conversations", "conversation")
# Columns that name the model that answered.
TEACHERS = (
    "model",
    "models",
    "teachers",
    "generator",
    "generators",
    "model_name",
    "model_names",
    "generation_model",
    "generation_models",
    "response_model",
    "response_models",
    "teacher_model",
    "model_used",
)
# Columns of what teachers may have been shown beside the prompt.
SYSTEM = ("system", "system_prompt", "system_message", "system_instruction")
PARTS = (
    "context",
    "contexts",
    "passage",
    "passages",
    "document",
    "documents",
    "article",
    "history",
    "prev_messages",
    "starter_code",
    "input",
    "choices",
    "options",
)
# Every name of a part of a row.
KNOWN = frozenset(
    {
        *PROMPTS,
        *RESPONSE_LISTS,
        *CONVERSATIONS,
        "response",
        "completion",
        "input",
        "output",
        "system",
        "history",
        "generation",
    }
)

# What names the model that answered, and what names another model.
_TEACHER = re.compile(
    r"(^|_)(models?|generators?|teachers?|llms?|engine)(_?(names?|ids?|used|slug|version|path))?$|"
    r"^(generated|written|answered|produced)_by$"
)
_JUDGE = re.compile(
    r"reward|judge|verif|grad(e|ing)|embed|critic|scor|label|annotat|eval|classif|filter|question|prompt|"
    r"instruction|student|base_model|world"
)

# Names of columns that hold the same. The first is that of rows.
_SAME = (
    PROMPTS,
    (*ANSWERS, "answer", "solution"),
    RESPONSE_LISTS,
    CONVERSATIONS,
    ("teacher", *TEACHERS),
)
# Matches `reasoning_details`, `thinking_blocks`, `thought` and `cot`, but not `reasoning_effort` or a
# signature.
_REASONING = re.compile(
    r"(?!.*(effort|budget|tokens|signature|id|enabled|format)$)"
    r"(.*(reasonings?|think(ing)?s?|thoughts?|rationales?|chain_?of_?thoughts?|scratchpad)|(.*_)?cots?|"
    r"analysis)(_?(contents?|texts?|details|blocks|traces?|process|trajector(y|ies)|chains?|steps|outputs?))?$",
    re.IGNORECASE,
)


def usual_name(column: str) -> str | None:
    """The usual name of a column that holds the same; `None` if the name does not say what it holds.

    >>> usual_name("question"), usual_name("generation"), usual_name("id")
    ('prompt', 'response', None)
    """
    return next((names[0] for names in _SAME if column in names), None)


def names_teacher(column: str) -> bool:
    """Whether the name of a column suggests that it names the model that answered.

    >>> names = ["model", "source_model", "generated_by", "reward_model", "model_score"]
    >>> list(filter(names_teacher, names))
    ['model', 'source_model', 'generated_by']
    """
    lower = column.strip().lower()
    return lower in TEACHERS or (_TEACHER.search(lower) is not None and not _JUDGE.search(lower))


def names_reasoning(name: str) -> bool:
    """Whether the name of a field or column suggests that it holds reasoning.

    >>> names = ["thinking", "Complex_CoT", "r1_thinking_trajectory", "finish_reason", "reasoning_effort"]
    >>> list(filter(names_reasoning, names))
    ['thinking', 'Complex_CoT', 'r1_thinking_trajectory']
    """
    return _REASONING.match(name) is not None


def renamed(columns: Iterable[str], others: Collection[str]) -> dict[str, str]:
    """New names for columns that other tables have under another name, as far as the names tell.

    >>> renamed(["id", "question", "answer"], ["prompt", "response"])
    {'question': 'prompt', 'answer': 'response'}
    """
    found: dict[str, str] = {}
    for column in columns:
        same = [other for other in others if other not in found.values() and _hold_the_same(column, other)]
        # Of several, such as `response` and `answer`, the usual one.
        same.sort(key=lambda other: other != usual_name(other))
        if same:
            found[column] = same[0]
    return found


def _hold_the_same(one: str, other: str) -> bool:
    return usual_name(one) is not None and usual_name(one) == usual_name(other)
