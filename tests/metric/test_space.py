"""The folder `local_naturalness/metric` is loaded by `evaluate` and can be served as a Space."""

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import evaluate
import pytest
import yaml

from local_naturalness import LocalNaturalness
from local_naturalness.embedded import student_path
from local_naturalness.metric import app, metric_path

FOLDER = Path(metric_path())


@pytest.mark.parametrize("path", [FOLDER, FOLDER / "metric.py"], ids=["folder", "file"])
def test_evaluate_loads_the_metric(path, tmp_path, texts):
    # In a process that has not imported the library, with a cache that holds nothing, offline.
    program = f"""
import evaluate
metric = evaluate.load({str(path)!r})
results = metric.compute(**{texts!r}, model_id={student_path()!r})
print(metric.name, results["local_naturalness_status"])
"""
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1", "HF_EVALUATE_OFFLINE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stdout == "local_naturalness ['ok', 'ok', 'ok']\n", run.stderr


def test_loaded_and_imported_metrics_are_the_same_class():
    assert type(evaluate.load(metric_path())) is LocalNaturalness


def test_every_import_of_the_module_stands_alone():
    lines = (FOLDER / "metric.py").read_text().splitlines()
    imports = [line for line in lines if re.match("import |from ", line)]
    assert imports and not any("," in line or "(" in line for line in imports)


def test_the_app_scores_one_response(monkeypatch):
    monkeypatch.setattr(app, "STUDENT", student_path())
    results = app.score("What is 2 + 3?", "Adding 2 and 3 gives 5. The answer is 5.")
    assert results["num_steps"] == [2]


def test_the_example_of_the_card_runs():
    card = (FOLDER / "README.md").read_text()
    [code] = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    runner = doctest.DocTestRunner()
    runner.run(doctest.DocTestParser().get_doctest(code, {}, "card", None, 0))
    assert runner.failures == 0 and runner.tries > 0


def test_the_card_names_every_setting_and_result(texts):
    card = (FOLDER / "README.md").read_text()
    settings = set(inspect.signature(LocalNaturalness.compute).parameters) - {"self"}
    results = set(LocalNaturalness(keep_in_memory=True).compute(**texts, model_id=student_path()))
    assert settings | results <= set(re.findall(r"`(\w+)`", card))


def test_the_card_is_of_a_space_that_serves_the_app():
    front = yaml.safe_load((FOLDER / "README.md").read_text().split("---")[1])
    assert front["sdk"] == "gradio" and (FOLDER / front["app_file"]).is_file()
    assert front["tags"] == ["evaluate", "metric"]
    assert (FOLDER / "requirements.txt").read_text().split() == ["local_naturalness"]


def test_the_metric_describes_itself(metric):
    assert metric.citation in (FOLDER / "README.md").read_text()
    assert "one for one with prompts" in metric.compute.__doc__
