"""The examples of the page on clusters can be read by what they are for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

PAGE = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_description_of_a_cluster():
    (text,) = blocks("yaml")
    described = yaml.safe_load(text)
    kinds = described["available_node_types"]
    assert described["head_node_type"] in kinds
    assert sum(kind.get("max_workers", 0) for kind in kinds.values()) <= described["max_workers"]
    assert any("local_naturalness[ray]" in command for command in described["setup_commands"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("script", blocks("bash"))
def test_scripts(script, tmp_path):
    file = tmp_path / "script.sh"
    file.write_text(script)
    done = subprocess.run(["bash", "-n", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
