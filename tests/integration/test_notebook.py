"""The notebook, cell by cell as Jupyter runs it, on a short clip at smoke scale."""

import ast
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from support import footage
from support.project import ROOT, run

NOTEBOOK = json.loads((ROOT / "notebooks/own-clip.ipynb").read_text(encoding="utf-8"))
CELLS = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
COMMAND = re.compile(r"^!(.*)$", re.MULTILINE)  # a line for the shell


def test_the_notebook_is_committed_as_before_its_first_run():
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert [(cell["execution_count"], cell["outputs"]) for cell in cells] == [(None, [])] * len(
        cells
    )


@pytest.mark.slow
def test_the_notebook_goes_from_a_clip_to_films_and_scores(tmp_path, monkeypatch):
    clip = footage.write(tmp_path / "a clip.mp4", footage.numbered(40, 96, 128))
    chosen = {"CLIP": str(clip), "FOLDER": tmp_path / "my films", "SCALE": "smoke"}
    monkeypatch.chdir(tmp_path)

    # What Jupyter brings: `!`, with Python's values in braces, and pictures.
    pictures = []
    display = ModuleType("IPython.display")
    display.Image = lambda filename: pictures.append(Path(filename).read_bytes()[:4])
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    values = {"shell": lambda line: run(Path.cwd(), "sh", "-c", line.format(**values))}

    for cell in CELLS:
        tree = ast.parse(COMMAND.sub(lambda line: f"shell({line[1]!r})", cell))
        for statement in tree.body:
            exec(compile(ast.Module([statement], []), "<cell>", "exec"), values)
            values |= {name: value for name, value in chosen.items() if name in values}
    assert pictures == [b"\x89PNG", b"GIF8", b"GIF8"]
    assert isinstance(values["scores"], pd.DataFrame)
    assert len(values["scores"]) > 0
