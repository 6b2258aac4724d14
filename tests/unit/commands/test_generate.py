import pytest
from PIL import Image
from support import untaught_models
from support.untaught_models import MAKERS, SMALL


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Generators that have learnt nothing, each in its folder."""
    return untaught_models.save(tmp_path_factory.mktemp("models"))


@pytest.fixture
def generate(models, vidpipe, tmp_path, monkeypatch):
    """Run the command in an empty folder: what it says."""
    monkeypatch.chdir(tmp_path)

    def run(model, *options, code=0):
        words = ("--weights", str(models / model)) if model in MAKERS else ()
        return vidpipe("generate", model, *words, *options, code=code).output

    return run


@pytest.mark.parametrize("out", ["out.png", "out.gif", "out.mp4"])
@pytest.mark.parametrize("model", ["mlp_gan", "gan3d"])
def test_equal_seeds_give_equal_files(generate, tmp_path, model, out):
    made = []
    for seed in (1, 1, 2):
        said = generate(model, "--count", "2", "--seed", str(seed), "--tile", "28", "--out", out)
        again = ", played 4 times with a pause" if (model, out) == ("gan3d", "out.mp4") else ""
        assert said == f"{out}: 2 of {model}, seed {seed}{again}\n"
        made.append((tmp_path / out).read_bytes())
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize(
    ("model", "option", "names"),
    [("gan3d", "label", ("jack", "walk")), ("mocogan", "group", ("ann", "bo"))],
)
def test_a_name_says_what_all_are_to_show(generate, tmp_path, model, option, names):
    made = set()
    for name in names:
        generate(model, f"--{option}", name, "--count", "2", "--out", f"{name}.png")
        made.add((tmp_path / f"{name}.png").read_bytes())
    assert len(made) == 2


@pytest.mark.parametrize(
    ("mode", "size"), [("RGBA", (50, 33)), ("L", (7, 90)), ("P", (32, 32)), ("I;16", (64, 40))]
)
def test_pictures_of_any_mode_and_size_are_made_to_move(generate, tmp_path, mode, size):
    Image.new(mode, size).save(tmp_path / "me.png")
    generate("convlstm_gan", "--image", "me.png", "--count", "2", "--out", "me.gif")
    with Image.open(tmp_path / "me.gif") as film:
        assert film.n_frames >= SMALL["frames"]


@pytest.mark.parametrize("frames", [5, 30])
def test_clips_of_mocogan_are_as_long_as_is_wanted(generate, tmp_path, frames):
    options = ("--label", "jack", "--frames", str(frames), "--count", "2")
    generate("mocogan", *options, "--tile", "28", "--out", "long.gif")
    with Image.open(tmp_path / "long.gif") as film:
        assert film.n_frames == frames  # the last of them pauses


def test_a_video_plays_its_clips_again_and_says_so(generate):
    options = ("--label", "jack", "--frames", "9", "--count", "2", "--tile", "28")
    said = generate("mocogan", *options, "--out", "long.mp4")
    assert said.splitlines()[-1] == "long.mp4: 2 of mocogan, seed 0, played 4 times with a pause"
    said = generate("mocogan", *options, "--out", "long.gif")
    assert said.splitlines()[-1] == "long.gif: 2 of mocogan, seed 0"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mocogn", "'mocogn' is no model: did you mean mocogan?"),
        ("pix2pix", "pix2pix predicts from a picture or a video: `vidpipe predict`"),
        ("cat", "'cat' is not one of"),
    ],
)
def test_of_what_is_no_model_the_one_that_is_meant_is_named(vidpipe, name, message):
    assert message in vidpipe("generate", name, code=2).output


def test_of_a_model_without_weights_the_command_that_trains_it_is_named(project, vidpipe):
    said = vidpipe("generate", "vgan", code=1).output
    assert "found no such file; `dvc repro vgan_train` trains vgan" in said


def test_grey_clips_are_shown_too(generate, tmp_path):
    generate("vgan", "--count", "2", "--out", "grey.png")
    with Image.open(tmp_path / "grey.png") as page:
        assert page.mode == "RGB"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["convlstm_gan"], "give it one with --image"),
        (["convlstm_gan", "--image", "none.png"], "found no such file"),
        (["convlstm_gan", "--image", "torn.png"], "expected a picture"),
        (["gan3d", "--image", "torn.png"], "gan3d starts from noise alone"),
        (["gan3d", "--frames", "9"], "gan3d makes clips of 8 frames; one that was trained with"),
        (["gan3d", "--label", "swim"], "gan3d knows jack, walk"),
        (["vgan", "--label", "jack"], "vgan knows none: it was trained with codes that name"),
        (["mocogan", "--group", "cy"], "group cy: mocogan knows ann, bo"),
        (["gan3d", "--group", "ann"], "gan3d knows none: it was trained with codes that name no"),
        (["mlp_gan", "--group", "ann"], "--group: mlp_gan starts from noise alone"),
        (["mlp_gan", "--label", "jack"], "mlp_gan starts from noise alone"),
        (["mlp_gan", "--image", "torn.png"], "mlp_gan starts from noise alone"),
        (["vgan", "--count", "500"], "a film shows 400 at most"),
        (["mlp_gan", "--out", "x.bmp"], "expected a name that ends in .png, .gif"),
        (["dcgan", "--weights", "."], "expected trained weights, found no such file"),
        (["dcgan", "--walk", "9", "--out", "x.gif"], "a film of dcgan is the whole walk"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_written(generate, tmp_path, arguments, message):
    (tmp_path / "torn.png").write_bytes(b"\x89PNG no more")
    assert message in generate(*arguments, code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["torn.png"]


def test_weights_of_another_model_are_refused(models, vidpipe):
    said = vidpipe("generate", "dcgan", "--weights", str(models / "mlp_gan"), code=1).output
    assert "expected weights of dcgan" in said
