import json
from dataclasses import replace

import click
import pytest

from vidpipe.reproduction.comparison import Metric, Output
from vidpipe.reproduction.guarantees import Platform
from vidpipe.reproduction.report import Builder, Report

PLATFORM = Platform("cpu", "AVX2", "32K/512K/16384K", "2.13.0+cpu", 2, "Some CPU")
SAME = Output("digits", "data/digits.npz", "1" * 32, "1" * 32, same=True)
OTHER = Output("train", "data/model", "2" * 32 + ".dir", "3" * 32 + ".dir", same=False)
GONE = Output("train", "data/sheet.png", "4" * 32, "", same=False)
EQUAL = Metric("metrics/m.json", "a", 2.0, 2.0, 0.0, 0.0, agrees=True)
NEW = Metric("metrics/m.json", "b", None, 2.0, 0.0, None, agrees=False)
MISMATCH = {"digits": ["digits.count: recorded 501, is 500"]}


def report(outputs, metrics=(), mismatches=None, packages=(), level="bits"):
    builder = Builder(PLATFORM, list(packages))
    rows = (list(outputs), list(metrics), mismatches or {})
    return Report("v1", "f" * 40, builder, level, *rows, 1234.4)


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
    assert f"Made on: {PLATFORM}" in lines(shown)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (report([SAME, OTHER]), "data/model"),
        (report([SAME, GONE]), "data/sheet.png"),
        (report([SAME], [NEW]), "metrics/m.json b"),
        (
            report([SAME], mismatches=MISMATCH),
            "digits, digits.count: recorded 501, is 500",
        ),
    ],
)
def test_what_does_not_agree_is_red_and_named(shown, said):
    red = [click.unstyle(line) for line in shown.table() if click.style("", fg="red")[:5] in line]
    assert any(line.startswith(said) for line in red)
    assert "v1 is NOT reproduced" in red[-1]
    assert json.loads(shown.json())["agrees"] is False


def test_the_json_holds_every_row():
    whole = json.loads(report([SAME, OTHER, GONE], [EQUAL, NEW], MISMATCH, ["numpy: ..."]).json())
    assert [row["same"] for row in whole["outputs"]] == [True, False, False]
    assert [(row["difference"], row["agrees"]) for row in whole["metrics"]] == [
        (0, True),
        (None, False),
    ]
    assert whole["strays"] == MISMATCH
    assert whole["maker"]["packages"] == ["numpy: ..."]
    assert whole["maker"]["machine"]["capability"] == "AVX2"
    assert (whole["how"], whole["seconds"]) == ("rebuilt", 1234.4)


def test_what_was_pulled_was_made_by_nobody_here():
    shown = Report("v1", "f" * 40, None, "bits", [SAME], [], {}, 3.0)
    assert not [line for line in lines(shown) if line.startswith("Made on")]
    assert json.loads(shown.json())["how"] == "pulled"


def test_what_is_no_number_is_null_in_json():
    values = {"rebuilt": float("nan"), "difference": float("nan"), "agrees": False}
    nan = replace(EQUAL, **values)
    (row,) = json.loads(report([SAME], [nan]).json(), parse_constant=pytest.fail)["metrics"]
    assert (row["rebuilt"], row["difference"], row["agrees"]) == (None, None, False)


@pytest.mark.parametrize(
    ("level", "output", "agrees"),
    [
        ("bits", SAME, True),
        ("bits", OTHER, False),
        ("bits", GONE, False),
        ("tolerance", SAME, True),
        ("tolerance", OTHER, True),
        ("tolerance", GONE, False),
    ],
)
def test_a_level_says_what_outputs_must_be(level, output, agrees):
    assert report([output], level=level).agrees == agrees


@pytest.mark.parametrize("level", ["bits", "tolerance"])
def test_what_was_recorded_of_other_inputs_never_agrees(level):
    shown = report([SAME], mismatches=MISMATCH, level=level)
    assert not shown.accepts(SAME)
    assert not shown.agrees


def test_one_metric_out_of_tolerance_is_enough_to_differ():
    assert not report([SAME], [EQUAL, NEW], level="tolerance").agrees
