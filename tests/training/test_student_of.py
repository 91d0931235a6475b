"""Whose text rows are: the student is the one that they were scored for, or the export says so."""

import chat_templates
import pytest
import tiny_models
import tiny_tokenizers
from datasets import Dataset

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.selection import export

ROWS = {"prompt": ["And 5?"], "response": ["\nIt is 5."]}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def rows(spec):
    return Dataset.from_dict(ROWS | {"local_naturalness_spec": [spec]})


def asked(prompt):
    return f"Q: {prompt}\nA:"


@pytest.fixture(scope="module")
def deleting():
    """A tokenizer whose template deletes reasoning, so that what is written tells whether it was known."""
    tokenizer = tiny_tokenizers.byte_level()
    tokenizer.chat_template = chat_templates.DEEPSEEK
    return tokenizer


@pytest.fixture
def cached(deleting, tmp_path, monkeypatch):
    """A tokenizer in the cache of the Hub, as scoring leaves it there."""
    folder = tmp_path / "models--me--student" / "snapshots" / COMMIT
    deleting.save_pretrained(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))


def test_the_student_of_the_scores_is_found_in_the_cache(cached):
    reasoned = rows(f"student=me/student@{COMMIT[:12]}; scorer=local; id=1").map(
        lambda row: {"response": "2 + 3</think>5"}
    )
    assert "labels" in export(reasoned, "trl").column_names


@pytest.mark.parametrize("label", [f"me/student@{COMMIT[::-1][:12]}", f"student@{COMMIT[:12]}"])
def test_another_commit_or_a_folder_is_not_taken_for_it(cached, caplog, label):
    ready = export(rows(f"student={label}; scorer=local; id=1"), "trl")
    assert ready.column_names[:2] == ["prompt", "completion"]
    assert f"the tokenizer of the student {label} was not found" in caplog.text


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, None),
        ({"reasoning_content": "2 + 3"}, "does not write 'reasoning_content'"),
        ({"thinking": "2 + 3"}, "does not write 'thinking'"),
        ({"content": "<think>2 + 3</think>It is 5."}, "deletes reasoning"),
    ],
)
def test_what_an_unknown_student_may_lose_is_told(caplog, parts, says):
    answer = {"role": "assistant", "content": "It is 5."} | parts
    messages = [[{"role": "user", "content": "And 5?"}, answer]]
    export(Dataset.from_dict({"messages": messages}), "trl")
    told = [line for line in caplog.messages if "are not compared" in line]
    assert len(told) == 1
    assert ("trained without the reasoning" in told[0]) == (says is not None)
    assert says is None or says in told[0]


def test_another_student_is_refused():
    with pytest.raises(ValueError, match=r"scored for the student me/other@01, and `student` is student@"):
        export(rows("student=me/other@01; scorer=local; id=1"), "trl", student=student_path())


def test_a_scorer_with_other_settings_is_refused(deleting):
    scorer = LocalScorer(Student(tiny_models.tiny_model("llama"), tokenizer=deleting))
    scored = Dataset.from_dict(ROWS).map(scorer, batched=True)
    assert "labels" in export(scored, "trl", student=scorer).column_names
    other = LocalScorer(scorer.student, prompt_template=asked)
    with pytest.raises(ValueError, match="scored with prompt_template=None"):
        export(scored, "trl", student=other)


@pytest.mark.parametrize("template", ["Q: {prompt}\nA:", asked])
def test_prompts_are_written_as_a_prompt_template_showed_them(deleting, template):
    scorer = LocalScorer(
        Student(tiny_models.tiny_model("llama"), tokenizer=deleting), prompt_template=template
    )
    scored = Dataset.from_dict(ROWS).map(scorer, batched=True)
    ready = export(scored, "prompt-completion", student=scorer)
    assert (ready[0]["prompt"], ready[0]["completion"]) == ("Q: And 5?\nA:", "\nIt is 5.")
    assert export(ready, "trl", student=scorer) is ready
    for wrong in (None, scorer.student):
        with pytest.raises(ValueError, match="pass the scorer as `student=`"):
            export(scored, "trl", student=wrong)
    with pytest.raises(ValueError, match="no trainer shows it `messages`"):
        export(scored, "messages", student=scorer)


def test_rows_of_different_templates_are_refused():
    specs = [f"student=me/s@01; scorer=local; {setting}id=1" for setting in ("", "prompt_template=0a; ")]
    mixed = Dataset.from_dict({"prompt": ["p", "q"], "response": ["r", "s"], "local_naturalness_spec": specs})
    with pytest.raises(ValueError, match="different settings of `prompt_template`"):
        export(mixed, "trl")
