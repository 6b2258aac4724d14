"""README's numbers are those of the committed metrics."""

import json
import re

from support.project import ROOT

ROW = re.compile(r"^\| `(?P<key>[\w.*]+)` \| (?P<seen>[^|]+) \| (?P<held>[^|]+) \|$", re.MULTILINE)
SPLITS = {"seen": "seen", "held": "held_out"}


def shown(numbers, key):
    """A number as README writes it, with its interval if there is one."""
    text = f"{numbers[key]:.2f}"
    if f"{key}_low" in numbers:
        text += f" ({numbers[f'{key}_low']:.2f} to {numbers[f'{key}_high']:.2f})"
    return text


def test_the_table_of_results_is_that_of_the_committed_metrics():
    numbers = json.loads((ROOT / "metrics/pix2pix.json").read_text(encoding="utf-8"))
    rows = list(ROW.finditer((ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(rows) >= 7
    for row in rows:
        for column, split in SPLITS.items():
            assert row[column].strip() == shown(numbers, row["key"].replace("*", split))


MODELS = re.compile(
    r"^\| in `metrics/<model>.json` \| (gan3d .+) \| unseen actors \| stills \|$", re.M
)


def test_the_table_of_clips_is_that_of_the_committed_metrics():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    models = MODELS.search(readme)[1].split(" | ")
    gan3d, *others = (
        json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8")) for model in models
    )
    cells = rf"^\| `(?P<key>\w+)` \|((?: [^|]+ \|){{{len(models) + 2}}})$"
    rows = list(re.finditer(cells, readme, re.MULTILINE))
    assert len(rows) >= 8
    for row in rows:
        key = row["key"]
        numbers = [model[key] for model in (gan3d, *others)]
        numbers += [gan3d[f"{key}_held_out"], gan3d[f"{key}_copy_first"]]
        assert [cell.strip() for cell in row[2].split("|")[:-1]] == [f"{n:.3g}" for n in numbers]


DIGITS = re.compile(r"^\| `(?P<key>\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_the_table_of_digits_is_that_of_the_committed_metrics():
    mlp_gan, dcgan = (
        json.loads((ROOT / f"metrics/{model}.json").read_text(encoding="utf-8"))
        for model in ("mlp_gan", "dcgan")
    )
    rows = list(DIGITS.finditer((ROOT / "README.md").read_text(encoding="utf-8")))
    assert len(rows) >= 6
    for row in rows:
        key = row["key"]
        numbers = [mlp_gan[key], dcgan[key], dcgan[f"{key}_held_out"]]
        assert [cell.strip() for cell in row.groups()[1:]] == [f"{n:.3g}" for n in numbers]
