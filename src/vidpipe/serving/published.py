"""Weights for others: an index, and a folder for each model with its weights and its card.

Layout of what is published: `index.json`, `<model>/generator.safetensors`, `<model>/card.md` and,
of a model that makes latents, `<model>/autoencoder.safetensors`.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vidpipe.data.download.resumable import Patience, check, download
from vidpipe.serving.store import FETCHED, NAMES, PREDICTOR, WEIGHTS
from vidpipe.training.weight_files import AUTOENCODER_WEIGHTS
from vidpipe.utils import hashing
from vidpipe.utils.atomic import move_folder, whole_file
from vidpipe.utils.errors import UserError

INDEX = "index.json"
CARD = "card.md"
AUTOENCODER = AUTOENCODER_WEIGHTS
FILES = (WEIGHTS, AUTOENCODER, CARD)  # nothing else is read or written
MAX_INDEX = 2**20  # bytes
MAX_FILE = 2**30


class Published(BaseModel):
    """A file of a model.

    Attributes:
        size: Bytes.
        sha256: Hash, in hex.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    size: Annotated[int, Field(gt=0, le=MAX_FILE)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Index(BaseModel):
    """Index of published models: files by model and name.

    Attributes:
        format: Version of this layout.
        models: Files by name, by model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    format: Literal[1]
    models: dict[Literal[NAMES], dict[Literal[FILES], Published]]  # type: ignore[valid-type]


def pack(sources: Mapping[str, Path], cards: Mapping[str, str], out: Path, *, half: bool) -> Index:
    """Write an archive of models: the same bytes for the same weights and cards.

    Args:
        sources: Folder of the weights by model.
        cards: Text of the card by model.
        out: Folder of the archive; folders of these models are replaced.
        half: Store numbers of 16 bits, half as large; of the encoder, which only trains, zeros.

    Raises:
        UserError: If weights are missing or wrong.
    """
    files: dict[str, dict[str, Any]] = {}
    out.mkdir(parents=True, exist_ok=True)
    for name, source in sorted(sources.items()):
        with TemporaryDirectory(dir=out) as temporary:
            folder = Path(temporary) / name
            folder.mkdir()
            for weights in (WEIGHTS, AUTOENCODER):
                if weights == WEIGHTS or (source / weights).is_file():
                    _copy(source / weights, folder / weights, half=half)
            (folder / CARD).write_text(cards[name], encoding="utf-8")
            _check_weights(name, folder)
            files[name] = {
                file.name: {"size": file.stat().st_size, "sha256": hashing.sha256(file)}
                for file in sorted(folder.iterdir())
            }
            move_folder(folder, out / name)
    index = Index.model_validate({"format": 1, "models": files})
    with whole_file(out / INDEX) as partial:
        text = json.dumps(index.model_dump(), indent=2, sort_keys=True)
        partial.write_text(f"{text}\n", encoding="utf-8")
    return index


def read_index(source: str) -> Index:
    """Read the index of a folder or address.

    Raises:
        UserError: If it cannot be got, or is no index.
    """
    with TemporaryDirectory() as temporary:
        file = Path(temporary) / INDEX
        _fetch(source, INDEX, file)
        if (size := file.stat().st_size) > MAX_INDEX:
            raise UserError(f"{_at(source, INDEX)}: expected an index, got {size:,} bytes")
        try:
            return Index.model_validate(json.loads(file.read_bytes()), strict=True)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise UserError(
                f"{_at(source, INDEX)}: expected an index of models, {where or 'it'} is not right: "
                f"{problem['msg']}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise UserError(
                f"{_at(source, INDEX)}: expected an index of models, not readable as JSON: {error}"
            ) from error


def get(model: str, source: str) -> Path:
    """Fetch a model into the project, checked; return its folder.

    Raises:
        UserError: If it is not published there, a file has another size or hash than the index
            says, or the weights are not of this model. What was there before stays.
    """
    files = read_index(source).models.get(model)
    if files is None or WEIGHTS not in files:
        raise UserError(f"{_at(source, INDEX)}: expected {model} with {WEIGHTS}, it has none")
    FETCHED.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=FETCHED.parent, prefix="models-") as temporary:
        folder = Path(temporary) / model
        folder.mkdir()
        for name, file in files.items():
            _fetch(source, f"{model}/{name}", folder / name, file)
        for leftover in folder.glob("*.lock"):
            leftover.unlink()
        _check_weights(model, folder)
        move_folder(folder, FETCHED / model)
    return FETCHED / model


def _at(source: str, name: str) -> str:
    return f"{source.rstrip('/')}/{name}"


def _fetch(source: str, name: str, target: Path, file: Published | None = None) -> None:
    """Get a file of what is published, from a folder or an address."""
    size, sha256 = (file.size, file.sha256) if file else (None, None)
    if "://" in source:
        patience = Patience(attempts=3)
        download(_at(source, name), target, size=size, sha256=sha256, patience=patience)
        return
    path = Path(source).expanduser() / name
    if not path.is_file():
        raise UserError(f"{path}: expected a file of `vidpipe models pack`, found none")
    if size is not None:
        check(path, size=size, sha256=None)  # before as much is copied
    shutil.copyfile(path, target)
    try:
        check(target, size=size, sha256=sha256)
    except UserError as error:
        raise UserError(str(error).replace(str(target), str(path))) from error


def _check_weights(model: str, folder: Path) -> None:
    """Build the model of the weights, so that they fit it: the files are of somebody else."""
    from vidpipe.models.autoencoder import Autoencoder  # noqa: PLC0415
    from vidpipe.models.pix2pix import make_generator  # noqa: PLC0415
    from vidpipe.serving.generation import network_module  # noqa: PLC0415
    from vidpipe.training.weights import build  # noqa: PLC0415

    build(
        make_generator if model == PREDICTOR else network_module(model).Generator, folder / WEIGHTS
    )
    if (folder / AUTOENCODER).is_file():
        build(Autoencoder, folder / AUTOENCODER)


def _copy(source: Path, target: Path, *, half: bool) -> None:
    """Copy weights, as they are or in 16 bits, those that only training needs as zeros."""
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    from vidpipe.training.weights import KEY, architecture  # noqa: PLC0415

    facts = architecture(source)  # fails with advice where there are no weights
    if not half:
        shutil.copyfile(source, target)
        return

    # Rounded to the nearest; whole numbers stay as they are. Zeros take no room in git or a wheel.
    rounded = {
        name: value.half() if value.is_floating_point() else value
        for name, value in load_file(source).items()
    }
    if facts.get("encoder"):  # that of a `CodedGenerator`
        for name, value in rounded.items():
            if name.startswith("encoder."):
                value.zero_()
    note = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    save_file(rounded, target, metadata={KEY: note})
