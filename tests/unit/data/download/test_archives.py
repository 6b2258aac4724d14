"""What archives of each kind say that they hold, before anything of them is unpacked."""

import tarfile
from pathlib import Path

import pytest
from support import archives as packed

from vidpipe.data.download.archives import opened
from vidpipe.utils.errors import UserError

FILES = {"set/a.avi": b"a" * 3000, "set/b c.avi": b"b" * 20}


@pytest.mark.parametrize("make", [packed.zipped, packed.tarred, packed.rarred])
def test_members_are_told_with_their_sizes_and_the_chosen_ones_read(make, tmp_path: Path):
    with opened(make(tmp_path / "x.bin", FILES)) as archive:
        told = {member.path: (member.size, member.kind) for member in archive.members}
        assert told == {name: (len(data), "file") for name, data in FILES.items()}
        chosen = [n for n, member in enumerate(archive.members) if member.path == "set/b c.avi"]
        read = [(number, content.read(100)) for number, content in archive.read(chosen)]
    assert read == [(chosen[0], FILES["set/b c.avi"])]


def test_a_folder_is_read_like_an_archive(tmp_path: Path):
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    with opened(tmp_path) as archive:
        assert sorted(member.path for member in archive.members) == sorted(FILES)


@pytest.mark.parametrize("style", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("before", [{}, FILES])
def test_a_name_that_fills_the_memory_is_not_read(tmp_path: Path, style: int, before: dict):
    with tarfile.open(tmp_path / "x.tgz", "w:gz", format=style) as archive:
        for name in [*before, "n" * 2**21]:
            archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(UserError, match=r"archive is damaged: a name or comment of 2,0"):
        list_of(tmp_path / "x.tgz")


def list_of(path: Path) -> list[str]:
    with opened(path) as archive:
        return [member.path for member in archive.members]
