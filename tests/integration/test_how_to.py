"""A page that is followed word for word, at smoke scale, in a folder whose name has a space."""

import re

import pytest
from support.project import ROOT, copy, run

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs/how-to/reproduce-a-tag.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github/workflows/reproduce.yml").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def follow(project, heading):
    """Run the commands of one part of the page, in order; what the last one said."""
    part = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = "".join(BLOCK.findall(part)).splitlines()
    assert all(line.startswith("$ ") for line in lines)
    return [run(project, "sh", "-c", line.removeprefix("$ ")) for line in lines][-1]


def test_a_tag_of_ones_own_is_reproduced_and_a_claim_goes_red(tmp_path):
    project = copy(tmp_path, locked=True)
    said = follow(project, "A tag of your own")
    assert "numerals is reproduced at the level bits" in said
    assert re.search(r"\d+ of \d+ outputs", PAGE)[0] in said
    # The workflow's own step is the same command; `--json` has tests of its own.
    (step,) = re.findall(r"- run: \.venv/bin/(vidpipe .*) --json table\.json\n", WORKFLOW)
    command = step.replace('"$GITHUB_REF_NAME"', "numerals")
    assert f"$ {command}\n" in PAGE

    said = follow(project, "What red looks like")
    assert "digits, digits.count: recorded 501, is 500" in said
    red = [line.split()[0] for line in said.splitlines() if "of other inputs" in line]
    assert red == ["data/05_model_input/digits.npz", "data/05_model_input/digits.png"]
    assert said.rstrip().endswith("it ended with 1")
    branch = run(project, "git", "branch", "--show-current")
    follow(project, "Throw the trial away")
    assert (branch.strip(), run(project, "git", "tag", "--list").split()) == ("trial", [])
