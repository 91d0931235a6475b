"""The notebook is kept without outputs, runs, and shows its tables."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "examples" / "candidates_to_report.ipynb"


# The kernel's own messaging leaves sockets to the end of the process.
@pytest.mark.filterwarnings("ignore")
def test_the_notebook_goes_from_candidates_to_a_report(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="needs the extra 'dev'")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra 'dev'")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [
        output.get("data", {}).get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    assert sum("<table>" in html for html in shown) == 3
    assert "comes first" in (tmp_path / "report.html").read_text()
