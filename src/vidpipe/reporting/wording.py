"""Words of the report on deliverables and models."""

TITLES = {"clips": "Clips from noise", "prediction": "The next frame", "digits": "Numerals"}
ABOUT = {
    "clips": (
        "A generator turns noise into a short film of a person in action; nobody drew it and no "
        "camera saw it. A classifier that knows the real actions judges how many would pass."
    ),
    "prediction": (
        "From the last frames of a video, a network predicts those that follow. It has to beat "
        "what needs no network: holding the last frame still, or carrying its motion on."
    ),
    "digits": (
        "Ten Chinese numerals, learnt from one picture of each, turned and sheared. A classifier "
        "judges which numeral a generated picture is, or that it is none."
    ),
}
MODELS = {
    "gan3d": "3-D convolutions paint all frames together, each from a vector of its own.",
    "vgan": "Two streams: a moving foreground is masked onto one still background.",
    "convlstm_gan": "Continues a picture: recurrent convolutions unroll it frame by frame.",
    "mocogan": "What is shown stays, what moves comes frame by frame from a recurrent cell.",
    "pix2pix": "Moves the last frame on by optical flow, and learns where flow alone goes wrong.",
    "dcgan": "Convolutions in both networks.",
    "mlp_gan": "The same game without convolutions: the baseline.",
}
A_CLIP_GAN = "A GAN of clips."
