"""Where a result comes from: bytes, commit, and what computed it."""

import functools
import hashlib
import platform
import subprocess
from pathlib import Path


def md5(file: Path) -> str:
    """Hash of a file, as DVC writes it."""
    state = file.stat()
    return _md5(file, state.st_ino, state.st_mtime_ns, state.st_size)


@functools.cache
def _md5(file: Path, *state: int) -> str:
    """The hash of a file that has not changed since is remembered, as DVC does."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def device(chosen: str) -> str:
    """What `runtime.device` means on this machine, as its maker calls it."""
    import torch  # noqa: PLC0415 (whoever asks has imported it)

    cuda = chosen != "cpu" and torch.cuda.is_available()
    return str(torch.cuda.get_device_name()) if cuda else f"cpu: {processor()}, caches {caches()}"


def git(folder: Path, *words: str) -> str:
    """What git says there; nothing where there is no git, or no repository."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def caches(system: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> str:
    """Sizes of the processor's data caches: by them oneDNN cuts sums, unless it is held to AVX."""
    levels = sorted(system.glob("index*"))
    data = [level for level in levels if (level / "type").read_text().strip() != "Instruction"]
    return "/".join((level / "size").read_text().strip() for level in data) or "unknown"


def processor() -> str:
    """What this machine computes with, as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
