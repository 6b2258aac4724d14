import pytest
from click.testing import CliRunner

from vidpipe.cli import COMMANDS, cli


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_says_what_a_command_does(name):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "\\b" not in result.output
    assert "\b" not in result.output


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("use", "dvc repro pix2pix_evaluate"),
        ("preset", "vidpipe preset report pix2pix"),
        ("predict", "vidpipe predict --image me.png --steps 25 --out out.mp4"),
    ],
)
def test_examples_stand_on_lines_of_their_own(name, example):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert example in [line.strip() for line in result.output.splitlines()]
