"""Parameters of the GANs: architecture, training and evaluation.

The block `<name>` of `params.yaml` is the class `<Name>`; its parts are `<Name>Model`,
`<Name>Train` and `<Name>Evaluate`, or a base that several GANs share.
"""

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from vidpipe.config.base import (
    ConfigBlock,
    Count,
    CountOrZero,
    Given,
    NonNegative,
    Positive,
    Seed,
    Sha256,
    Share,
    ShareOrAll,
)

ModelT = TypeVar("ModelT")
TrainT = TypeVar("TrainT")


@dataclass(frozen=True)
class TrainingConfig(Generic[ModelT, TrainT]):
    """The two blocks of a model that its training needs.

    Attributes:
        model: Architecture of the networks.
        train: Training.
    """

    model: ModelT
    train: TrainT


# Bases: training.


class GanTrain(ConfigBlock):
    """Training of any GAN.

    Attributes:
        steps: Updates of both networks.
        batch: Samples per update.
        learning_rate: Of Adam, for all networks; a generator may name parts with a multiple of it.
        beta1: Of Adam.
        ema: Decay of the averaged generator weights that are sampled; 0: no average.
        report_every: Steps between two rows of the history.
        sample_every: Steps between two sheets of samples, a multiple of `report_every`.
    """

    seed: Seed
    steps: Count
    batch: Count
    learning_rate: Positive
    beta1: Share
    ema: Share
    report_every: Count
    sample_every: Count

    @model_validator(mode="after")
    def _sheets_come_with_reports(self) -> Self:
        if self.sample_every % self.report_every:
            raise ValueError(
                "sample_every must be a multiple of report_every, "
                f"got {self.sample_every} and {self.report_every}"
            )
        return self


class FromNoiseTrain(GanTrain):
    """Training of a GAN that starts from noise.

    Attributes:
        loss: The adversarial objective.
        beta2: Of Adam.
        r1: Weight of the gradient penalty at real samples.
        r2: Weight of the gradient penalty at generated samples.
        penalty_every: Steps between two gradient penalties, each weighted by that number.
        cooldown: Share of the steps, at the end, in which the learning rate falls to zero.
    """

    loss: Literal["bce", "hinge", "relativistic"]
    beta2: Share
    r1: NonNegative
    r2: NonNegative
    penalty_every: Count
    cooldown: ShareOrAll


class ClipGanTrain(FromNoiseTrain):
    """Training of a GAN of clips.

    Attributes:
        augment: Strength of the discriminator's augmentation (Zhao et al. 2020); 0: none.
        mirror: Also train on mirrored clips.
    """

    augment: ShareOrAll
    mirror: bool

    @field_validator("batch")
    @classmethod
    def _more_than_one(cls, batch: int) -> int:
        if batch < 2:
            raise ValueError("expected at least 2 clips, for one cannot tell whether all are alike")
        return batch


# Bases: architecture and evaluation.


class LabelledNoise(ConfigBlock):
    """The generator's noise.

    Attributes:
        latent: Dimension of the noise.
        codes: Number of leading dimensions that are a one-hot categorical code instead of
            Gaussian noise; `labels`: one per label of the data set.
    """

    latent: Count
    codes: CountOrZero | Literal["labels"]

    @model_validator(mode="after")
    def _codes_are_part_of_it(self) -> Self:
        if isinstance(self.codes, int) and self.codes > self.latent:
            raise ValueError(
                f"codes are some of latent's numbers, got {self.codes} of {self.latent}"
            )
        return self


class Noise(LabelledNoise):
    """The noise of a generator that is not conditioned on labels."""

    codes: CountOrZero


class ClipGanModel(LabelledNoise):
    """Architecture of a GAN of clips. Parameters of a subclass are its generator's.

    Attributes:
        space: What the networks make and see: `pixels`, or the `latent` numbers of the autoencoder.
        size: Side of the frames that are made of pixels, an area mean of those in the data; empty:
            as they are.
        frames: Length of a generated clip.
        width: Channels of the generator's first feature maps.
        discriminator_width: Channels of the discriminator's first layer.
        norm: Normalization of the discriminator's layers; in latents, not `batch`.
        dropout: Rate in the discriminator.
        frame_discriminator: Add a discriminator of single frames.
    """

    space: Literal["pixels", "latent"]
    size: Literal[32, 64, 128, 256] | None
    frames: Literal[8, 16]
    width: Annotated[int, Field(ge=16, multiple_of=16)]
    discriminator_width: Count
    norm: Literal["batch", "spectral", "none"]
    dropout: Share
    frame_discriminator: bool


class FromNoiseEvaluate(ConfigBlock):
    """Evaluation of a GAN that starts from noise.

    Attributes:
        samples: Number of generated samples that are scored.
    """

    samples: Annotated[int, Field(ge=2)]
    seed: Seed


class ClipGanEvaluate(FromNoiseEvaluate):
    """Evaluation of a GAN of clips.

    Attributes:
        fvd_weights: Path of `i3d_torchscript.pt`; empty: FVD is not measured.
    """

    fvd_weights: Given | None


class ClipGanBlock(ConfigBlock):
    """The block of a GAN of clips: a subclass makes it a model, with stages of its own."""

    model: ClipGanModel
    train: ClipGanTrain
    evaluate: ClipGanEvaluate


# mlp_gan: digits, fully connected networks.


class MlpGanModel(Noise):
    """Architecture of mlp_gan.

    Attributes:
        dropout: Rate in the discriminator.
    """

    dropout: Share


class MlpGan(ConfigBlock):
    """The GAN of digits without convolutions: the baseline of dcgan (Goodfellow et al. 2014)."""

    model: MlpGanModel
    train: FromNoiseTrain
    evaluate: FromNoiseEvaluate


# dcgan: digits, convolutional networks.


class DcganModel(Noise):
    """Architecture of dcgan.

    Attributes:
        generator_hidden: Width of a dense layer before the feature maps; 0: none.
        discriminator_hidden: Width of a dense layer before the output; 0: none.
        norm: Normalization of the discriminator's layers.
        dropout: Rate in the discriminator.
    """

    generator_hidden: CountOrZero
    discriminator_hidden: CountOrZero
    norm: Literal["batch", "spectral", "none"]
    dropout: Share


class Dcgan(ConfigBlock):
    """The convolutional GAN of digits (Radford et al. 2016)."""

    model: DcganModel
    train: FromNoiseTrain
    evaluate: FromNoiseEvaluate


# Clips from codes: what the GANs of clips below share.


class CodedModel(ClipGanModel):
    """Architecture of a GAN of clips that may have an encoder; `latent` is then the content's.

    Attributes:
        motion: Dimension of the motion in each frame, where there is an encoder.
        groups: The noise also names the group that a clip is of: a person, where the data set says
            who is seen.
        encoder: Channels of the first layer of an encoder of clips, by which real ones are made
            again; 0: there is none.
        memory: Numbers that the cell of the motion remembers, where there is an encoder.
    """

    motion: Count
    groups: bool
    encoder: CountOrZero
    memory: Count

    @model_validator(mode="after")
    def _groups_stand_beside_labels(self) -> Self:
        if self.groups and self.codes != "labels":
            raise ValueError(
                f"groups: true needs codes: labels, got codes: {self.codes}; noise that names no "
                "label names no group: set groups: false"
            )
        return self

    @model_validator(mode="after")
    def _latents_know_no_batch_norm(self) -> Self:
        if self.space == "latent" and self.norm == "batch":
            raise ValueError(
                "the discriminator of latents has no batch norm: with space: latent set norm to "
                "spectral or none"
            )
        return self


class PlainOrCodedModel(CodedModel):
    """Architecture of a GAN of clips whose networks without an encoder are the report's."""

    @model_validator(mode="after")
    def _the_report_knows_no_latents(self) -> Self:
        if not self.encoder and (self.space == "latent" or self.groups):
            raise ValueError(
                "without an encoder the networks make pixels and know no groups: expected space: "
                f"pixels and groups: false, got space: {self.space} and groups: "
                f"{str(self.groups).lower()}; set these, or give encoder a width such as 48"
            )
        return self


class CodedTrain(ClipGanTrain):
    """Training of a GAN of clips that may have an encoder.

    Attributes:
        reconstruction: Weight of the error of real clips that are made again, where there is an
            encoder.
        walk_steps: Steps in which the walk through the encoder's codes learns on alone, after all
            others, where there is an encoder; 0: it does not.
    """

    reconstruction: NonNegative
    walk_steps: CountOrZero


class CodedBlock(ClipGanBlock):
    """The block of a GAN of clips that may have an encoder."""

    model: CodedModel
    train: CodedTrain

    @model_validator(mode="after")
    def _an_encoder_is_taught(self) -> Self:
        if self.model.encoder and not self.train.reconstruction:
            raise ValueError(
                "with train.reconstruction: 0 nothing would teach the encoder, nor motion; give it "
                "a weight such as 5.0, or set model.encoder: 0"
            )
        return self


class MaskedTrain(CodedTrain):
    """Training of a GAN of clips that may have a foreground and a mask.

    Attributes:
        mask_weight: Weight of the mean of the foreground mask in the generator's loss, where there
            is a mask.
    """

    mask_weight: NonNegative


# gan3d: clips, one stream of 3-D convolutions.


class Gan3dModel(PlainOrCodedModel):
    """Architecture of gan3d."""


class Gan3dTrain(CodedTrain):
    """Training of gan3d."""


class Gan3d(CodedBlock):
    """Clips from noise, by one stream of 3-D convolutions."""

    model: Gan3dModel
    train: Gan3dTrain


# vgan: clips, foreground and background streams.


class VganModel(PlainOrCodedModel):
    """Architecture of vgan."""


class VganTrain(MaskedTrain):
    """Training of vgan."""


class Vgan(CodedBlock):
    """Clips from noise, by a foreground and a background stream (Vondrick et al. 2016)."""

    model: VganModel
    train: VganTrain


# convlstm_gan: clips, from a first frame and noise.


class ConvlstmGanModel(PlainOrCodedModel):
    """Architecture of convlstm_gan.

    Attributes:
        skips: Connect the picture's feature maps to the decoder at every resolution, where there is
            no encoder.
    """

    skips: bool

    @model_validator(mode="after")
    def _the_picture_names_the_group(self) -> Self:
        if self.groups:
            raise ValueError("expected groups: false, got true: the picture shows who it is")
        return self


class ConvlstmGanTrain(MaskedTrain):
    """Training of convlstm_gan."""


class ConvlstmGan(CodedBlock):
    """Clips from a first frame and noise, by a ConvLSTM."""

    model: ConvlstmGanModel
    train: ConvlstmGanTrain


# mocogan: clips, content that stays and motion frame by frame.


class MocoganModel(CodedModel):
    """Architecture of mocogan; `motion` is, without an encoder, the noise of each frame too.

    Attributes:
        paint: Frames by transposed convolutions, as in the paper, or by layers that content and
            motion steer, before a still background.
    """

    paint: Literal["transposed", "conditional"]


class MocoganTrain(MaskedTrain):
    """Training of mocogan."""


class Mocogan(CodedBlock):
    """Clips from content and from motion that a GRU cell makes (Tulyakov et al. 2018)."""

    model: MocoganModel
    train: MocoganTrain


# pix2pix: the next frame, from a window of frames.


class Pix2pixModel(ConfigBlock):
    """Architecture of pix2pix: U-Net generator and PatchGAN discriminator.

    Attributes:
        width: Channels of the generator's first layer.
        discriminator_width: Channels of the discriminator's first layer.
        history: Frames of the window that the next frame is predicted from.
        motion: `flow`: move the last frame as the past moved, by optical flow; `none`: paint.
        dropout: Rate in the generator that paints.
        residual: Predict the difference to the last frame instead of the frame; of the generator
            that paints.
        latent: Dimension of the noise that chooses one of several futures; 0: there is one. Of the
            generator that sees motion.
    """

    width: Count
    discriminator_width: Count
    history: Count
    motion: Literal["none", "flow"]
    dropout: Share
    residual: bool
    latent: CountOrZero

    @model_validator(mode="after")
    def _motion_takes_two_frames(self) -> Self:
        if self.motion == "flow" and self.history < 2:
            raise ValueError(
                "one frame shows no motion: raise history to 2 or more, or set motion: none"
            )
        return self

    @model_validator(mode="after")
    def _noise_goes_with_motion(self) -> Self:
        if self.latent and self.motion == "none":
            raise ValueError(
                f"expected latent: 0 with motion: none, got {self.latent}: the generator that "
                "paints knows one future"
            )
        return self


class Pix2pixTrain(GanTrain):
    """Training of pix2pix.

    Attributes:
        adversarial_weight: Weight of the adversarial loss.
        l1_weight: Weight of the L1 loss.
        noise: Largest standard deviation of the noise that is added to the input.
        views: Share of the windows that are augmented.
        pushforward: Maximum number of steps on the generator's own output before the loss.
        history_dropout: Share of the windows that begin with a still, as one from a picture does.
        beta2: Of Adam.
        cooldown: Share of the steps, at the end, in which the learning rate falls to 0.
    """

    adversarial_weight: NonNegative
    l1_weight: NonNegative
    noise: NonNegative
    views: ShareOrAll
    pushforward: CountOrZero
    history_dropout: ShareOrAll
    beta2: Share
    cooldown: ShareOrAll


class Pix2pixEvaluate(ConfigBlock):
    """Evaluation of pix2pix.

    Attributes:
        horizons: Frames to predict ahead.
        starts: Maximum number of frames to predict from, per split.
        resamples: Resamples of the bootstrap.
        seed: Of the bootstrap, and of the noise of several futures.
        lpips_weights: Path of the state dict of LPIPS on AlexNet; empty: LPIPS is not measured.
        lpips_sha256: Hash of that file.
    """

    horizons: Annotated[int, Field(ge=16)]
    starts: Count
    resamples: Count
    seed: Seed
    lpips_weights: Given | None
    lpips_sha256: Sha256 | None

    @model_validator(mode="after")
    def _weights_have_a_hash(self) -> Self:
        if (self.lpips_weights is None) != (self.lpips_sha256 is None):
            raise ValueError(
                "lpips_weights and lpips_sha256 go together: give both, the path of the file and "
                "its hash (sha256sum FILE), or leave both empty"
            )
        return self


class Pix2pix(ConfigBlock):
    """The next-frame predictor (Isola et al. 2017)."""

    model: Pix2pixModel
    train: Pix2pixTrain
    evaluate: Pix2pixEvaluate
