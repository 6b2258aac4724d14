"""Checks of this platform: whether it guarantees the recorded bits of a revision."""

import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from vidpipe.config.loader import FILE, read
from vidpipe.tracking.provenance import caches, processor
from vidpipe.training.runtime import pin_instructions
from vidpipe.utils.errors import UserError

CPUINFO = Path("/proc/cpuinfo")
REQUIREMENTS = "requirements.lock"
# pip-compile writes comments, hashes and a backslash behind a package, and options on other lines.
PACKAGE = re.compile(r"(?P<requirement>\w.*?)(?:\s+(?:#|--|\\).*)?")
RESULTS = "docs/results.md"
ORIGIN = re.compile(r"^Made on: (?P<kind>.+?)(?: \(.*\))?$", re.MULTILINE)


@dataclass(frozen=True)
class Platform:
    """Properties of a machine that numbers depend on at `determinism: machine`.

    Attributes:
        device: `cpu`, or the name of the GPU.
        capability: Instruction set that torch uses on the processor.
        caches: Sizes of the processor's caches, from the first level on.
        torch: Version and build.
        threads: Threads of torch.
        processor: Name of the processor, for people; nothing depends on it.
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
    """Return the block `runtime` of a revision's params.yaml.

    Raises:
        UserError: If the revision is older than one of its keys.
    """
    block: dict[str, Any] = read(project / FILE).get("runtime") or {}
    for key in ("determinism", "device", "threads"):
        if key not in block:
            raise UserError(
                f"{FILE} of this revision has no runtime.{key}, so nobody knows what was promised; "
                "take a later one, or check its data alone, with --pull"
            )
    return block


def this_platform(runtime: Mapping[str, Any]) -> Platform:
    """Describe this machine as a block `runtime` of params.yaml uses it."""
    pin_instructions(runtime["determinism"])
    import torch  # noqa: PLC0415 (after the instruction set is pinned)

    cuda = runtime["device"] != "cpu" and torch.cuda.is_available()
    return Platform(
        device=torch.cuda.get_device_name() if cuda else "cpu",
        capability=torch.backends.cpu.get_cpu_capability(),
        caches=caches(),
        torch=torch.__version__,
        threads=runtime["threads"],
        processor=processor(),
    )


def package_mismatches(project: Path) -> Iterator[str]:
    """Yield a line for each package that is not that of the revision's lock file."""
    file = project / REQUIREMENTS
    if not file.is_file():
        yield f"{REQUIREMENTS}: not in this revision, so nobody knows its packages"
        return
    # A package whose marker excludes this Python or system need not be there.
    lines = file.read_text(encoding="utf-8").splitlines()
    for line in filter(None, map(PACKAGE.fullmatch, lines)):
        try:
            package = Requirement(line["requirement"])
        except InvalidRequirement as error:
            raise UserError(
                f"{REQUIREMENTS} of this revision: expected a package on each line, got {line[0]!r}"
            ) from error
        if package.marker is None or package.marker.evaluate():
            version = next((d.version for d in metadata.distributions(name=package.name)), None)
            if not version or not package.specifier.contains(version, prereleases=True):
                expected = str(package.specifier).removeprefix("==")
                yield f"{package.name}: expected {expected}, got {version or 'none'}"


def platform_mismatches(
    project: Path, runtime: Mapping[str, Any], current: Platform
) -> Iterator[str]:
    """Yield a line for each reason why this platform does not guarantee a revision's bits."""
    if runtime["determinism"] == "portable":
        if platform.machine() != "x86_64":
            yield f"processor: `portable` expects x86_64, got {platform.machine()}"
        elif not CPUINFO.is_file() or "avx2" not in CPUINFO.read_text(encoding="utf-8").split():
            yield f"processor: `portable` expects AVX2, {current.processor} has none"
        return
    # At `machine`, bits hold for the kind of machine that the revision's results name.
    results = project / RESULTS
    origin = ORIGIN.search(results.read_text(encoding="utf-8")) if results.is_file() else None
    if origin is None:
        yield (
            f"machine: {RESULTS} of this revision has no line `Made on: ...`, so nobody knows "
            "which machine `determinism: machine` holds for"
        )
    elif origin["kind"] != current.kind:
        yield f"machine: expected {origin['kind']}, got {current.kind}"
