"""What was measured, as JSON, as tables of docs/performance.md, and as a figure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import packing, reading, steps, training
from benchmarks.bench.sides import ROOT
from vidpipe.utils.atomic import whole_file

PAGE = ROOT / "docs/performance.md"
FIGURE = ROOT / "docs/images/speed.svg"
BEGIN, END = "<!-- written by `make bench`: {} -->", "<!-- end of {} -->"
# Told apart by shape, and by colours that are safe for colour-blind readers (Okabe and Ito).
MARKERS = {"portable": ("o", "#0072b2"), "fast": ("s", "#d55e00"), "": ("D", "#009e73")}
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32)
STYLE = {"svg.hashsalt": "vidpipe", "svg.fonttype": "none", "font.size": 9.5}

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Ratio:
    """How this project compares with something else.

    Attributes:
        what: What is compared.
        value: The ratio.
        aim: What was to be reached.
        at_most: Less is better.
        unit: `times`, `%` or `s`.
        kind: `portable` or `fast`, of a training.
    """

    what: str
    value: float
    aim: float
    at_most: bool = False
    unit: str = "times"
    kind: str = ""

    @property
    def reached(self) -> bool:
        """True if the aim is reached."""
        return self.value <= self.aim if self.at_most else self.value >= self.aim

    @property
    def told(self) -> str:
        """The value, as tables have it."""
        return self._shown(self.value)

    @property
    def aimed(self) -> str:
        """The aim, as tables have it."""
        return f"{'at most' if self.at_most else 'at least'} {self._shown(self.aim)}"

    def _shown(self, value: float) -> str:
        digits = {"times": f"{value:.2f}", "%": f"{100 * value:.1f} %", "s": f"{value:.1f} s"}
        return digits[self.unit]


# Least ratios of `fast` to the plain loop; `portable` is to be no slower than it.
FAST_AIMS = {"pix2pix": 2.5, "dcgan": 2.5, "gan3d": 3.0, "convlstm_gan": 2.5}


def ratios(facts: Facts) -> list[Ratio]:
    """All that has an aim, of the subjects that were measured."""
    return [
        ratio for subject, of in RATIOS.items() if subject in facts for ratio in of(facts[subject])
    ]


def _of_training(facts: Facts) -> Iterator[Ratio]:
    for model, sides in facts.items():
        plain = sides["plain"]
        for kind, aim in (("portable", 1.0), ("fast", FAST_AIMS[model])):
            speed = plain["median"] / sides[kind]["median"]
            yield Ratio(f"{model}, `{kind}`: speed of the plain loop", speed, aim, kind=kind)
    for model, sides in facts.items():
        memory = sides["portable"]["peak_mib"] / sides["plain"]["peak_mib"]
        yield Ratio(f"{model}, `portable`: memory of the plain loop", memory, 1.3, at_most=True)


def _of_reading(facts: Facts) -> Iterator[Ratio]:
    sides = facts["sides"]
    second = sides[f"extract, every second frame, {reading.WORKERS} processes"]["median"]
    for name, aim in (("PyAV, decoding alone", 0.8), ("OpenCV, read and resize", 3.0)):
        if name in sides:
            rate = sides[name]["median"] / second
            yield Ratio(f"`extract`, every second frame: speed of {name}", rate, aim)


def _of_packing(facts: Facts) -> Iterator[Ratio]:
    pack, load = facts["pack"], facts["load"]
    ours, theirs = packing.OURS, packing.THEIRS
    speed = pack[theirs]["median"] / pack[ours]["median"]
    yield Ratio("packing: speed of `savez_compressed`", speed, 12.0)
    size = pack[ours]["bytes"] / pack[theirs]["bytes"]
    yield Ratio("size of `savez_compressed`'s file", size, 0.6, at_most=True)
    speed = load[theirs]["median"] / load[ours]["median"]
    yield Ratio("loading: speed of `numpy.load`", speed, 3.0)


def _of_overhead(facts: Facts) -> Iterator[Ratio]:
    share = facts["share_of_ten_minutes"]
    yield Ratio("Kedro, DVC and MLflow: share of ten minutes", share, 0.02, at_most=True, unit="%")
    for name, aim in (("`kedro run` of a data stage, to its node", 2.0), ("`vidpipe --help`", 1.0)):
        yield Ratio(name, facts["start"][name]["median"], aim, at_most=True, unit="s")


RATIOS = {
    "training": _of_training,
    "reading": _of_reading,
    "packing": _of_packing,
    "overhead": _of_overhead,
}


# ------------------------------------------------------------------------------------------ tables


def tables(facts: Facts) -> dict[str, list[str]]:
    """Lines of Markdown between the markers of each name."""
    made = {"machine": _machine(facts["machine"]), "ratios": _ratios(facts)}
    for subject, table in TABLES.items():
        if subject in facts:
            made[subject] = table(facts[subject])
    return made


def _table(*rows: tuple[str, ...]) -> list[str]:
    head, *others = rows
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *others)]


def _machine(machine: Facts) -> list[str]:
    sets = ", ".join(machine["instruction_sets"]) or "without AVX2"
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return [
        f"{machine['processor']}, {machine['cores']} cores, {sets}, {machine['memory_gib']} GiB; "
        f"{machine['system']}, Python {machine['python']}; {versions}."
    ]


def _ratios(facts: Facts) -> list[str]:
    rows = (
        (one.what, one.told, one.aimed, "yes" if one.reached else "**no**") for one in ratios(facts)
    )
    return [
        *_table(("what", "measured", "aim", "reached"), *rows),
        "",
        "![Times as fast as what one would take instead](images/speed.svg)",
    ]


def _time(facts: Facts, unit: float = 1e3, digits: int = 0) -> str:
    """Median, least and most."""
    median, least, most = (
        f"{unit * facts[key]:,.{digits}f}" for key in ("median", "least", "most")
    )
    return f"{median} ({least} to {most})"


def _training(facts: Facts) -> list[str]:
    rows = []
    for model, sides in facts.items():
        plain = sides["plain"]["median"]
        for side, one in sides.items():
            times = "1" if side == "plain" else f"{plain / one['median']:.2f}"
            title = training.MODELS[model] if side == "plain" else ""
            arithmetic = f", {one['runtime']['precision']}" if side == "fast" else ""
            shown = f"{side}{arithmetic}"
            rows.append((title, shown, _time(one), times, f"{one['peak_mib']:,}"))
    return _table(("training", "loop", "ms per step", "speed", "peak MiB"), *rows)


def _reading(facts: Facts) -> list[str]:
    alone = facts["sides"]["PyAV, decoding alone"]["median"]
    rows = [
        (name, f"{1 / one['median']:,.0f}", _time(one, 1e6), f"{alone / one['median']:.2f}")
        for name, one in facts["sides"].items()
    ]
    rows += [(name, reason, "", "") for name, reason in facts["skipped"].items()]
    return _table(("way", "frames per second", "µs per frame", "of decoding alone"), *rows)


def _packing(facts: Facts) -> list[str]:
    rows = [
        (name, *(_time(facts[action][name]) for action in packing.ACTIONS),
         f"{facts['pack'][name]['bytes']:,}")
        for name in (packing.OURS, packing.THEIRS)
    ]  # fmt: skip
    pairs = facts["pack"][packing.OURS]["pairs"]
    return _table((f"{pairs} pairs", "ms to pack", "ms to load", "bytes"), *rows)


def _overhead(facts: Facts) -> list[str]:
    rows = [(f"training by {name}", _time(one, 1, 1)) for name, one in facts["training"].items()]
    rows += [(name, _time(one, 1, 2)) for name, one in facts["start"].items()]
    return _table(("what", "seconds"), *rows)


def _profile(facts: Facts) -> list[str]:
    machine = facts[steps.MACHINE]
    parts = (steps.ARITHMETIC, steps.NORM, steps.OPTIMIZER, steps.TRAFFIC)
    rows = []
    for model in steps.MODELS:
        one = facts[model]
        shares = [one["parts"].get(part, 0.0) for part in parts]
        rate = one["gflop"] / (one["seconds"] * shares[0]) if shares[0] else 0.0
        rows.append(
            (model, f"{1000 * one['seconds']:.0f}", *(f"{share:.0%}" for share in shares),
             f"{one['gflop']:.1f}", f"{rate:.0f}",
             f"{1000 * one['gflop'] / machine['gflops']:.0f}")
        )  # fmt: skip
    head = ("model", "ms per step", *parts, "GFLOP", "GFLOP/s of the arithmetic",
            "ms at the matrix rate")  # fmt: skip
    items = [
        (model, *(f"`{name}` {share:.0%}" for name, share in facts[model]["largest"].items()))
        for model in steps.MODELS
    ]
    return [
        f"Matrix products run at {machine['gflops']:.0f} GFLOP/s here, copies at "
        f"{machine['gb_per_s']:.1f} GB/s read and written, in the runtime `fast`.",
        "",
        *_table(head, *rows),
        "",
        *_table(("model", "first", "second", "third"), *items),
    ]


TABLES = {
    "training": _training,
    "reading": _reading,
    "packing": _packing,
    "overhead": _overhead,
    "profile": _profile,
}


# ------------------------------------------------------------------------------------------- files


def replaced(text: str, made: Mapping[str, list[str]]) -> str:
    """The page with other tables between its markers.

    Raises:
        ValueError: If a marker is not there, once.
    """
    for name, lines in made.items():
        begin, end = BEGIN.format(name), END.format(name)
        if (text.count(begin), text.count(end)) != (1, 1):
            raise ValueError(f"{PAGE}: expected `{begin}` and `{end}`, once each")
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = "\n".join([f"{before}{begin}", "", *lines, "", f"{end}{after}"])
    return text


def draw(facts: Facts, path: Path) -> None:
    """Draw the ratios that are speeds, each beside its aim; the same facts, the same bytes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [one for one in reversed(ratios(facts)) if one.unit == "times" and not one.at_most]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 0.9 + 0.3 * len(shown)), layout="constrained")
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.axvline(1, color="grey", linewidth=0.8, linestyle=":")
        for place, one in enumerate(shown):
            marker, colour = MARKERS[one.kind]
            axes.plot([one.aim] * 2, [place - 0.35, place + 0.35], color="black", linewidth=1.5)
            axes.plot(one.value, place, marker, color=colour, markersize=7)
            axes.annotate(one.told, (one.value, place), (7, 0), textcoords="offset points",
                          va="center")  # fmt: skip
        axes.set_yticks(range(len(shown)), [one.what.replace("`", "") for one in shown])
        axes.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
        axes.set_xlim(TICKS[0], TICKS[-1])
        axes.set_xlabel("times as fast (log scale); a stroke is the aim")
        axes.spines[["top", "right"]].set_visible(False)
        with whole_file(path) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None})


def write(facts: Facts, results: Path, out: Path | None) -> None:
    """Write JSON, page and figure.

    Args:
        facts: What was measured.
        results: The JSON.
        out: A folder for page and figure; None: the documentation's own.
    """
    told = {
        one.what: {"value": round(one.value, 4), "aim": one.aim, "reached": one.reached}
        for one in ratios(facts)
    }
    page = out / PAGE.name if out else PAGE
    figure = out / FIGURE.name if out else FIGURE
    results.parent.mkdir(parents=True, exist_ok=True)
    text = replaced(PAGE.read_text(encoding="utf-8"), tables(facts))
    for path, content in (
        (results, json.dumps({**facts, "ratios": told}, indent=1) + "\n"),
        (page, text),
    ):
        with whole_file(path) as partial:
            partial.write_text(content, encoding="utf-8")
    draw(facts, figure)
