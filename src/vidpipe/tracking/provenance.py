"""Provenance of a result: the commit, and the device that computed it."""

import platform
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil


def device(setting: str) -> str:
    """Return the maker's name of the device that a `runtime.device` selects on this machine."""
    import torch  # noqa: PLC0415 (imported already by whatever asks for a device)

    cuda = setting != "cpu" and torch.cuda.is_available()
    return str(torch.cuda.get_device_name()) if cuda else f"cpu: {processor()}, caches {caches()}"


def git(folder: Path, *words: str) -> str:
    """Return git's output in a folder; an empty string without git or a repository."""
    try:
        result = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout.strip()


def repro_started() -> str:
    """Return the time at which the `dvc` that runs this stage was started; empty without one.

    All runs of a `dvc repro` share it.
    """
    for process in psutil.Process().parents():
        with suppress(psutil.Error):
            if any(Path(word).name == "dvc" for word in process.cmdline()[:2]):
                started = datetime.fromtimestamp(process.create_time(), tz=UTC)
                return started.strftime("%Y-%m-%d %H:%M:%S UTC")
    return ""


def caches(system: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> str:
    """Return the sizes of the data caches, by which oneDNN splits sums, unless limited to AVX."""
    levels = sorted(system.glob("index*"))
    data = [level for level in levels if (level / "type").read_text().strip() != "Instruction"]
    return "/".join((level / "size").read_text().strip() for level in data) or "unknown"


def processor() -> str:
    """Return the maker's name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
