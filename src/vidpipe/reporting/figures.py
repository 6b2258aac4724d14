"""Charts as SVG for pages, light or dark: text and axes take the colour of the page's text.

The same data give the same bytes. Series are told apart by a label at their end, by colour and by
dashes; the colours are safe for colour-blind readers.
"""

import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

INK = "#000001"  # stands for the colour of the page's text
# Stands for each series -> the page's variable, and the colour where a page has none (Okabe, Ito).
SERIES = {
    "#000011": "var(--series-1, #0072b2)",
    "#000012": "var(--series-2, #d55e00)",
    "#000013": "var(--series-3, #009e73)",
    "#000014": "var(--series-4, #cc79a7)",
}
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
WIDTH, HEIGHT = 4.7, 2.5  # inches: read without zoom on a telephone
FONT = 9.5  # points
MOST_POINTS = 200  # of a curve
LINE = 0.09  # of the height, from one label to the next
STYLE: Any = {
    "svg.hashsalt": "vidpipe",
    "svg.fonttype": "none",
    "font.size": FONT,
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Curve:
    """A series of a chart.

    Attributes:
        label: Name, at its right end.
        x: Places.
        y: Values; what is not finite is left out.
        low: Lower ends of intervals, if any.
        high: Upper ends of intervals, if any.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


def thinned(table: pd.DataFrame, most: int = MOST_POINTS) -> pd.DataFrame:
    """Return a table of no more than `most` rows, each the mean of as many in a row."""
    numbers = table.apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if len(numbers) <= most:
        return numbers
    return numbers.groupby(np.arange(len(numbers)) * most // len(numbers)).mean()


def curves_of(table: pd.DataFrame, columns: Mapping[str, str], x: str = "step") -> list[Curve]:
    """Return a curve for each column that the table has with a finite value.

    Args:
        table: A history.
        columns: Labels by name of the column.
        x: Name of the column of places.
    """
    if x not in table:
        return []
    thin = thinned(table[[x, *(name for name in columns if name in table)]])
    return [
        Curve(label, thin[x].tolist(), thin[name].tolist())
        for name, label in columns.items()
        if name in thin and thin[name].notna().any()
    ]


def line_chart(
    curves: Sequence[Curve],
    *,
    title: str,
    x: str,
    y: str,
    reference: tuple[float, str] | None = None,
) -> str:
    """Return an SVG of curves over one axis.

    Args:
        curves: At most four.
        title: What a screen reader says of it.
        x: Name and unit of the axis.
        y: Name and unit of the axis.
        reference: A level that curves are to be read against, and its name.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        axes = figure.add_axes((0.125, 0.2, 0.62, 0.75))
        for curve, colour, dash in zip(curves, SERIES, DASHES, strict=False):
            if curve.low is not None and curve.high is not None:
                axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.18, lw=0)
            axes.plot(curve.x, curve.y, color=colour, linestyle=dash, linewidth=1.6)
        if reference:
            axes.axhline(reference[0], color=INK, linewidth=0.8, alpha=0.55)
        axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set(xlabel=x, ylabel=y)
        axes.margins(x=0.01)
        axes.locator_params(nbins=5)
        _label_ends(axes, curves, reference)
        buffer = io.StringIO()
        # Without a date, a creator and a format, no block of metadata is written.
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    return _for_a_page(buffer.getvalue(), title)


def _label_ends(axes: Any, curves: Sequence[Curve], reference: tuple[float, str] | None) -> None:
    """Write the name of each curve, and of the level, beside its end, none over another."""
    bottom, top = axes.get_ylim()
    ends = []
    for curve, colour in zip(curves, SERIES, strict=False):
        finite = [value for value in curve.y if np.isfinite(value)]
        ends.append(((finite[-1] - bottom) / (top - bottom), curve.label, colour))
    if reference:
        ends.append(((reference[0] - bottom) / (top - bottom), reference[1], INK))
    ends.sort(key=lambda end: (end[0], end[1]))

    # Push labels up where they would touch, then all of them down where the last is too high.
    heights = list[float]()
    for height, _, _ in ends:
        heights.append(max(height, heights[-1] + LINE) if heights else height)
    for place in reversed(range(len(heights))):
        ceiling = heights[place + 1] - LINE if place + 1 < len(heights) else 1.0
        heights[place] = min(heights[place], ceiling)

    for (end, label, colour), height in zip(ends, heights, strict=True):
        style = {"xycoords": "axes fraction", "textcoords": "axes fraction", "va": "center"}
        line = {"arrowstyle": "-", "color": colour, "lw": 1.4, "shrinkA": 1, "shrinkB": 0}
        axes.annotate(
            label, xy=(1.0, end), xytext=(1.06, height), arrowprops=line, color=INK,
            annotation_clip=False, **style,
        )  # fmt: skip


def _for_a_page(svg: str, title: str) -> str:
    """Return an SVG as a part of HTML: as wide as its place, in the page's colours, named."""
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r" font-family: [^;]*;", "", svg)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    # Names of parts that nothing refers to would be in a page twice.
    used = set(re.findall(r"#([\w.-]+)[\")]", svg))
    svg = re.sub(r' id="([\w.-]+)"', lambda match: match[0] if match[1] in used else "", svg)
    for placeholder, colour in SERIES.items():
        svg = svg.replace(placeholder, colour)
    svg = svg.replace(INK, "currentColor")
    svg = re.sub(r"\n\s*", "\n", svg)
    name = html.escape(title, quote=True)
    return svg.replace("<svg ", f'<svg class="chart" role="img" aria-label="{name}" ', 1)
