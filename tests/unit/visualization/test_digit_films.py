import numpy as np
import pytest
import torch

from vidpipe.evaluation.classification import Classification
from vidpipe.models.digit_sampling import sample_digits
from vidpipe.models.mlp_gan import Generator
from vidpipe.visualization import digit_films
from vidpipe.visualization.sheets import MARGIN

CPU = torch.device("cpu")


def greys(*levels):
    return torch.tensor(levels, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28)


def area(page, level):
    """So many tiles of the sheet are of one grey."""
    return (page == level).all(axis=2).sum() / digit_films.TILE**2


def test_a_sheet_shows_what_is_accepted_as_each_numeral_and_what_as_none():
    label, sure = torch.tensor([0, 1, 1, 0]), torch.tensor([0.95, 0.95, 0.95, 0.5])
    found = Classification(torch.zeros(4, 1), label, sure, 2, 0.9)
    page = digit_films.sample_sheet(greys(30, 60, 90, 120), found, ["zero", "one"])
    # A pixel or two of the text may have such a grey.
    areas = [area(page, level) for level in (30, 60, 90, 120)]
    assert areas == pytest.approx([1] * 4, abs=0.01)
    assert area(page, 255) == 3 * digit_films.ACROSS - 4
    rows = [
        int(np.flatnonzero((page == level).all(axis=2).any(axis=1))[0]) for level in (30, 60, 120)
    ]
    step = digit_films.TILE + MARGIN
    assert [row - rows[0] for row in rows] == [0, step, 2 * step]


def test_a_wall_is_as_square_as_possible():
    page = digit_films.wall(greys(0, 50, 100, 150, 200), tile=28)
    assert page.shape == (MARGIN + 2 * (28 + MARGIN), MARGIN + 3 * (28 + MARGIN), 3)
    assert page[MARGIN, MARGIN + 28 + MARGIN].tolist() == [50, 50, 50]
    assert page[-MARGIN - 1, MARGIN].tolist() == [150, 150, 150]


def test_a_walk_starts_at_samples_of_its_noise_and_has_a_page_for_every_step():
    torch.manual_seed(0)
    generator = Generator(latent=4, codes=0).eval()
    pages = digit_films.latent_walk(generator, torch.Generator().manual_seed(3), CPU, count=4)
    noise = generator.prior.draw(4, torch.Generator().manual_seed(3))
    np.testing.assert_array_equal(pages[0], digit_films.wall(sample_digits(generator, noise, CPU)))
    assert len(pages) == digit_films.WALK_STOPS * digit_films.WALK_BETWEEN
