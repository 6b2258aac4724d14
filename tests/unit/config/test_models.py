import pytest
from support.parameters import assert_refused, changed

from vidpipe.config import models
from vidpipe.config.loader import check
from vidpipe.config.schema import CLIP_GAN_NAMES, Params
from vidpipe.utils.errors import UserError

GANS = [
    name
    for name, field in Params.model_fields.items()
    if {"model", "train", "evaluate"} <= field.annotation.model_fields.keys()
    and issubclass(field.annotation.model_fields["train"].annotation, models.GanTrain)
]


@pytest.mark.parametrize("name", GANS)
def test_the_classes_of_a_gan_are_called_after_its_block(name: str):
    block = Params.model_fields[name].annotation
    assert block.__name__.lower() == name.replace("_", "")
    shared = {models.FromNoiseTrain, models.ClipGanTrain, models.FromNoiseEvaluate}
    shared |= {models.ClipGanEvaluate}
    for part, field in block.model_fields.items():
        if field.annotation not in shared:
            assert field.annotation is getattr(models, f"{block.__name__}{part.title()}")


def test_there_are_gans():
    assert {"pix2pix", "mlp_gan", "dcgan", *CLIP_GAN_NAMES} == set(GANS)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pix2pix.train.steps", 0, "greater than or equal to 1, got 0"),
        ("pix2pix.train.seed", -1, "greater than or equal to 0, got -1"),
        ("pix2pix.train.learning_rate", 0, "greater than 0, got 0"),
        ("pix2pix.model.history", 0, "greater than or equal to 1, got 0"),
        ("pix2pix.model.history", 1, "one frame shows no motion: raise history .* or set motion:"),
        ("pix2pix.model.latent", -1, "greater than or equal to 0, got -1"),
        ("pix2pix.model.motion", "optical", "'none' or 'flow', got 'optical'"),
        ("pix2pix.model.discriminator_width", 0, "greater than or equal to 1, got 0"),
        ("pix2pix.train.history_dropout", 1.1, "less than or equal to 1, got 1.1"),
        ("pix2pix.train.cooldown", -0.1, "greater than or equal to 0, got -0.1"),
        ("pix2pix.train.ema", 1.0, "less than 1, got 1.0"),
        ("dcgan.model.codes", 101, "some of .*latent.*, got 101 of 100"),
        ("dcgan.train.loss", "wasserstein", "'bce', 'hinge' or 'relativistic', got 'wasserstein'"),
        ("vgan.train.batch", 1, "at least 2 clips, for one cannot tell .*, got 1"),
    ],
)
def test_a_value_out_of_range_is_refused(key, value, message):
    assert_refused(key, value, message)


def test_an_encoder_needs_clips_to_make_again():
    params = changed("mocogan.train.reconstruction", 0)
    with pytest.raises(
        UserError, match=r"mocogan: .* would teach the encoder, .*encoder: 0"
    ) as error:
        check(params)
    # The values that do not go together, not those of the whole block.
    assert len(str(error.value).splitlines()) == 2
    assert "learning_rate" not in str(error.value)
    params["mocogan"]["model"]["encoder"] = 0
    check(params)


def test_the_picture_of_convlstm_gan_shows_who_it_is():
    with pytest.raises(UserError, match=r"convlstm_gan.model: expected groups: false, got true"):
        check(changed("convlstm_gan.model.groups", True))


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ({"space": "latent"}, "space: latent and groups: false"),
        ({"groups": True}, "space: pixels and groups: true"),
    ],
)
def test_the_reports_networks_know_neither_latents_nor_groups(given, got):
    params = changed("gan3d.model.encoder", 0)
    params["gan3d"]["model"] |= {"space": "pixels", "groups": False} | given
    with pytest.raises(UserError, match=rf"gan3d.*pixels and groups: false, got {got}; .*encoder"):
        check(params)
    params["gan3d"]["model"] |= {"space": "pixels", "groups": False}
    check(params)


@pytest.mark.parametrize("codes", [0, 4])
def test_groups_stand_beside_labels(codes):
    params = changed("mocogan.model.codes", codes)
    with pytest.raises(UserError, match=r"groups: true needs codes: labels, .* groups: false"):
        check(params)
    params["mocogan"]["model"]["groups"] = False
    check(params)


@pytest.mark.parametrize(("key", "value"), [("weights", "alex.pth"), ("sha256", "0" * 64)])
def test_weights_of_lpips_and_their_hash_are_given_together(key, value):
    with pytest.raises(UserError, match=r"pix2pix\.evaluate: .* and lpips_sha256 go together"):
        check(changed(f"pix2pix.evaluate.lpips_{key}", value))


def test_a_generator_that_paints_has_no_noise():
    params = changed("pix2pix.model.latent", 8)
    params["pix2pix"]["model"]["motion"] = "none"
    with pytest.raises(UserError, match="expected latent: 0 with motion: none, got 8"):
        check(params)


def test_batch_norm_is_refused_where_the_discriminator_has_none():
    pixels = changed("mocogan.model.space", "pixels")
    pixels["mocogan"]["model"]["norm"] = "batch"
    model = Params.model_validate(pixels).mocogan.model
    with pytest.raises(ValueError, match=r"latents has no batch norm: .* set norm to spectral or"):
        models.MocoganModel(**model.model_dump() | {"space": "latent"})
