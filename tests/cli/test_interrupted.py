"""Ctrl-C while libraries are imported, which takes seconds, ends with one line."""

import subprocess
import sys

import pytest

from local_naturalness.embedded import student_path

_INTERRUPTED = """
import sys

class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
from local_naturalness.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("name", ["datasets", "sympy"])
def test_ctrl_c_during_imports_ends_with_one_line(name, candidates):
    code = _INTERRUPTED.format(name=name)
    words = ["estimate", str(candidates), "--student", student_path(), "--calibrate", "0"]
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (130, "Stopped.\n")


def test_the_command_line_imports_no_large_library_before_it_can_be_stopped():
    code = (
        "import sys, local_naturalness.cli; print({'torch', 'datasets', 'pandas', 'numpy'} & {*sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout == "set()\n"
