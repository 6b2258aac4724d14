import json

import click
import pytest

from vidpipe.reproduction.comparison import Comparison, Metric, Output
from vidpipe.reproduction.promise import Machine
from vidpipe.reproduction.report import Maker, Report

MACHINE = Machine("cpu", "AVX2", "32K/512K/16384K", "2.13.0+cpu", 2, "Some CPU")
SAME = Output("digits", "data/digits.npz", "1" * 32, "1" * 32)
OTHER = Output("train", "data/model", "2" * 32 + ".dir", "3" * 32 + ".dir")
GONE = Output("train", "data/sheet.png", "4" * 32, "")
EQUAL, NEW = (
    Metric("metrics/m.json", name, old, 2.0, 0.0) for name, old in (("a", 2.0), ("b", None))
)
STRAY = {"digits": ["digits.count: recorded 501, params.yaml says 500"]}


def report(outputs, metrics=(), strays=None, packages=()):
    found = Comparison("bits", list(outputs), list(metrics), strays or {})
    return Report("v1", "f" * 40, Maker(MACHINE, list(packages)), found, 1234.4)


def lines(shown):
    return [click.unstyle(line) for line in shown.table()]


def test_what_agrees_is_green_and_says_how_much_it_was():
    shown = report([SAME], [EQUAL])
    *_, verdict = shown.table()
    assert verdict == click.style(
        "v1 is reproduced at the level bits, after 20 min 34 s: "
        "1 of 1 outputs are the same bytes, 1 of 1 metrics agree",
        fg="green",
    )
    assert f"Made on: {MACHINE}" in lines(shown)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (report([SAME, OTHER]), "data/model"),
        (report([SAME, GONE]), "data/sheet.png"),
        (report([SAME], [NEW]), "metrics/m.json b"),
        (report([SAME], strays=STRAY), "digits, digits.count: recorded 501, params.yaml says 500"),
    ],
)
def test_what_does_not_agree_is_red_and_named(shown, said):
    red = [click.unstyle(line) for line in shown.table() if click.style("", fg="red")[:5] in line]
    assert any(line.startswith(said) for line in red)
    assert "v1 is NOT reproduced" in red[-1]
    assert json.loads(shown.json())["agrees"] is False


def test_the_json_holds_every_row():
    whole = json.loads(report([SAME, OTHER, GONE], [EQUAL, NEW], STRAY, ["numpy: ..."]).json())
    assert [row["same"] for row in whole["outputs"]] == [True, False, False]
    assert [(row["difference"], row["agrees"]) for row in whole["metrics"]] == [
        (0, True),
        (None, False),
    ]
    assert whole["strays"] == STRAY
    assert whole["maker"]["packages"] == ["numpy: ..."]
    assert whole["maker"]["machine"]["capability"] == "AVX2"
    assert (whole["how"], whole["seconds"]) == ("rebuilt", 1234.4)


def test_what_was_pulled_was_made_by_nobody_here():
    shown = Report("v1", "f" * 40, None, Comparison("bits", [SAME], []), 3.0)
    assert not [line for line in lines(shown) if line.startswith("Made on")]
    assert json.loads(shown.json())["how"] == "pulled"


def test_what_is_no_number_is_null_in_json():
    nan = Metric("metrics/m.json", "a", 2.0, float("nan"), 0.0)
    (row,) = json.loads(report([SAME], [nan]).json(), parse_constant=pytest.fail)["metrics"]
    assert (row["rebuilt"], row["difference"], row["agrees"]) == (None, None, False)
