import hashlib
import os

from vidpipe.utils import hashing


def test_hashes_are_of_all_bytes(tmp_path):
    data = bytes(range(256)) * 5000
    (tmp_path / "file").write_bytes(data)
    assert hashing.sha256(tmp_path / "file") == hashlib.sha256(data).hexdigest()
    assert hashing.md5(tmp_path / "file") == hashlib.md5(data).hexdigest()


def test_a_file_that_changes_in_size_or_time_is_read_again(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"one")
    first = hashing.md5(file)
    file.write_bytes(b"longer")
    assert hashing.md5(file) == hashlib.md5(b"longer").hexdigest() != first
    file.write_bytes(b"change")
    os.utime(file, ns=(1, 1))
    assert hashing.md5(file) == hashlib.md5(b"change").hexdigest()
