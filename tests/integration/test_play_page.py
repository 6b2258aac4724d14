"""`vidpipe play` in a browser: what a user sees, and that nothing leaves this machine."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from PIL import Image
from support import untaught_models
from support.browser import CONTRAST, PATIENCE
from support.project import environment, run

pytestmark = pytest.mark.slow
MADE = "document.getElementById('wait').hidden && !document.getElementById('made').hidden"
SAYS = "words => document.getElementById('command').textContent.includes(words)"
TOLD = """words => {
  const message = document.getElementById('message');
  return !message.hidden && message.textContent.includes(words);
}"""
# The film is there, and its time moves. Chromium plays by itself only what can be seen.
PLAYS = """async () => {
  const film = document.querySelector('#screen video');
  film.scrollIntoView();
  while (film.readyState < 2 || film.videoWidth === 0) await new Promise(r => setTimeout(r, 50));
  const before = film.currentTime;
  while (film.currentTime === before) await new Promise(r => setTimeout(r, 50));
  return true;
}"""
LOADED = """() => {
  const picture = document.querySelector('#screen img');
  return picture.complete && picture.naturalWidth > 0;
}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with all models but vgan."""
    folder = tmp_path_factory.mktemp("home")
    names = [name for name in untaught_models.MAKERS if name != "vgan"]
    untaught_models.save(folder / "data/06_models", *names)
    return folder


@pytest.fixture(scope="module")
def address(home):
    """The address of the page, while it is served."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "vidpipe", "play", "--no-open", "--port", str(_free())],
        cwd=home,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().split()[0]
        finally:
            process.terminate()


@pytest.fixture(params=["light", "dark"])
def page(request, chromium, address):
    """The page, loaded; it may say nothing to the console, nor ask another machine."""
    faults = []
    # The conditions that Playwright waits for are strings, which the page's policy forbids to run.
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, color_scheme=request.param, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: _is_ours(asked.url, address) or faults.append(asked.url))
    page.goto(address)
    page.wait_for_function(MADE)
    yield page
    context.close()
    # Chromium says by itself that an answer was a refusal.
    assert [text for text in faults if "status of 400" not in text] == []


def _free():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def _is_ours(url, address):
    return url.startswith(("data:", "blob:")) or urlsplit(url).netloc == urlsplit(address).netloc


def test_everything_plays_is_readable_and_fits_a_telephone(page):
    for tab, command, kind in (
        ("picture", "predict --image drawing.png", "video"),
        ("clips", "generate mocogan", "video"),
        ("digits", "generate dcgan", "img"),
    ):
        page.click(f"[data-tab={tab}]")
        page.wait_for_function(SAYS, arg=command)
        page.wait_for_timeout(1000)  # a click on the tab that is shown makes the film anew
        page.wait_for_function(MADE)
        assert page.evaluate(PLAYS if kind == "video" else LOADED)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate(CONTRAST)["bad"] == []


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_command_that_is_shown_writes_what_is_shown(page, home, tmp_path):
    page.click("[data-tab=clips]")
    page.click("#models button:has-text('gan3d')")
    page.click("#labels button:has-text('jack')")
    page.fill("#seed", "7")
    page.wait_for_function(SAYS, arg="--seed 7 --label jack")
    page.wait_for_function(MADE)
    with page.expect_download() as saving:
        page.click("#facts a")
    saving.value.save_as(tmp_path / "shown.mp4")
    words = page.text_content("#command").split()
    assert words[:6] == ["vidpipe", "generate", "gan3d", "--count", "9", "--seed"]
    run(home, sys.executable, "-m", *words)
    assert (home / words[-1]).read_bytes() == (tmp_path / "shown.mp4").read_bytes()


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_drawing_moves_and_another_stroke_moves_it_otherwise(page):
    before = page.get_attribute("#screen video", "src")
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 120, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "before => (document.querySelector('#screen video') || {}).src !== before", arg=before
    )
    page.wait_for_function(MADE)
    assert page.evaluate(PLAYS)
    assert "--image drawing.png" in page.text_content("#command")


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_model_that_is_not_trained_says_what_trains_it(page):
    page.click("[data-tab=clips]")
    page.click("#models button:has-text('vgan')")
    page.wait_for_selector("#untrained:not([hidden])")
    assert "vgan is not trained here yet" in page.text_content("#untrained")
    assert "dvc repro vgan_train" in page.text_content("#untrained pre")


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_page_stays_up_whatever_is_given_to_it(page, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture\n" * 99)
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(200 * 2**20)
    Image.new("RGB", (8000, 5000), "red").save(tmp_path / "forty.jpg")
    red, blue = (Image.new("RGB", (64, 64), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "moves.gif", save_all=True, append_images=[blue, red])
    for name, message in (("notes.txt", "notes.txt: expected"), ("huge.png", "at most 32 MiB")):
        page.set_input_files("#file", tmp_path / name)
        page.wait_for_function(TOLD, arg=message)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name, option in (("forty.jpg", "--image forty.jpg"), ("moves.gif", "--video moves.gif")):
        page.set_input_files("#file", tmp_path / name)
        page.wait_for_function(SAYS, arg=option)
        page.wait_for_function(MADE)
        assert page.evaluate(PLAYS)


def test_a_body_that_is_too_large_gets_its_answer(address):
    with pytest.raises(OSError, match="400"):
        urlopen(Request(f"{address}/make/pix2pix", data=bytes(200 * 2**20)), timeout=600)
    assert urlopen(address, timeout=600).status == 200


def test_two_users_each_get_their_own(address):
    def ask(seed):
        place = f"{address}/make/gan3d?kind=png&count=1&seed={seed}"
        return urlopen(Request(place, data=b""), timeout=600).read()

    with ThreadPoolExecutor(4) as users:
        made = list(users.map(ask, [1, 2, 1, 2]))
    assert made[0] == made[2] != made[1] == made[3]
