"""What this machine can promise of a revision's results, and what it lacks for that."""

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from vidpipe.config.loader import FILE, read
from vidpipe.tracking.provenance import caches
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.errors import UserError

REQUIREMENTS = "requirements.lock"
STARTS = re.compile(r"\w").match  # a line that names a package
BESIDE = re.compile(r"\s+(?:#|--|\\)")  # what pip-compile writes behind it: comments, hashes
ORIGIN = re.compile(r"^Made on: (?P<kind>.+?)(?: \(.*\))?$", re.MULTILINE)
RESULTS = "docs/results.md"


@dataclass(frozen=True)
class Machine:
    """What numbers depend on where bits are promised for one kind of machine.

    Attributes:
        device: `cpu`, or the name of the GPU.
        capability: Instructions that torch uses on the processor.
        caches: Their sizes, from the first level on.
        torch: Version and build.
        threads: Of torch.
        processor: For people; nothing depends on it.
    """

    device: str
    capability: str
    caches: str
    torch: str
    threads: int
    processor: str

    @property
    def kind(self) -> str:
        """All that numbers depend on."""
        processor = f"{self.device}, {self.capability}, caches {self.caches}"
        return f"{processor}, torch {self.torch}, {self.threads} threads"

    def __str__(self) -> str:
        return f"{self.kind} ({self.processor})"


def runtime(project: Path) -> dict[str, Any]:
    """The block `runtime` of a revision's params.yaml.

    Raises:
        UserError: If the revision is older than what it promises by.
    """
    block: dict[str, Any] = read(project / FILE).get("runtime") or {}
    for key in ("determinism", "device", "threads"):
        if key not in block:
            raise UserError(
                f"{FILE} of this revision has no runtime.{key}, so nobody knows what was promised; "
                "take a later one, or check its data alone, with --pull"
            )
    return block


def this_machine(runtime: Mapping[str, Any]) -> Machine:
    """This machine, as a revision's block `runtime` of params.yaml uses it."""
    pin_instructions(runtime["determinism"])
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    cuda = runtime["device"] != "cpu" and torch.cuda.is_available()
    return Machine(
        device=torch.cuda.get_device_name() if cuda else "cpu",
        capability=torch.backends.cpu.get_cpu_capability(),
        caches=caches(),
        torch=torch.__version__,
        threads=runtime["threads"],
        processor=_cpuinfo().get("model name", platform.machine()),
    )


def differing(project: Path) -> Iterator[str]:
    """The packages that are not those of the revision's lock file, a line each."""
    file = project / REQUIREMENTS
    if not file.is_file():
        yield f"{REQUIREMENTS}: not in this revision, so nobody knows its packages"
        return
    lines = file.read_text(encoding="utf-8").splitlines()
    for wish in map(_requirement, filter(STARTS, lines)):
        if wish.marker is None or wish.marker.evaluate():
            got = _version(wish.name)
            if not got or not wish.specifier.contains(got, prereleases=True):
                expected = str(wish.specifier).removeprefix("==")
                yield f"{wish.name}: expected {expected}, got {got or 'none'}"


def lacking(project: Path, runtime: Mapping[str, Any], machine: Machine) -> Iterator[str]:
    """Why this machine cannot promise the bits of a revision, a line each; nothing if it can."""
    if runtime["determinism"] == "portable":
        if platform.machine() != "x86_64":
            yield f"processor: `portable` expects x86_64, got {platform.machine()}"
        elif "avx2" not in _cpuinfo().get("flags", "").split():
            yield f"processor: `portable` expects AVX2, {machine.processor} has none"
        return
    results = project / RESULTS
    made = ORIGIN.search(results.read_text(encoding="utf-8")) if results.is_file() else None
    if made is None:
        yield (
            f"machine: {RESULTS} of this revision has no line `Made on: ...`, so nobody knows "
            "which machine `determinism: machine` holds for"
        )
    elif made["kind"] != machine.kind:
        yield f"machine: expected {made['kind']}, got {machine.kind}"


def _requirement(line: str) -> Requirement:
    try:
        return Requirement(BESIDE.split(line)[0])
    except InvalidRequirement as error:
        raise UserError(
            f"{REQUIREMENTS} of this revision: expected a package on each line, got {line!r}"
        ) from error


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _cpuinfo() -> dict[str, str]:
    """What Linux says of the first processor."""
    file = Path("/proc/cpuinfo")
    first = file.read_text(encoding="utf-8").split("\n\n")[0] if file.is_file() else ""
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
