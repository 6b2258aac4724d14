import re

import numpy as np
import pandas as pd
import pytest

from vidpipe.reporting.figures import MOST_POINTS, Curve, curves_of, line_chart, thinned


def chart(curves, **more):
    return line_chart(curves, title="Losses of <gan3d>", x="step", y="loss", **more)


def words(svg):
    return re.findall(r">([^<\n]+)</text>", svg)


def heights(svg):
    return {text: float(y) for y, text in re.findall(r'y="([\d.]+)"[^>]*>([^<\n]+)</text>', svg)}


TWO = [Curve("generator", [0, 1, 2], [3.0, 2.0, 2.0]), Curve("discriminator", [0, 1, 2], [1, 2, 2])]


def test_the_same_data_give_the_same_bytes_and_nothing_of_this_machine():
    svg = chart(TWO)
    assert svg == chart(TWO)
    assert not re.search(r"<metadata|<!DOCTYPE|<\?xml|Matplotlib|\d{4}-\d\d-\d\d", svg)
    assert not re.search(r"url\(http|<image|<style", svg)


def test_a_chart_takes_the_colours_and_the_width_of_its_page():
    svg = chart(TWO)
    assert "currentColor" in svg
    assert "var(--series-1" in svg
    assert "#0000" not in svg
    assert not re.search(r'<svg[^>]* width="', svg)
    assert 'aria-label="Losses of &lt;gan3d&gt;"' in svg


def test_axes_and_curves_are_named_and_no_name_is_over_another():
    svg = chart(TWO, reference=(2.0, "real"))
    assert {"step", "loss", "generator", "discriminator", "real"} <= set(words(svg))
    at = sorted(heights(svg)[name] for name in ("generator", "discriminator", "real"))
    assert min(np.diff(at)) >= 9, "each ends at the same height"


def test_an_interval_is_a_band():
    band = Curve("skill", [1, 2], [0.5, 0.4], low=[0.4, 0.3], high=[0.6, 0.5])
    assert "opacity: 0.18" in chart([band])
    assert "opacity: 0.18" not in chart([Curve("skill", [1, 2], [0.5, 0.4])])


def test_ten_thousand_rows_are_thinned_to_means():
    table = pd.DataFrame({"step": range(10_000), "generator": range(10_000)})
    (curve,) = curves_of(table, {"generator": "generator"})
    assert len(curve.x) == MOST_POINTS
    assert curve.y[0] == np.mean(range(50))
    assert len(chart([curve])) < 20_000


def test_what_is_not_finite_is_left_out():
    table = pd.DataFrame({"step": [1, 2, 3], "generator": [1.0, np.inf, 2.0], "l1": [np.nan] * 3})
    curves = curves_of(table, {"generator": "G", "l1": "L1", "mask": "mask"})
    assert [curve.label for curve in curves] == ["G"]
    assert "inf" not in chart(curves)


@pytest.mark.parametrize("text", ["", "nan", "torn"])
def test_what_is_no_number_is_none(text):
    table = thinned(pd.DataFrame({"step": ["1", text]}))
    assert table["step"].tolist()[0] == 1
    assert np.isnan(table["step"].tolist()[1])


def test_without_steps_there_is_no_curve():
    assert curves_of(pd.DataFrame({"generator": [1.0]}), {"generator": "generator"}) == []
