"""The report and a comparison, in a real browser."""

import shutil

import pytest
from support.browser import CONTRAST, executable, opened
from support.results import write_tree

from vidpipe.reporting.page import render_report
from vidpipe.reporting.results import read_tree
from vidpipe.reporting.side_by_side import (
    ComparedRun,
    ScoredModel,
    compare,
    render_comparison,
)

pytestmark = pytest.mark.slow
ADVANCES = """(film) => new Promise((resolve) => {
  const start = film.currentTime;
  const look = () => (film.currentTime !== start ? resolve(true) : setTimeout(look, 50));
  look();
})"""
TIMES = "() => [...document.querySelectorAll('video')].map((film) => film.currentTime)"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a whole tree."""
    executable()
    tree = write_tree(tmp_path_factory.mktemp("report") / "tree")
    file = tree / "report.html"
    file.write_text(render_report(read_tree(tree, {})), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def comparison(report):
    """A page of two runs of gan3d."""
    folder = report.parent / "data/07_model_output/gan3d"
    runs = [
        ComparedRun(name, "revision", {"gan3d": ScoredModel("gan3d", {"motion_ratio": score},
                    params={"gan3d.train.steps": str(score)}, samples=folder)})
        for name, score in (("a", 0.5), ("b", 0.6))
    ]  # fmt: skip
    file = report.with_name("compare.html")
    file.write_text(render_comparison(runs, compare(runs, {}, with_films=True)), encoding="utf-8")
    return file


@pytest.fixture(params=["report", "comparison"])
def file(request):
    return request.getfixturevalue(request.param)


def test_the_page_asks_for_nothing_and_all_of_it_is_shown_and_moves(chromium, file, tmp_path):
    # A folder of its own: nothing lies beside the page.
    alone = shutil.copyfile(file, tmp_path / "alone.html")
    page = opened(chromium, alone)
    assert page.locator("video").count() >= 2
    for picture in page.locator("img").all():
        assert picture.evaluate("(image) => image.complete && image.naturalWidth > 1")
    for film in page.locator("video").all():
        film.scroll_into_view_if_needed()
        page.wait_for_function("(film) => film.readyState >= 2", arg=film.element_handle())
        assert film.evaluate(ADVANCES)
    assert page.errors == []
    assert [url for url in page.asked if not url.startswith("data:")] == [alone.as_uri()]
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_read_on_a_telephone_in_both_themes(chromium, file, scheme):
    page = opened(chromium, file, width=390, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = page.evaluate(CONTRAST)
    assert found["seen"] > 20
    assert found["bad"] == []
    page.close()


def test_films_stop_and_step_together(chromium, comparison):
    page = opened(chromium, comparison)
    for film in page.locator("video").all():
        page.wait_for_function("(film) => film.readyState >= 2", arg=film.element_handle())
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("() => !document.querySelector('video').seeking")
    first, second = page.evaluate(TIMES)
    assert first == pytest.approx(second, abs=0.02)
    assert page.evaluate("[...document.querySelectorAll('video')].every((film) => film.paused)")
    page.get_by_role("button", name="One frame on").click()
    stepped, beside = page.evaluate(TIMES)
    assert stepped == pytest.approx(beside, abs=0.02)
    assert stepped != first
    page.get_by_role("button", name="Play").click()
    assert page.locator("video").first.evaluate(ADVANCES)
    page.close()


def test_whoever_wants_no_motion_sees_stills(chromium, report):
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(report.as_uri())
    assert page.evaluate("[...document.querySelectorAll('video')].every((film) => film.paused)")
    page.close()
