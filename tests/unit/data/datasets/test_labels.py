from pathlib import Path

import pytest

from vidpipe.data.datasets.labels import Row, read_labels, split_called
from vidpipe.utils.errors import UserError

TREE = {path: Row(label="") for path in ("flat/clip 0.mp4", "flat/clip 1.mp4", "é.mp4")}
ROWS = {
    "flat/clip 0.mp4": Row(label="jump", group="p0", split="train"),
    "flat/clip 1.mp4": Row(label="wave, twice", group="p1", split="test"),
}
GOOD = """path,label,group,split
flat/clip 0.mp4,jump,p0,train
flat/clip 1.mp4,"wave, twice",p1,test
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "my set").mkdir()
    return tmp_path / "my set"


def read(root: Path, text: str | bytes) -> dict[str, Row]:
    table = root.parent / "labels.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels(table, root, TREE, "sources.clips.folder.labels")


SPELLINGS = {
    "plain": GOOD,
    "semicolons": "path;label;group;split\nflat/clip 0.mp4;jump;p0;train\n"
    "flat/clip 1.mp4;wave, twice;p1;test\n",
    "tabs": GOOD.replace('"wave, twice"', "wave@ twice").replace(",", "\t").replace("@", ","),
    "a line for Excel": f"sep=,\r\n{GOOD}",
    "capitals": GOOD.replace("path,label,group,split", "Path,LABEL,Group,Split"),
    "capital splits": GOOD.replace(",train", ",Train").replace(",test", ",VAL"),
    "blanks": " path , label , group , split\n flat/clip 0.mp4 , jump , p0 , train \n"
    'flat/clip 1.mp4 , "wave, twice" , p1 , test\n',
    "backslashes": GOOD.replace("/", "\\"),
    "the folder's name": GOOD.replace("flat/", "my set/flat/"),
    "a dot": GOOD.replace("flat/", "./flat/"),
    "quotes": GOOD.replace("path,label", '"path","label"').replace("jump", '"jump"'),
    "other columns": GOOD.replace("path,", "path,,notes,,").replace("4,", "4,,a note,,"),
    "empty lines": GOOD.replace("\n", "\n\n,,,\n"),
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "no end": GOOD.rstrip(),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_a_table_is_read_however_it_is_spelt(root: Path, text: str):
    assert read(root, text) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_table_that_tells_its_encoding_is_read(root: Path, encoding: str):
    assert read(root, GOOD.encode(encoding)) == ROWS


def test_absolute_paths_in_the_folder_are_read(root: Path):
    link = root.parent / "link"
    link.symlink_to(root)
    assert read(root, GOOD.replace("flat/", f"{root}/flat/")) == ROWS
    assert read(link, GOOD.replace("flat/", f"{root}/flat/")) == ROWS


def test_accents_of_one_or_two_characters_are_the_same(root: Path):
    assert read(root, "path,label\ne\N{COMBINING ACUTE ACCENT}.mp4,x\n") == {
        "é.mp4": Row(label="x")
    }


def test_a_path_of_no_video_is_kept_beside_one_that_is_there(root: Path):
    rows = read(root, f"{GOOD}flat\\gone.mp4,jump,,\n")
    assert rows["flat/gone.mp4"] == Row(label="jump")


WRONG = {
    "": "line 1: expected the columns path and label.*`path,label,group,split`; got ''",
    "path,lable\na,b\n": "line 1: expected the columns path and label.* got 'path,lable'",
    "path,label,Label\na,b,c\n": "line 1: expected each column once, got two label",
    "path,label\na.mp4,\n": "line 2: expected a path and a label, got 'a.mp4' and ''",
    "path,label\n\na.mp4\n": "line 3: expected a path and a label",
    "sep=;\npath;label\na.mp4\n": "line 3: expected a path and a label",
    "path,label\nwave, twice/a.mp4,wave\n": "line 2: expected 2 cells.*got 3; put quotes.*','",
    "path,label\n/etc/x.mp4,b\n": "line 2: expected a path below .*my set, got '/etc/x.mp4'",
    "path,label\nC:\\x.mp4,b\n": "line 2: expected a path below .*my set, got 'C:",
    "path,label\n../x.mp4,b\n": "line 2: expected a path below",
    "path,label,split\na.mp4,b,some\n": "line 2: expected split train, test or nothing, got 'some'",
    "path,label\né.mp4,b\n./é.mp4,c\n": r"line 3: é\.mp4 stands there twice, first in line 2",
    "path,label\nclip 0,b\nclip 1,b\n": "line 2: expected paths that start from .*such as "
    "flat/clip 0.mp4; got 'clip 0'",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items())
def test_what_is_not_plain_is_told_by_its_line(root: Path, text: str, said: str):
    with pytest.raises(UserError, match=rf"^sources\.clips\.folder\.labels: .*csv, {said}"):
        read(root, text)


def test_another_encoding_is_told_by_its_line(root: Path):
    with pytest.raises(UserError, match="line 2: expected UTF-8, got the byte 0xe9; save it"):
        read(root, "path,label\na.mp4,é\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        *(("Train", "train"), ("train_set", "train"), ("trainset", "train"), ("TRAINING", "train")),
        *(("dev", "test"), ("test-split", "test"), ("Val set", "test"), ("hold_out", "test")),
        *(("train2017", "train"), ("02-val", "test"), ("my_test", "test"), ("Test (new)", "test")),
        *(("trainval", "train"), ("videos_train", "train"), ("2nd", "")),
        *(("trains", ""), ("contest", ""), ("set", ""), ("", "")),
    ],
)
def test_names_of_splits(name: str, split: str):
    assert split_called(name) == split
