import base64
import inspect

import numpy as np
import pandas as pd
import pytest

from vidpipe.io import Folder, Metrics, Npz, Picture, Table, previews

FILM, PICTURE = b"a film", b"a picture"


def shown(tag, kind, content):
    return f"<{tag} " in content and f"data:{kind};base64," in content


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    (folder / "sheets").mkdir(parents=True)
    (folder / "samples.mp4").write_bytes(FILM)
    (folder / "samples.gif").write_bytes(PICTURE)
    (folder / "sheets/000010.png").write_bytes(b"first")
    (folder / "sheets/000020.png").write_bytes(b"last")
    return folder


@pytest.mark.parametrize("kind", [Folder, Metrics, Npz, Picture, Table])
def test_kedro_viz_tells_previews_apart_by_the_name_of_their_type(kind, tmp_path):
    annotation = inspect.signature(kind.preview).return_annotation
    assert annotation.__name__ in {"HTMLPreview", "TablePreview"}
    missing = kind(filepath=str(tmp_path / "nothing.png")).preview()
    assert "dvc repro" in str(missing)


def test_a_folder_of_samples_plays(samples):
    content = Folder(filepath=str(samples)).preview()
    assert content.startswith("<video autoplay loop muted playsinline")
    assert base64.b64encode(FILM).decode() in content


def test_a_film_that_is_too_large_gives_way_to_a_smaller_one(samples):
    (samples / "samples.mp4").write_bytes(bytes(previews.LARGEST + 1))
    assert shown("img", "image/gif", Folder(filepath=str(samples)).preview())


def test_a_folder_of_a_model_shows_its_last_sheet(samples):
    (samples / "samples.mp4").unlink()
    (samples / "samples.gif").unlink()
    assert base64.b64encode(b"last").decode() in Folder(filepath=str(samples)).preview()


def test_any_other_folder_lists_its_files_with_their_names_escaped(tmp_path):
    (tmp_path / "a<b>.csv").write_bytes(bytes(1234))
    assert "<li>a&lt;b&gt;.csv: 1,234 bytes</li>" in Folder(filepath=str(tmp_path)).preview()


def test_a_long_folder_is_cut(tmp_path):
    for n in range(previews.ROWS + 3):
        (tmp_path / f"{n:04d}").touch()
    content = Folder(filepath=str(tmp_path)).preview()
    assert content.count("<li>") == previews.ROWS
    assert "and 3 more" in content


def test_a_picture_is_in_the_page(tmp_path):
    (tmp_path / "a.png").write_bytes(PICTURE)
    assert shown("img", "image/png", Picture(filepath=str(tmp_path / "a.png")).preview())


def test_arrays_are_told_by_their_headers(tmp_path):
    data = Npz(filepath=str(tmp_path / "a.npz"))
    data.save({"frames": np.zeros((5, 4, 3), np.uint8), "fps": np.array(25.0)})
    table = data.preview()
    assert table["columns"] == ["array", "shape", "type"]
    assert table["data"] == [["frames", "5 × 4 × 3", "uint8"], ["fps", "", "float64"]]


def test_a_table_keeps_its_fields_as_they_are_written(tmp_path):
    data = Table(filepath=str(tmp_path / "a.csv"))
    data.save(pd.DataFrame({"label": ["001", ""], "n": [1, 2]}))
    table = data.preview()
    assert table["columns"] == ["label", "n"]
    assert table["data"] == [["001", "1"], ["", "2"]]
    assert table["index"] == [0, 1]


def test_scores_are_a_table(tmp_path):
    data = Metrics(filepath=str(tmp_path / "a.json"))
    data.save({"b": 2.0, "protocol": {"split": "train"}, "a": 1.5})
    assert data.preview()["data"] == [["a", 1.5], ["b", 2.0], ["protocol.split", "train"]]
