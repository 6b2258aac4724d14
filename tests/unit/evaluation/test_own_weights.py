import hashlib

import pytest

from vidpipe.evaluation import own_weights
from vidpipe.utils.errors import UserError

DIGEST = hashlib.sha256(b"weights").hexdigest()


def test_the_file_of_that_hash_is_read(tmp_path):
    (tmp_path / "w.pt").write_bytes(b"weights")
    assert own_weights.read(tmp_path / "w.pt", DIGEST, parameter="p").read() == b"weights"


def test_another_file_is_refused_and_both_hashes_named(tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(b"others")
    other = hashlib.sha256(b"others").hexdigest()
    with pytest.raises(UserError, match=f"^p: .*w.pt: expected .* {DIGEST}, got one with {other};"):
        own_weights.read(path, DIGEST, parameter="p")


@pytest.mark.parametrize("name", ["nothing", "."])
def test_what_is_no_file_is_named(tmp_path, name):
    with pytest.raises(UserError, match=r"^gan3d\.evaluate: expected a file of weights at .*, got"):
        own_weights.read(tmp_path / name, DIGEST, parameter="gan3d.evaluate")
