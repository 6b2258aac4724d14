import json
import re

import pandas as pd
import pytest
from support.results import write_films, write_tree

from vidpipe.config.schema import CLIP_GAN_NAMES
from vidpipe.reporting.page import render_report, tied
from vidpipe.reporting.results import MODELS, read_tree

LARGEST = 4 * 10**6  # bytes of a report


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The tree of all models, and its report."""
    tree = write_tree(tmp_path_factory.mktemp("report") / "tree")
    return tree, render_report(read_tree(tree, {}))


def text_of(page):
    """The words of a page."""
    body = re.sub(r"<(style|script|svg).*?</\1>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("\N{NO-BREAK SPACE}", " ")


def test_the_same_tree_gives_the_same_bytes(whole):
    tree, page = whole
    assert render_report(read_tree(tree, {})) == page
    assert str(tree) not in page
    assert len(page.encode()) < LARGEST


def test_the_page_asks_for_no_other_file(whole):
    _, page = whole
    links = re.findall(r'(?:src|href|data)="([^"]*)"', page)
    assert {link[:5] for link in links if not link.startswith("#")} == {"data:"}
    assert not re.search(r"@import|url\((?!#)", page)


def test_every_model_has_a_film_beside_real_ones_its_scores_and_its_command(whole):
    _, page = whole
    assert page.count("<video") == 1 + len(CLIP_GAN_NAMES) * 3 + 4 + 3 + 2
    assert page.count("autoplay muted loop playsinline") == page.count("<video")
    for name in MODELS:
        assert f'<article id="{name}">' in page
        assert f"dvc repro {name}_evaluate" in page
    assert not re.search(r'class="none"', page)


def test_the_first_sentences_say_which_model_is_best_and_how_far_from_real(whole):
    tree, page = whole
    words = text_of(page)
    numbers = {
        name: json.loads((tree / f"metrics/{name}.json").read_text()) for name in CLIP_GAN_NAMES
    }
    best = re.search(r"(\w+) makes the clips that are nearest to real ones", words)[1]
    assert best in CLIP_GAN_NAMES
    accepted = f"{100 * numbers[best]['confident_share']:.0f} % of them pass as an action"
    real = f"{100 * numbers[best]['confident_share_real']:.0f} % of real clips do"
    assert f"{accepted}, {real}" in words


def test_nothing_at_all_is_told_in_its_place(tmp_path):
    page = render_report(read_tree(tmp_path, {}))
    words = text_of(page)
    assert "No GAN of clips is scored yet." in words
    for name in MODELS:
        assert f"not trained and scored yet: `dvc repro {name}_evaluate` does it" in words
    assert "<video" not in page
    assert "no films yet" in words


def test_one_model_alone_is_shown_and_the_others_are_named(tmp_path, whole):
    tree, _ = whole
    for part in ("metrics/pix2pix.json", "plots/pix2pix/rollout_seen.csv"):
        (tmp_path / part).parent.mkdir(parents=True)
        (tmp_path / part).write_bytes((tree / part).read_bytes())
    write_films(tmp_path, "pix2pix")
    page = render_report(read_tree(tmp_path, {}))
    assert page.count("<video") == 4 + 3
    assert "pix2pix predicts four frames ahead" in text_of(page)
    assert "dvc repro gan3d_evaluate" in page


def test_a_torn_film_is_told_in_its_place(tmp_path):
    write_films(tmp_path, "pix2pix", "gan3d", "dcgan")
    folder = tmp_path / "data/07_model_output"
    for file in ("pix2pix/samples.mp4", "gan3d/real_and_made.gif", "dcgan/samples.png"):
        (folder / file).write_bytes(b"torn")
    words = text_of(render_report(read_tree(tmp_path, {})))
    for name in ("samples.mp4", "real_and_made.gif", "samples.png"):
        assert f"{name}: " in words


def test_an_absent_score_is_a_dash_and_is_named(tmp_path):
    write = tmp_path / "metrics"
    write.mkdir()
    (write / "gan3d.json").write_text(json.dumps({"confident_share": 0.25, "samples": 512}))
    words = text_of(render_report(read_tree(tmp_path, {})))
    assert "25 % of them pass as an action" in words
    assert "not among the scores: Distance of motion" in words
    assert "–" in words


def test_a_long_history_is_drawn_in_few_points(tmp_path):
    (tmp_path / "plots/gan3d").mkdir(parents=True)
    rows = {"step": range(10_000), "generator": 1.5, "discriminator": 0.5}
    pd.DataFrame(rows).to_csv(tmp_path / "plots/gan3d/history.csv", index=False)
    page = render_report(read_tree(tmp_path, {}))
    assert len(page) < 100_000
    assert "Each point is the mean of 50 reports." in page


def test_words_of_users_are_no_markup(tmp_path):
    (tmp_path / "plots/pix2pix").mkdir(parents=True)
    rows = {"horizon": [1], "skill": [0.5], "skill_low": [-0.1], "skill_high": [0.6]}
    pd.DataFrame(rows).to_csv(tmp_path / "plots/pix2pix/rollout_<b>.csv", index=False)
    page = render_report(read_tree(tmp_path, {}))
    assert "<b>" not in page


def test_a_number_stays_with_its_unit():
    assert tied("27 % of 1.6 × floor, a b") == "27~% of 1.6~×~floor, a b".replace("~", "\xa0")
