"""Executing a notebook's cells, in order and in one namespace, with what they print as their outputs.

``python -m tests.exports.notebook`` writes the outputs into the notebook, against the door that DAGUANJIA_REPORTING_URL names.
"""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "three-questions.ipynb"


def executed(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the notebook with the outputs its cells have now, and the names they left behind. What a cell raises is raised."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    for nth, cell in enumerate((one for one in notebook["cells"] if one["cell_type"] == "code"), start=1):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile("".join(cell["source"]), f"cell {nth}", "exec"), names)
        lines = said.getvalue().splitlines(keepends=True)
        cell["execution_count"] = nth
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": lines}] if lines else []
    return notebook, names


def write_outputs() -> None:
    """Execute the notebook and keep its outputs in it."""
    notebook, _names = executed(NOTEBOOK)
    NOTEBOOK.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_outputs()
